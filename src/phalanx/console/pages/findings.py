"""What a scan found besides campaigns, and what it could not judge."""

from __future__ import annotations

from dataclasses import dataclass

from phalanx.console.desk import Asked
from phalanx.console.pages.page import Page, Shown
from phalanx.console.pages.scan_lines import ScanLine, chosen_scan, scan_line
from phalanx.formats.groups import KINDS
from phalanx.formats.reasons import by_reason
from phalanx.model import (
    AuthorisedGroup,
    MixedAccount,
    NotJudged,
    SuspiciousParty,
    UndeclaredPool,
)

MOST_NOT_JUDGED = 200
"""That are listed; `not_judged` of `campaigns.json` holds all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """A judged group in a list."""

    group_id: str
    kind: str
    accounts: int
    parties: int
    exchanges: int
    log10_e_apart: float
    log10_e_honest: float
    use_examined: bool
    grants: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What stands beside the campaigns of a scan."""

    scan: ScanLine | None
    scans: tuple[ScanLine, ...]
    pools: tuple[GroupLine, ...]
    parties: tuple[GroupLine, ...]
    authorised: tuple[GroupLine, ...]
    mixed_accounts: tuple[MixedAccount, ...]
    not_judged: tuple[NotJudged, ...]
    """The first ones."""

    not_judged_in_all: int


def findings(asked: Asked) -> Shown:
    """Look up what stands beside the campaigns."""
    scan = chosen_scan(asked)
    scans = tuple(map(scan_line, asked.desk.scans.all()[0]))
    if scan is None:
        return Shown(
            Findings(
                scan=None, scans=scans, pools=(), parties=(), authorised=(), mixed_accounts=(),
                not_judged=(), not_judged_in_all=0,
            )
        )  # fmt: skip
    result = scan.result
    data = Findings(
        scan=scan_line(scan),
        scans=scans,
        pools=tuple(_line(each.group_id, each) for each in result.undeclared_pools),
        parties=tuple(_line(each.party_id, each) for each in result.suspicious_parties),
        authorised=tuple(_line(each.group_id, each, each.grant_ids) for each in result.authorised),
        mixed_accounts=result.mixed_accounts,
        not_judged=result.not_judged[:MOST_NOT_JUDGED],
        not_judged_in_all=len(result.not_judged),
    )
    more = {"reasons": by_reason(result.not_judged), "charts": scan.charts, "result": result}
    return Shown(data, more)


def _line(
    name: str,
    group: AuthorisedGroup | UndeclaredPool | SuspiciousParty,
    grants: tuple[str, ...] = (),
) -> GroupLine:
    return GroupLine(
        group_id=name,
        kind=KINDS[type(group)],
        accounts=len(group.facts.members),
        parties=group.facts.parties,
        exchanges=group.facts.exchanges,
        log10_e_apart=group.judgement.log10_e_apart,
        log10_e_honest=group.judgement.log10_e_honest,
        use_examined=group.judgement.use_examined,
        grants=grants,
    )


PAGES = (
    Page(
        path="/findings",
        template="findings_page.html.j2",
        view=findings,
        summary="Pools, parties, authorised groups and what a scan could not judge (`?scan=`)",
    ),
)

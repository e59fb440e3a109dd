"""On which list of a scan one account stands, and on what evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from phalanx.detect.appeals.docket import Docket, strongest_source
from phalanx.detect.appeals.result import CountedEvidence, ListName, Placing, Weight
from phalanx.detect.appeals.tables import AccountRow
from phalanx.detect.result import ScanResult
from phalanx.model import Evidence, GroupFacts, Judgement, NotJudged

USE_RULE = "PHX-D020"
"""The rule that speaks of use; all others are links."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An account in a list of groups that were judged."""

    list_name: ListName
    group_id: str | None
    facts: GroupFacts
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Undecided:
    """An account in a group that was not judged."""

    group: NotJudged


Found = Judged | Undecided


def find(result: ScanResult, account_id: str) -> tuple[Found, ...]:
    """Return every place of an account in the lists, the gravest first.

    Parameters:
        result: A scan.
        account_id: As it stands there.
    """
    judged = [
        found
        for found in _judged(result)
        if any(member.account_id == account_id for member in found.facts.members)
    ]
    undecided = [group for group in result.not_judged if account_id in group.accounts]
    undecided.sort(key=lambda group: (-group.log10_e_apart, group.group_id))
    return (*judged, *map(Undecided, undecided))


def _judged(result: ScanResult) -> Iterator[Judged]:
    for campaign in result.campaigns:
        yield Judged("campaign", campaign.campaign_id, campaign.facts, campaign.judgement)
    for group in result.authorised:
        yield Judged("authorised", group.group_id, group.facts, group.judgement)
    for pool in result.undeclared_pools:
        yield Judged("undeclared_pool", pool.group_id, pool.facts, pool.judgement)
    for party in result.suspicious_parties:
        # Its identifier is the name of its owner, whom other accounts may have too.
        yield Judged("suspicious_party", None, party.facts, party.judgement)


def placing_of(places: tuple[Found, ...], row: AccountRow, docket: Docket) -> Placing:
    """Say on what list an account stands, and what evidence that list required.

    Parameters:
        places: Every place of it in the lists, the gravest first.
        row: The account.
        docket: All groups of the scan.
    """
    match places:
        case (Judged() as first, *rest):
            placing = _among_judged(first, row, docket, tuple(rest))
        case (Undecided(group), *_):
            placing = Placing(
                list_name="not_judged",
                also=(),
                group_id=group.group_id,
                accounts=len(group.accounts),
                log10_e_apart=group.log10_e_apart if group.apart_examined else None,
                log10_e_honest=group.log10_e_honest if group.use_examined else None,
                reason=group.reason,
            )
        case _:
            placing = Placing(list_name="none", also=())
    return placing


def _among_judged(
    found: Judged, row: AccountRow, docket: Docket, others: tuple[Found, ...]
) -> Placing:
    judgement = found.judgement
    member = next(one for one in found.facts.members if one.account_id == row.account_id)
    alone = found.list_name == "suspicious_party"
    apart, tested = None, 1
    if judgement.track is not None:
        levels = docket.levels(judgement.track)
        apart = levels[1] if found.list_name == "undeclared_pool" else levels[0]
        tested = docket.last_look(judgement.track).parties
    elsewhere = {other.list_name for other in others if isinstance(other, Judged)}
    return Placing(
        list_name=found.list_name,
        also=tuple(sorted(elsewhere - {found.list_name})),
        group_id=found.group_id,
        accounts=len(found.facts.members),
        tested_parties=tested,
        role=member.role,
        confidence=None if alone else member.confidence,
        log10_e_apart=None if alone else judgement.log10_e_apart,
        log10_e_honest=judgement.log10_e_honest if judgement.use_examined else None,
        level_apart_log10_e=apart,
        level_honest_log10_e=judgement.threshold_log10_e if judgement.use_examined else None,
        formed_at=judgement.formed_at,
        discovered_at=judgement.discovered_at,
    )


def evidence_of(found: Judged, docket: Docket) -> tuple[CountedEvidence, ...]:
    """Return the lines of evidence on a group, with what each did in the judgement.

    Parameters:
        found: A listed group.
        docket: All groups of the scan.
    """
    track = found.judgement.track
    said = () if track is None else docket.last_look(track).log10_e_of_rules
    strongest = strongest_source(tuple(said))
    return tuple(
        CountedEvidence(
            rule_id=line.rule_id,
            name=line.name,
            source=line.family,
            log10_e=line.log10_e,
            weight=_weight(line, found.list_name, strongest),
            observation=line.observation,
            sample_size=line.sample_size,
            reference_size=line.reference_size,
            null_hypothesis=line.null_hypothesis,
            assumptions=line.assumptions,
        )
        for line in found.judgement.evidence
    )


def _weight(line: Evidence, list_name: ListName, strongest: str | None) -> Weight:
    if not line.decisive:
        return "context"
    if line.rule_id == USE_RULE:
        return "did not suffice" if list_name == "undeclared_pool" else "counted"
    return "left out, strongest source" if line.family == strongest else "counted"

"""Pooling: what each saw too little of, put together under blinded marks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.cli.demo_full.acts import record
from phalanx.cli.demo_full.alliance import Alliance
from phalanx.cli.demo_full.chapter import Chapter, write_json
from phalanx.cli.demo_full.places import Places, Provider
from phalanx.cli.share_pool_kept import kept_path
from phalanx.cli.share_pool_member import Sent, Submission, ToldMark, submitted, told_marks
from phalanx.cli.share_pool_options import MemberOptions
from phalanx.cli.share_pool_work import existing_pool
from phalanx.detect.alliance.mark_file import MARK_SCHEMA
from phalanx.formats.notation import plural
from phalanx.owned import written_whole
from phalanx.share.blinding.carriers import Mark, read_identifiers
from phalanx.share.exchange.settings import load_settings
from phalanx.share.pool import Evaluation, Round, Rule, add_round, evaluate

ROUND = "demo-1"
_SLOTS = 1_024
_OPEN_FOR = timedelta(seconds=30)
"""Both must have submitted by then, on a busy machine too; nobody may evaluate before."""


def pool_evidence(places: Places, alliance: Alliance) -> Chapter:
    """Hold a round of the pool, and write what each member is told as marks for its next scan.

    Parameters:
        places: With scans for the pool.
        alliance: That runs.
    """
    closes_at = datetime.now(UTC) + _OPEN_FOR
    pool = str(places.operator / "pool.db")
    round_ = Round(name=ROUND, epoch=alliance.epoch, closes_at=closes_at, slots=_SLOTS, rule=Rule())
    with existing_pool(pool) as database, database.write() as connection:
        add_round(connection, round_)
    sent = {each: _submit(each, alliance) for each in places.providers}
    while datetime.now(UTC) < closes_at:
        time.sleep(0.1)
    with existing_pool(pool) as database:
        done = evaluate(database, ROUND, datetime.now(UTC))
    told = {each: _told(each, alliance) for each in places.providers}
    return Chapter(
        title="The pool puts blinded evidence of both together",
        lines=_lines(sent, done, told),
        artefacts=tuple(each.told_marks for each in places.providers),
        commands=(
            f"phalanx share pool submit SCAN --round {ROUND}",
            f"phalanx share pool evaluate {ROUND}",
            f"phalanx share pool report SCAN --round {ROUND}",
        ),
        lacks="" if any(told.values()) else "the pool tells nobody anything",
    )


def marks_of(
    told: Sequence[ToldMark], carriers: Mapping[str, frozenset[Mark]], round_name: str
) -> pa.Table:
    """Return what was told as marks that a scan takes.

    Told marks that one account carries together are of one campaign: more than that the pool does
    not say.

    Parameters:
        told: Marks of the member that are told.
        carriers: Account, as in the log -> what it carries.
        round_name: After which campaigns are named.

    Returns:
        Columns as `phalanx share match` writes them.
    """
    wanted = {(each.kind, each.value) for each in told}
    carried = {account: sorted(marks & wanted) for account, marks in carriers.items()}
    campaign: dict[Mark, Mark] = {mark: mark for mark in wanted}
    for marks in carried.values():
        for other in marks[1:]:
            first, second = _root(campaign, marks[0]), _root(campaign, other)
            campaign[max(first, second)] = min(first, second)
    roots = sorted({_root(campaign, mark) for mark in wanted})
    names = {root: f"pool-{round_name}-{number}" for number, root in enumerate(roots, 1)}
    rows = sorted(
        {
            (account, names[_root(campaign, mark)], mark[0])
            for account, marks in carried.items()
            for mark in marks
        }
    )
    said = [dict(zip(("account_id", "campaign", "kind"), row, strict=True)) for row in rows]
    return pa.Table.from_pylist([row | {"matches": 1} for row in said], schema=MARK_SCHEMA)


def _root(campaign: Mapping[Mark, Mark], mark: Mark) -> Mark:
    while campaign[mark] != mark:
        mark = campaign[mark]
    return mark


def _options(provider: Provider, alliance: Alliance) -> MemberOptions:
    return MemberOptions(hub=f"{alliance.hub}/", api_key=provider.folder / "hub-api.key")


def _submit(provider: Provider, alliance: Alliance) -> Sent:
    what = Submission(
        scan_folder=provider.scan_early,
        round_name=ROUND,
        identifiers=provider.identifiers,
        member=provider.name,
        signing_key=provider.folder / "pool.key",
        scan_key=provider.pseudonym_key,
        settings=load_settings(provider.alliance),
    )
    key_server = (alliance.keys, provider.folder / "keys-api.key", alliance.commitment)
    sent = submitted(what, _options(provider, alliance), key_server)
    record(
        provider, "disclosure", "analyst", f"round {ROUND} of the pool",
        kept_path(provider.scan_early, ROUND), marks=sent.findings, entries=sent.slots,
    )  # fmt: skip
    return sent


def _told(provider: Provider, alliance: Alliance) -> list[ToldMark]:
    found, _ = told_marks(provider.scan_early, ROUND, _options(provider, alliance))
    table = marks_of(found, read_identifiers(provider.identifiers).by_account(), ROUND)
    with written_whole(provider.told_marks) as aside:
        pq.write_table(table, aside)
    write_json(
        provider.folder / "told.json",
        [{"kind": each.kind, "accounts": len(each.accounts)} for each in found],
    )
    record(
        provider, "receipt", "pool", f"round {ROUND} of the pool", provider.told_marks,
        marks=len(found),
    )  # fmt: skip
    return found


def _lines(
    sent: Mapping[Provider, Sent], done: Evaluation, told: Mapping[Provider, Sequence[ToldMark]]
) -> tuple[str, ...]:
    lines = [
        f"{each.name}: sent {plural(said.findings, 'blinded mark')} in {said.slots:,} entries; no "
        "account, no number and no log left"
        for each, said in sent.items()
    ]
    lines.append(
        f"of {done.tokens:,} marks {done.common:,} are known to both; the evidence of "
        f"{done.told:,} passes together, at a false discovery rate of 1%"
    )
    lines += [
        f"{each.name}: is told of {plural(len(marks), 'mark')} of its own, on "
        f"{plural(len({account for mark in marks for account in mark.accounts}), 'account')}"
        for each, marks in told.items()
    ]
    return tuple(lines)

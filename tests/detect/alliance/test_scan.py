"""A scan with marks: who carries them is said, the evidence stays that of the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from phalanx.detect import ScanConfig, ScanResult, appeal, scan
from phalanx.detect.alliance.mark_file import SharedMarks
from phalanx.errors import ConfigError
from phalanx.formats.appeal_text import render as render_appeal
from phalanx.formats.html import render as render_report
from phalanx.formats.json import render
from phalanx.formats.marks_wording import marks_summary
from phalanx.formats.table import render as render_table
from phalanx.logs.pseudonym import pseudonym

KEY = b"k" * 32
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SHARED = "campaign--0b8d4f6e-7f5c-4a3e-9d53-3a1f0c6e0a11"

Table = Callable[..., pa.Table]


def settings_of(marks: pa.Table | None, **more: Any) -> ScanConfig:
    """Return the settings of these scans."""
    options: dict[str, Any] = {
        "false_discovery_rate": 0.1,
        "threads": 1,
        "pseudonym_key": KEY,
        "now": NOW,
        "alliance": None if marks is None else SharedMarks(marks),
    }
    return ScanConfig(**options | more)


@pytest.fixture(scope="module")
def marks(naive: Any, mark_table: Table) -> pa.Table:
    """Return marks on a quarter of a campaign, and on one honest account."""
    listed = sorted(naive.members())[:15]
    honest = min(a for a, label in naive.campaign_of.items() if not label)
    return mark_table([(account, SHARED, "phone") for account in [*listed, honest]])


@pytest.fixture(scope="module")
def marked(naive: Any, marks: pa.Table) -> ScanResult:
    """Return the scan with marks."""
    return scan(naive.exchanges, settings_of(marks))


@pytest.fixture(scope="module")
def plain(naive: Any) -> ScanResult:
    """Return the scan without marks."""
    return scan(naive.exchanges, settings_of(None))


def test_says_which_accounts_carry_marks(marked: ScanResult, naive: Any) -> None:
    """The campaign names its marked accounts and the shared campaign, under pseudonyms."""
    (campaign,) = marked.campaigns
    (found,) = campaign.facts.marks
    assert (found.campaign, found.accounts, found.kinds) == (SHARED, 15, {"phone": 15})
    assert found.accounts_of_log == 16
    listed = {member.account_id for member in campaign.facts.members if member.marks}
    assert listed == {pseudonym(KEY, "account_id", a) for a in sorted(naive.members())[:15]}
    assert "15 of 60 accounts carry a mark" in " ".join(render_table(marked).split())


def test_evidence_stays_that_of_the_log(marked: ScanResult, plain: ScanResult) -> None:
    """The campaign is the same with the same evidence; no rule of it is the mark's."""
    (with_marks,), (without,) = marked.campaigns, plain.campaigns
    assert {m.account_id for m in with_marks.facts.members} == {
        m.account_id for m in without.facts.members
    }
    assert all(line.rule_id != "PHX-D014" for line in with_marks.judgement.evidence)
    level = with_marks.judgement.threshold_without_marks_log10_e
    assert level is None or level == pytest.approx(without.judgement.threshold_log10_e)


def test_says_what_marks_did(marked: ScanResult, plain: ScanResult) -> None:
    """The scan counts marks, accounts and groups; without a file it says nothing of them."""
    said = marks_summary(marked)
    assert said.startswith("16 marks of other providers matched 16 accounts; they formed ")
    assert said in " ".join(render_table(marked).split())
    assert said in render_report(marked)
    assert marks_summary(plain) == ""


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (0, "weighed none that was formed without them"),
        (1, "weighed 1 group that was formed without them"),
        (5, "weighed 5 groups that were formed without them"),
    ],
)
def test_one_group_was_and_several_were(marked: ScanResult, groups: int, said: str) -> None:
    """The count of groups agrees with its verb."""
    looks = pa.Table.from_pylist(
        [{"track": f"t{n}", "route": "link", "marks": True} for n in range(groups)],
        schema=pa.schema([("track", pa.string()), ("route", pa.string()), ("marks", pa.bool_())]),
    )
    assert said in marks_summary(replace(marked, looks=looks))


def test_says_that_marks_formed_nothing(naive: Any, mark_table: Table) -> None:
    """One mark forms no group, a mark of a stranger none at all; and the comparison stays."""
    one = min(a for a, label in naive.campaign_of.items() if not label)
    alone = scan(naive.exchanges, settings_of(mark_table([(one, SHARED, "phone")])))
    assert "1 mark of other providers matched 1 account; they formed no group" in marks_summary(
        alone
    )
    strangers = scan(naive.exchanges, settings_of(mark_table([("nobody", SHARED, "phone")])))
    assert "no account of this log carries one" in marks_summary(strangers)


def test_who_is_marked_stays_in_the_reference(
    naive: Any, mark_table: Table, plain: ScanResult
) -> None:
    """Marks on honest accounts leave nobody out of the comparison: no list chooses it."""
    honest = sorted(a for a, label in naive.campaign_of.items() if not label)[::40]
    rows = [(account, f"campaign--{i}", "phone") for i, account in enumerate(honest)]
    found = scan(naive.exchanges, settings_of(mark_table(rows)))
    assert found.population.reference_parties == plain.population.reference_parties
    assert [each.judgement.log10_e_honest for each in found.campaigns] == [
        each.judgement.log10_e_honest for each in plain.campaigns
    ]


def test_links_and_tables_name_marks(marked: ScanResult, plain: ScanResult) -> None:
    """`links.parquet` has the chain of carriers, `accounts.parquet` each mark."""
    links = marked.links.filter(pc.equal(marked.links["rule_id"], "PHX-D014"))
    assert links.num_rows == 14
    assert links["value"].unique().to_pylist() == [SHARED]
    assert pc.sum(pc.list_value_length(marked.accounts["marks"])).as_py() == 16
    assert pc.sum(pc.list_value_length(plain.accounts["marks"])).as_py() == 0
    assert marked.looks["marks"].null_count < plain.looks["marks"].null_count == len(plain.looks)


def test_signal_is_on_with_marks_only(marked: ScanResult, plain: ScanResult) -> None:
    """Without a file the report says what to give."""
    on, off = (
        next(signal for signal in result.signals if signal.rule_id == "PHX-D014")
        for result in (marked, plain)
    )
    assert (on.enabled, off.enabled) == (True, False)
    assert "--alliance" in off.reason


def test_appeal_says_marks_and_what_would_be_without_them(marked: ScanResult, naive: Any) -> None:
    """The page names marks, says that they are no evidence, and draws the lists without them."""
    account = pseudonym(KEY, "account_id", min(naive.members()))
    page = appeal(marked, account)
    (mark,) = page.seen.marks
    assert (mark.campaign, mark.kind, mark.others) == (SHARED, "phone", 15)
    assert page.recomputed
    recorded = page.recomputed.as_recorded
    assert recorded.listed_as == "campaign"
    assert recorded.log10_e_apart == pytest.approx(marked.campaigns[0].judgement.log10_e_apart)
    without = next(c for c in page.recomputed.without_link if c.removed == ("PHX-D014",))
    assert without.log10_e_apart == pytest.approx(recorded.log10_e_apart)
    assert "Marks are no evidence" in render_appeal(page)


def same(found: ScanResult, expected: ScanResult) -> bool:
    """Say whether two scans conclude the same."""
    documents = [json.loads(render(result)) for result in (found, expected)]
    for document in documents:
        del document["run"]
    return bool(
        documents[0] == documents[1]
        and found.looks.equals(expected.looks)
        and found.accounts.equals(expected.accounts)
    )


def test_daily_scans_find_what_one_scan_finds(
    small: Any, mark_table: Table, tmp_path: Path
) -> None:
    """With the same marks, scans day by day conclude what one scan of all days does."""
    table = mark_table([(account, "x", "email") for account in sorted(small.members())[:8]])
    at = small.exchanges["timestamp"]
    noon = pa.scalar(datetime(2026, 3, 4, tzinfo=UTC), at.type)
    parts = [small.exchanges.filter(pc.less(at, noon))]
    parts.append(small.exchanges.filter(pc.greater_equal(at, noon)))
    config = settings_of(table, store=str(tmp_path / "days.store"), since="last")
    results = [scan(part, config) for part in parts]
    assert same(results[-1], scan(small.exchanges, settings_of(table)))
    assert any(route == "mark" for route in results[-1].looks["route"].to_pylist())


@pytest.fixture
def days(small: Any) -> list[pa.Table]:
    """Return a log in three parts."""
    at = small.exchanges["timestamp"]
    cuts = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=day) for day in (0, 2, 3, 9)]
    return [
        small.exchanges.filter(
            pc.and_(
                pc.greater_equal(at, pa.scalar(first, at.type)),
                pc.less(at, pa.scalar(last, at.type)),
            )
        )
        for first, last in pairwise(cuts)
    ]


def groups_by_marks(result: ScanResult) -> dict[int, Any]:
    """Return what `looks.parquet` says that marks said of each group."""
    return dict(
        zip(result.looks["track"].to_pylist(), result.looks["marks"].to_pylist(), strict=True)
    )


def test_a_later_list_changes_nothing_of_groups_that_were_open(
    small: Any, days: list[pa.Table], mark_table: Table, tmp_path: Path
) -> None:
    """Each group keeps what marks said of it when it was opened, whatever is listed then."""
    everybody = sorted(set(small.exchanges["account_id"].to_pylist()))
    lists = [
        mark_table([(a, name, "email") for a in listed])
        for name, listed in (("x", sorted(small.members())[:8]), ("y", everybody[::3]), ("z", []))
    ]
    store: dict[str, Any] = {"store": str(tmp_path / "days.store"), "since": "last"}
    results = [
        scan(part, settings_of(table, **store)) for part, table in zip(days, lists, strict=True)
    ]
    of_scans = [groups_by_marks(result) for result in results]
    assert any(of_scans[0].values())
    assert any(said["campaign"] == "y" for said in of_scans[1].values() if said)
    for before, after in pairwise(of_scans):
        assert before.items() <= after.items()
        opened_later = after.keys() - before.keys()
        assert all(said is None or said["campaign"] != "x" for said in map(after.get, opened_later))
    assert not any(of_scans[2][track] for track in of_scans[2].keys() - of_scans[1].keys())


def test_marks_may_change_from_scan_to_scan_but_not_come_or_go(
    small: Any, days: list[pa.Table], mark_table: Table, tmp_path: Path
) -> None:
    """Another list is taken; a store that was kept with marks is not continued without."""
    store: dict[str, Any] = {"store": str(tmp_path / "days.store"), "since": "last"}
    one = mark_table([(account, "x", "email") for account in sorted(small.members())[:8]])
    scan(days[0], settings_of(one, **store))
    scan(days[1], settings_of(mark_table([]), **store))
    with pytest.raises(ConfigError, match="alliance was given and is none"):
        scan(days[2], settings_of(None, **store))

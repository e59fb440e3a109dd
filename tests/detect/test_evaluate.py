"""Measuring a scan against labels."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.cli.evaluation_view import sentences
from phalanx.detect.evaluate import Evaluation, evaluate
from phalanx.detect.result import Population, RunRecord, ScanResult
from phalanx.errors import InputError
from phalanx.evidence.intervals import clopper_pearson_upper
from phalanx.logs.pseudonym import pseudonym
from phalanx.model import Campaign, GroupFacts, Harm, Judgement

ENDS = tuple(datetime(2026, 3, 2, 6, tzinfo=UTC) + timedelta(hours=6 * at) for at in range(4))
"""When each of four steps was over."""
KEY = bytes(range(32))


def write_scan(
    folder: Path,
    reported: Mapping[str, str | None],
    discovered_at: Mapping[str, datetime | None],
    exchanges: Sequence[int] = (1, 2, 3, 4),
    pools: Mapping[str, str] | None = None,
) -> Path:
    """Write what a scan leaves, as far as an evaluation reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            "account_id": pa.array(list(reported), pa.string()),
            "campaign_id": pa.array(list(reported.values()), pa.string()),
            "step_exchanges": pa.array([list(exchanges)] * len(reported), pa.list_(pa.int32())),
        }
    )
    pq.write_table(table, folder / "accounts.parquet")
    document = {
        "population": {"step_ends": [end.isoformat() for end in ENDS]},
        "campaigns": [
            {
                "campaign_id": name,
                "judgement": {"discovered_at": None if end is None else end.isoformat()},
            }
            for name, end in discovered_at.items()
        ],
        "undeclared_pools": [
            {"group_id": pool, "facts": {"members": [{"account_id": account}]}}
            for account, pool in (pools or {}).items()
        ],
    }
    (folder / "campaigns.json").write_text(json.dumps(document))
    return folder


def labels_of(
    named: Mapping[str, str | None], classes: Mapping[str, str] | None = None
) -> pa.Table:
    """Return labels; honest accounts chat unless said otherwise."""
    classes = classes or {}
    return pa.table(
        {
            "account_id": pa.array(list(named), pa.string()),
            "campaign": pa.array(list(named.values()), pa.string()),
            "traffic_class": pa.array(
                [classes.get(a, "chat" if name is None else "reasoning") for a, name in
                 named.items()],
                pa.string(),
            ),
        }
    )  # fmt: skip


def people(prefix: str, size: int) -> list[str]:
    """Name some accounts."""
    return [f"{prefix}{at}" for at in range(size)]


TRUTH: dict[str, str | None] = {
    **dict.fromkeys(people("a", 4), "A"),
    **dict.fromkeys(people("b", 4), "B"),
    **dict.fromkeys(people("h", 12), None),
}
"""Two campaigns of four accounts, and twelve honest accounts."""


def measured(
    tmp_path: Path, found: Mapping[str, str], ends: Mapping[str, datetime | None] | None = None
) -> Evaluation:
    """Evaluate a scan that reported the given memberships."""
    reported = {account: found.get(account) for account in TRUTH}
    discovered = ends or dict.fromkeys(sorted(set(found.values())), ENDS[1])
    return evaluate(write_scan(tmp_path, reported, discovered), labels_of(TRUTH))


def test_a_perfect_scan(tmp_path: Path) -> None:
    """Everything is found, nobody is harmed."""
    found = {account: name for account, name in TRUTH.items() if name}
    result = measured(tmp_path, found)
    assert (result.campaign_recall, result.account_recall) == (1.0, 1.0)
    assert (result.account_fpr, result.false_discovery_proportion) == (0.0, 0.0)
    assert (result.b_cubed_precision, result.b_cubed_recall) == (1.0, 1.0)
    assert result.account_fpr_upper == clopper_pearson_upper(0, 12)
    assert result.accounts == len(TRUTH)


def test_an_empty_scan(tmp_path: Path) -> None:
    """A scan that reports nothing has no false discovery and recalls nothing."""
    result = measured(tmp_path, {})
    assert (result.campaign_recall, result.account_recall) == (0.0, 0.0)
    assert result.false_discovery_proportion == 0.0
    assert result.b_cubed_precision is None
    assert result.b_cubed_recall == 0.0
    assert result.served_before_alert == 1.0


def test_the_step_of_the_alert_counts_as_served(tmp_path: Path) -> None:
    """The alert comes at its end: 1 + 2 of 10 exchanges were served by the second step."""
    result = measured(tmp_path, dict.fromkeys(people("a", 4), "x"))
    row = {outcome.campaign: outcome for outcome in result.campaigns}
    assert row["A"].served_before_alert == pytest.approx(0.3)
    assert row["A"].discovered_at == ENDS[1]
    assert row["B"].served_before_alert == 1.0
    assert result.served_before_alert == pytest.approx(0.65)


def test_half_of_the_accounts_is_enough_and_less_is_not(tmp_path: Path) -> None:
    """A campaign is found from half of its accounts on."""
    half = measured(tmp_path / "half", dict.fromkeys(people("a", 2), "x"))
    less = measured(tmp_path / "less", dict.fromkeys(people("a", 1), "x"))
    assert (half.campaign_recall, less.campaign_recall) == (0.5, 0.0)
    assert half.false_discovery_proportion == less.false_discovery_proportion == 0.0


def test_a_report_must_consist_mostly_of_the_campaign(tmp_path: Path) -> None:
    """Two campaigns merged into one report: neither is most of it, and it is not false."""
    result = measured(tmp_path, dict.fromkeys(people("a", 4) + people("b", 4), "x"))
    assert result.campaign_recall == 0.0
    assert result.false_discovery_proportion == 0.0
    assert result.b_cubed_precision == pytest.approx(0.5)
    assert result.b_cubed_recall == 1.0


def test_a_report_of_strangers_is_a_false_discovery(tmp_path: Path) -> None:
    """Fewer than half of the members belong to any one labelled campaign."""
    strangers = dict.fromkeys([*people("h", 3), "a0", "b0"], "x")
    result = measured(tmp_path, strangers | dict.fromkeys(["a1", "a2", "a3"], "y"))
    assert result.false_discovery_proportion == 0.5
    assert result.account_fpr == pytest.approx(3 / 12)
    # Two campaign accounts and three honest ones, each alone among five.
    assert result.b_cubed_precision == pytest.approx((5 * 1 / 5 + 3) / 8)


def test_a_split_campaign_counts_once(tmp_path: Path) -> None:
    """Two reports of half a campaign each: found once, at the earlier moment, recall halved."""
    found = dict.fromkeys(["a0", "a1"], "x") | dict.fromkeys(["a2", "a3"], "y")
    result = measured(tmp_path, found, {"x": ENDS[3], "y": ENDS[0]})
    assert result.campaign_recall == 0.5
    assert result.campaigns[0].discovered_at == ENDS[0]
    assert result.campaigns[0].flagged == 4
    assert result.b_cubed_recall == pytest.approx(0.25)


def test_harm_is_counted_by_honest_class(tmp_path: Path) -> None:
    """Each honest class has its accounts, its false flags and their bound."""
    classes = dict.fromkeys(people("h", 5), "rag")
    scan = write_scan(
        tmp_path, {a: "x" if a in {"h0", "h7"} else None for a in TRUTH}, {"x": ENDS[0]}
    )
    harm = evaluate(scan, labels_of(TRUTH, classes)).harm_by_class
    assert set(harm) == {"rag", "chat"}
    assert (harm["rag"].accounts, harm["rag"].flagged, harm["rag"].share) == (5, 1, 0.2)
    assert harm["chat"].upper == clopper_pearson_upper(1, 7)


def test_an_all_benign_population_has_no_recall(tmp_path: Path) -> None:
    """What cannot be measured is null, not a number."""
    honest = dict.fromkeys(people("h", 5))
    result = evaluate(write_scan(tmp_path, honest, {}), labels_of(honest))
    assert result.campaign_recall is result.account_recall is result.served_before_alert is None
    assert result.account_fpr == 0.0


def test_pseudonyms_are_matched_under_the_key(tmp_path: Path) -> None:
    """Labels carry raw identifiers, the scan pseudonyms; the key joins them."""
    alias = {account: pseudonym(KEY, "account_id", account) for account in TRUTH}
    scan = write_scan(
        tmp_path, {alias[a]: "x" if name == "A" else None for a, name in TRUTH.items()},
        {"x": ENDS[0]},
    )  # fmt: skip
    assert evaluate(scan, labels_of(TRUTH), pseudonym_key=KEY).campaign_recall == 0.5
    with pytest.raises(InputError, match="none of the 20 accounts") as caught:
        evaluate(scan, labels_of(TRUTH))
    assert "key" in caught.value.next_step


def test_accounts_without_a_label_are_left_out_and_counted(tmp_path: Path) -> None:
    """An unlabelled account is neither harmed nor a false flag."""
    scan = write_scan(tmp_path, {a: "x" if a[0] == "h" else None for a in TRUTH}, {"x": ENDS[0]})
    known = {a: name for a, name in TRUTH.items() if a[0] != "h"}
    result = evaluate(scan, labels_of(known))
    assert result.accounts_without_label == 12
    assert result.account_fpr is None
    assert result.false_discovery_proportion == 0.0


def test_labels_of_silent_accounts_do_not_count(tmp_path: Path) -> None:
    """An account that never sent anything cannot be found, so it is not missed."""
    scan = write_scan(tmp_path, dict.fromkeys(people("a", 2), "x"), {"x": ENDS[0]})
    result = evaluate(scan, labels_of(TRUTH))
    assert result.campaign_recall == 1.0
    assert [row.accounts for row in result.campaigns] == [2]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_labels_are_read_from_files(tmp_path: Path, suffix: str) -> None:
    """Parquet, CSV (empty for none) and JSON lines give the same labels."""
    scan = write_scan(tmp_path / "scan", dict.fromkeys(TRUTH), {})
    path, table = tmp_path / f"labels{suffix}", labels_of(TRUTH)
    if suffix == ".parquet":
        pq.write_table(table, path)
    elif suffix == ".csv":
        pacsv.write_csv(table, path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    assert evaluate(scan, path) == evaluate(scan, table)


def test_numbers_as_account_ids_stay_text(tmp_path: Path) -> None:
    """A CSV whose account ids look like numbers keeps their leading zeros."""
    scan = write_scan(tmp_path / "scan", {"007": None, "7": "x"}, {"x": ENDS[0]})
    path = tmp_path / "labels.csv"
    path.write_text("account_id,campaign,traffic_class\n007,,chat\n7,A,reasoning\n")
    result = evaluate(scan, path)
    assert (result.account_recall, result.account_fpr) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.parquet", b"no parquet"),
        ("labels.csv", b"account_id\na0\n"),
        ("labels.jsonl", b"{broken"),
        ("labels.csv", b""),
    ],
)
def test_labels_that_cannot_be_read_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """The message names the file and what to give instead."""
    scan = write_scan(tmp_path / "scan", dict.fromkeys(TRUTH), {})
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=name) as caught:
        evaluate(scan, path)
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("name", "rows", "place"),
    [
        ("labels.csv", b"'secret',row #5", "row 2"),
        ("labels.csv", b',"a\nsecret",\xff', "column 3, row 2"),
        ("labels.jsonl", b'{"account_id": 1}\n{"account_id": "secret"}', ""),
    ],
)
def test_what_stands_in_labels_is_in_no_message(
    tmp_path: Path, name: str, rows: bytes, place: str
) -> None:
    """The message and its traceback name the place, and nothing that stands there."""
    scan = write_scan(tmp_path / "scan", dict.fromkeys(TRUTH), {})
    path = tmp_path / name
    header = b"account_id,campaign,traffic_class\n" if path.suffix == ".csv" else b""
    path.write_bytes(header + rows + b"\n")
    with pytest.raises(InputError, match="labels cannot be read") as caught:
        evaluate(scan, path)
    assert str(caught.value).endswith(f"({place})" if place else "read")
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_a_campaign_that_is_listed_as_a_pool_is_said_to_be(tmp_path: Path) -> None:
    """It was not missed: that it is operated together is shown, that it harvests is not."""
    pools = {"a0": "pool-1", "a1": "pool-2", "a2": "pool-2", "h0": "pool-1"}
    scan = write_scan(tmp_path, dict.fromkeys(TRUTH), {}, pools=pools)
    evaluation = evaluate(scan, labels_of(TRUTH))
    first, second = evaluation.campaigns
    assert (first.in_pools, first.pooled_as, first.found) == (3, "pool-2", False)
    assert (second.in_pools, second.pooled_as) == (0, None)
    said = "\n".join(sentences(evaluation))
    assert "NOT SHOWN TO HARVEST; 3 of 4 accounts are listed as operated together" in said
    assert "B (reasoning): MISSED; 0 of 4 accounts stand in some campaign" in said


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("accounts.parquet", b"x"),
        ("campaigns.json", b"[]"),
        ("campaigns.json", b"{}"),
        ("campaigns.json", b'{"population": {"step_ends": [7]}, "campaigns": []}'),
        ("campaigns.json", b'{"population": {"step_ends": []}, "campaigns": []}'),
        (
            "campaigns.json",
            b'{"population": {"step_ends": []}, "campaigns": [], "undeclared_pools": [{}]}',
        ),
        ("campaigns.json", b"\xff\xfe"),
    ],
)
def test_a_folder_that_is_no_scan_is_refused(tmp_path: Path, file: str, content: bytes) -> None:
    """Damaged or foreign files are an input error, never a traceback of another kind."""
    scan = write_scan(tmp_path, dict.fromkeys(TRUTH), {})
    (scan / file).write_bytes(content)
    with pytest.raises(InputError, match=str(tmp_path)):
        evaluate(scan, labels_of(TRUTH))


def test_files_of_two_scans_are_refused(tmp_path: Path) -> None:
    """An account that names a campaign nobody reported is a sign of mixed files."""
    scan = write_scan(tmp_path, dict.fromkeys(TRUTH, "x"), {"y": ENDS[0]})
    with pytest.raises(InputError, match="not listed"):
        evaluate(scan, labels_of(TRUTH))


def test_a_result_in_memory_is_measured_like_its_folder(tmp_path: Path) -> None:
    """What `scan` returns and what it writes give the same measures."""
    found = {account: "x" if name == "A" else None for account, name in TRUTH.items()}
    folder = write_scan(tmp_path, found, {"x": ENDS[1]})
    result = scan_result(pq.read_table(folder / "accounts.parquet"), "x", ENDS[1])
    assert evaluate(result, labels_of(TRUTH)) == evaluate(folder, labels_of(TRUTH))


def scan_result(accounts: pa.Table, campaign: str, discovered_at: datetime) -> ScanResult:
    """Return a result with one campaign, as far as an evaluation reads it."""
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    facts = GroupFacts(
        members=(), parties=4, first_seen=noon, last_seen=noon, exchanges=40, input_tokens=1,
        output_tokens=1, models={}, capabilities={}, daily_exchanges={}, templates=(),
    )  # fmt: skip
    judgement = Judgement(
        log10_e=9.0, log10_e_apart=9.0, log10_e_honest=9.0, threshold_log10_e=3.0,
        formed_at=ENDS[0], discovered_at=discovered_at, served_before_discovery=9,
        evidence=(),
    )  # fmt: skip
    harm = Harm(output_tokens=1, estimated_cost_usd=0.0, share_of_known_sets={})
    return ScanResult(
        campaigns=(
            Campaign(
                campaign_id=campaign, facts=facts, judgement=judgement, harm=harm, actions=()
            ),
        ),
        authorised=(), undeclared_pools=(), suspicious_parties=(), not_judged=(),
        false_discovery_rate=0.01,
        population=Population(
            exchanges=200, accounts=20, parties=20, rejected_rows=0, days=1, step_ends=ENDS,
            groups_opened=1, reference_parties=16, reachable_log10_e=1.2,
            first_exchange=noon, last_exchange=noon,
        ),
        signals=(),
        run=RunRecord(
            phalanx_version="0", versions={}, engine="none", parameters={}, started_at=noon,
            stage_seconds={}, inputs={}, columns=(), rejects={}, key_id="",
        ),
        accounts=accounts,
        links=pa.table({}),
        daily=pa.table({"day": pa.array([ENDS[0].date()], pa.date32())}),
    )  # fmt: skip


MEMBERSHIPS = st.lists(
    st.tuples(st.sampled_from([None, "A", "B"]), st.sampled_from([None, "x", "y", "z"])),
    min_size=1,
    max_size=25,
)


@given(MEMBERSHIPS, st.permutations(range(25)))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_measures_are_shares_and_do_not_depend_on_order(
    tmp_path: Path, rows: list[tuple[str | None, str | None]], order: list[int]
) -> None:
    """Every measure lies in [0, 1], and renaming or shuffling accounts changes none."""
    names = people("p", len(rows))
    shuffled = [names[at] for at in order if at < len(names)]
    ends = {"x": ENDS[0], "y": ENDS[2], "z": None}
    truth = dict(zip(names, (name for name, _ in rows), strict=True))
    found = dict(zip(names, (group for _, group in rows), strict=True))
    straight = evaluate(write_scan(tmp_path, found, ends), labels_of(truth))
    other = evaluate(
        write_scan(tmp_path, {f"q{a}": found[a] for a in shuffled}, ends),
        labels_of({f"q{a}": truth[a] for a in reversed(shuffled)}),
    )
    shares = (
        "campaign_recall", "account_recall", "account_fpr", "account_fpr_upper",
        "false_discovery_proportion", "b_cubed_precision", "b_cubed_recall",
        "served_before_alert",
    )  # fmt: skip
    for share in shares:
        one, two = getattr(straight, share), getattr(other, share)
        assert one == pytest.approx(two)
        assert one is None or 0.0 <= one <= 1.0

"""Scans of the parts of a log, one after the other, find what one scan of the whole finds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.detect import ScanConfig, ScanResult, scan
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.errors import ConfigError, InputError
from phalanx.formats.json import render
from phalanx.sketches.prompts import sketch_corpus
from phalanx.store import Store, open_store, place_of

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
STEP = timedelta(hours=6)
FIRST_STEP = datetime(2026, 3, 2, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)

SKETCH = sketch_corpus("poems", pa.array(["Write a short poem about rain."]))


def close(found: Any, expected: Any) -> bool:
    """Say whether two documents agree, numbers to a billionth."""
    if isinstance(found, dict):
        return found.keys() == expected.keys() and all(close(found[k], expected[k]) for k in found)
    if isinstance(found, list):
        return len(found) == len(expected) and all(map(close, found, expected))
    if isinstance(found, float):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    return bool(found == expected)


def same(found: ScanResult, expected: ScanResult) -> bool:
    """Say whether two scans conclude the same: lists, names, evidence, tables."""
    documents = [json.loads(render(result)) for result in (found, expected)]
    for document in documents:
        del document["run"]
    tables = ("accounts", "links", "daily", "looks")
    return close(*documents) and all(
        getattr(found, name).equals(getattr(expected, name)) for name in tables
    )


def between(log: pa.Table, first: int, last: int) -> pa.Table:
    """Return the exchanges of steps `first` to `last`, the latter not included."""
    at = log["timestamp"]
    inside = pc.and_(
        pc.greater_equal(at, FIRST_STEP + first * STEP), pc.less(at, FIRST_STEP + last * STEP)
    )
    return log.filter(inside)


def settings_of(store: Path | None, **more: Any) -> ScanConfig:
    """Return the settings of these scans."""
    options: dict[str, Any] = {
        "false_discovery_rate": 0.1,
        "threads": 1,
        "pseudonym_key": KEY,
        "now": NOW,
        "store": None if store is None else str(store),
        "since": "start" if store is None else "last",
    }
    return ScanConfig(**options | more)


def in_parts(log: pa.Table, cuts: list[int], store: Path, **more: Any) -> list[ScanResult]:
    """Scan a log part by part, cut after each of these numbers of steps."""
    bounds = [0, *cuts, 10_000]
    config = settings_of(store, **more)
    return [scan(between(log, first, last), config) for first, last in pairwise(bounds)]


@contextmanager
def opened(store: Path) -> Iterator[Store]:
    """Open a store to look into it."""
    with open_store(place_of(str(store)), NOW) as found:
        yield found


def untidy(log: pa.Table, seed: int, *, organisations: bool) -> pa.Table:
    """Return a log whose clock knows seconds only, and that learns of accounts late.

    Parameters:
        log: In native columns.
        seed: Of what is left out.
        organisations: Whether these become known late as well.
    """
    generator = np.random.default_rng(seed)
    seconds = pc.floor_temporal(log["timestamp"], unit="second")
    log = log.set_column(log.schema.get_field_index("timestamp"), "timestamp", seconds)
    names = ["payment_fingerprint", "email_domain", "client_ip", "country", "account_created_at"]
    for name in [*names, *(["organisation"] if organisations else [])]:
        hidden = generator.random(log.num_rows) < 0.6
        column = pc.if_else(pa.array(hidden), pa.scalar(None, log[name].type), log[name])
        log = log.set_column(log.schema.get_field_index(name), name, column)
    return log.take(generator.permutation(log.num_rows))


@pytest.fixture(scope="module")
def naive_whole(naive: Any) -> ScanResult:
    """Return what one scan of `naive` finds."""
    return scan(naive.exchanges, settings_of(None))


@pytest.fixture(scope="module")
def naive_parts(naive: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return what scans of six days, of three and of the rest find, and their store."""
    store = tmp_path_factory.mktemp("store") / "days.store"
    return in_parts(naive.exchanges, [24, 37], store), store


def test_scans_of_parts_find_what_one_scan_finds(naive_parts: Any, naive_whole: Any) -> None:
    """The same campaign by the same name, with the same evidence, found at the same moment."""
    results, _ = naive_parts
    assert naive_whole.campaigns
    assert same(results[-1], naive_whole)
    assert results[-1].population.rejected_rows == naive_whole.population.rejected_rows


def test_a_campaign_keeps_its_name(naive_parts: Any) -> None:
    """What an early scan called it, the later ones call it, though its accounts changed."""
    results, store = naive_parts
    names = [[c.campaign_id for c in result.campaigns] for result in results]
    assert names[0]
    assert names[0] == names[1] == names[2]
    with opened(store) as kept:
        members = kept.members(names[0][0])
        groups, scans = kept.groups(), kept.scans()
    listed = {m.account_id for r in results for m in r.campaigns[0].facts.members}
    assert {member.account_id for member in members} == listed
    assert {member.first_scan for member in members} <= {1, 2, 3}
    assert [scanned.number for scanned in scans] == [1, 2, 3]
    assert sum(scanned.exchanges for scanned in scans) == scans[-1].exchanges_in_all
    assert len(groups) == results[-1].population.groups_opened
    assert any(group.discovered_at for group in groups)


@settings(max_examples=4)
@given(
    cuts=st.lists(st.integers(1, 19), min_size=1, max_size=3, unique=True).map(sorted),
    seed=st.integers(0, 99),
)
def test_wherever_the_log_is_cut_the_result_is_the_same(
    small: Any, cuts: list[int], seed: int
) -> None:
    """Cuts at any step ends, seconds for a clock, attributes that are learned late."""
    log = untidy(small.exchanges, seed, organisations=False)
    whole = scan(log, settings_of(None))
    with TemporaryDirectory() as folder:
        assert same(in_parts(log, cuts, Path(folder) / "a.store")[-1], whole)


def test_a_model_that_comes_out_between_scans_is_new_to_the_later_one(tmp_path: Path) -> None:
    """Who moves to it, and when, is the same whether or not the scan saw it come out."""
    plan = CampaignPlan(name="north", accounts=20, attack_class="rubric", evasion="E0")
    log = simulate(
        SimulationConfig(benign_accounts=150, campaigns=(plan,), days=5, seed=2, release_day=2)
    ).exchanges
    whole = scan(log, settings_of(None))
    said = [rules for looks in whole.looks["log10_e_of_rules"].to_pylist() for rules, _ in looks]
    assert "PHX-D013" in said
    assert same(in_parts(log, [9, 12], tmp_path / "a.store")[-1], whole)


def test_a_party_that_is_declared_late_begins_anew(small: Any, tmp_path: Path) -> None:
    """The past looks different then; all steps are replayed, which is noted, and it agrees."""
    log = untidy(small.exchanges, 0, organisations=True)
    results = in_parts(log, [6, 12], tmp_path / "a.store")
    assert results[-1].run.notes["account that declared its party late, all steps replayed"]
    assert same(results[-1], scan(log, settings_of(None)))


def test_what_was_counted_is_not_counted_again(small: Any, tmp_path: Path) -> None:
    """A folder that still holds yesterday's rows, and rows that come too late, are passed over."""
    log, store = small.exchanges, tmp_path / "a.store"
    late = log.slice(0, 7)
    at = pc.add(late["timestamp"], pa.scalar(timedelta(microseconds=1)))
    late = late.set_column(log.schema.get_field_index("timestamp"), "timestamp", at)
    late = late.set_column(
        log.schema.get_field_index("exchange_id"), "exchange_id", pa.nulls(7, pa.string())
    )
    first = between(log, 0, 8)
    scan(first, settings_of(store))
    found = scan(pa.concat_tables([log, late]), settings_of(store))
    assert found.run.notes["exchange seen by an earlier scan, skipped"] == first.num_rows
    kind = "exchange of a step that was over at an earlier scan, late, skipped"
    assert found.run.notes[kind] == 7
    assert same(found, scan(log, settings_of(None)))


def test_nothing_new_changes_nothing(small: Any, tmp_path: Path) -> None:
    """A scan of rows that are all known repeats the last result."""
    store = tmp_path / "a.store"
    first = scan(small.exchanges, settings_of(store))
    assert same(scan(small.exchanges, settings_of(store)), first)


def test_a_step_is_counted_when_it_is_over(small: Any, tmp_path: Path) -> None:
    """Rows of the running step wait, so that a scan in its midst loses nothing."""
    log, store = small.exchanges, tmp_path / "a.store"
    early = FIRST_STEP + 8.5 * STEP
    found = scan(between(log, 0, 9), settings_of(store, now=early))
    waiting = between(log, 8, 9).num_rows
    kind = "exchange of a step that is not over, left for the next scan"
    assert found.run.notes[kind] == waiting
    assert same(found, scan(between(log, 0, 8), settings_of(None)))
    assert same(scan(log, settings_of(store)), scan(log, settings_of(None)))


def test_a_log_without_a_step_that_is_over_is_refused(small: Any, tmp_path: Path) -> None:
    """There is nothing to keep yet."""
    with pytest.raises(InputError, match="no step of 6 hours in the log is over yet"):
        scan(
            between(small.exchanges, 0, 1),
            settings_of(tmp_path / "a.store", now=FIRST_STEP + 0.9 * STEP),
        )


@pytest.fixture(scope="module")
def kept(small: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with one scan."""
    store = tmp_path_factory.mktemp("kept") / "a.store"
    scan(between(small.exchanges, 0, 8), settings_of(store))
    return store


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"step_hours": 12}, "step_hours was 6 and is 12"),
        ({"seed": 5}, "seed was 0 and is 5"),
        ({"false_discovery_rate": 0.05}, r"false_discovery_rate was 0\.1 and is 0\.05"),
        ({"min_group_parties": 4}, "min_group_parties was 5 and is 4"),
        ({"hash_only": True}, "hash_only was False and is True"),
        ({"trusted": frozenset({"acct"})}, "trusted was none and is"),
        ({"parties": {"acct": "p"}}, "parties was none and is"),
        ({"known_corpora": (SKETCH,)}, "known_corpora was none and is"),
        ({"pseudonym_key": OTHER_KEY}, "kept under key_"),
        ({"pseudonym_key": None}, "this scan has identifiers in clear"),
        ({"since": "start"}, "holds 1 scans already"),
    ],
)
def test_what_decides_evidence_cannot_change(
    small: Any, kept: Path, change: dict[str, Any], said: str
) -> None:
    """Another setting is named and refused, and nothing is read or kept."""
    with pytest.raises(ConfigError, match=said):
        scan(small.exchanges, settings_of(kept, **change))
    with opened(kept) as store:
        assert len(store.scans()) == 1


def test_names_of_people_are_not_in_the_store(small: Any, tmp_path: Path) -> None:
    """Neither settings nor files spell an account, an organisation or the key."""
    log, store = small.exchanges, tmp_path / "a.store"
    account = log["account_id"][0].as_py()
    config = settings_of(store, trusted=frozenset({account}), parties={account: "p"})
    scan(log, config)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    named = {v for c in ("account_id", "organisation") for v in log[c].unique().to_pylist() if v}
    assert not [name for name in named if name.encode() in written]
    assert KEY not in written


def test_since_last_needs_a_store() -> None:
    """Settings that contradict each other are refused where they are made."""
    with pytest.raises(ValueError, match="needs a store"):
        ScanConfig(since="last")


def test_who_comes_later_does_not_change_what_was_seen_before(naive: Any, tmp_path: Path) -> None:
    """Some honest parties registered when a campaign did, and others too who come on a late day."""
    log, members = naive.exchanges, naive.members()
    rows = log.to_pylist()
    births = sorted({row["account_created_at"] for row in rows if row["account_id"] in members})
    honest = sorted(set(naive.campaign_of) - members)
    same_birth = {account: births[n % len(births)] for n, account in enumerate(honest[:100])}
    for row in rows:
        row["account_created_at"] = same_birth.get(row["account_id"], row["account_created_at"])
    newcomers = between(log, 34, 36).to_pylist()
    for number, row in enumerate(newcomers):
        row["account_id"] = f"late-{number % 400}"
        row["account_created_at"] = births[number % 400 % len(births)]
    log = pa.Table.from_pylist(rows + newcomers, log.schema)
    whole = scan(log, settings_of(None))
    assert same(in_parts(log, [30], tmp_path / "a.store")[-1], whole)

"""A simulated log: its columns, its order, its labels, its repeatability."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phalanx.detect.simulate import (
    ATTACK_CLASSES,
    BENIGN_CLASSES,
    CampaignPlan,
    Simulation,
    SimulationConfig,
    simulate,
)
from phalanx.detect.simulate.columns import ROWS_PER_BATCH
from phalanx.logs.schema import NATIVE_COLUMNS

SMALL = SimulationConfig(
    benign_accounts=120,
    campaigns=tuple(
        CampaignPlan(name=name, accounts=6, attack_class=name) for name in ATTACK_CLASSES
    ),
    days=3,
    seed=5,
)


@pytest.fixture(scope="module")
def small() -> Simulation:
    """Return a few accounts of every class."""
    return simulate(SMALL)


def _digests(simulation: Simulation, folder: Path) -> list[str]:
    return [sha256(path.read_bytes()).hexdigest() for path in simulation.write(folder)]


def test_the_columns_are_the_native_ones(small: Simulation) -> None:
    """A simulated log has every native column, in order."""
    assert tuple(small.exchanges.column_names) == NATIVE_COLUMNS
    assert small.exchanges.schema == small.schema


def test_same_seed_same_bytes(small: Simulation, tmp_path: Path) -> None:
    """Two runs with one seed write the same files, another seed writes others."""
    first = _digests(small, tmp_path / "first")
    assert _digests(simulate(SMALL), tmp_path / "second") == first
    other = _digests(simulate(replace(SMALL, seed=6)), tmp_path / "third")
    assert not set(other) & set(first)


def test_written_files_hold_the_same_table(small: Simulation, tmp_path: Path) -> None:
    """What is written is what is in memory, and nothing half-written stays."""
    exchanges, labels = small.write(tmp_path)
    assert pq.read_table(exchanges).equals(small.exchanges)
    assert pq.read_table(labels).equals(small.labels)
    assert {path.name for path in tmp_path.iterdir()} == {"exchanges.parquet", "labels.parquet"}


def test_exchanges_come_in_order_within_the_span(small: Simulation) -> None:
    """Times rise, and lie within the configured days."""
    times = small.exchanges.column("timestamp").to_pylist()
    assert times == sorted(times)
    assert times[0] >= SMALL.start
    assert times[-1] < SMALL.start + timedelta(days=SMALL.days)


def test_batches_are_bounded_and_add_up(small: Simulation) -> None:
    """The writer never holds more than its batch, and `rows` is the truth."""
    sizes = [batch.num_rows for batch in small.batches()]
    assert max(sizes) <= ROWS_PER_BATCH
    assert sum(sizes) == small.rows == small.exchanges.num_rows


def test_labels_name_every_account_once(small: Simulation) -> None:
    """Each account has one label; campaign accounts carry their campaign and attack class."""
    labels = small.labels.to_pylist()
    ids = [row["account_id"] for row in labels]
    assert len(set(ids)) == len(ids) == 120 + 6 * len(ATTACK_CLASSES)
    assert set(small.exchanges.column("account_id").to_pylist()) <= set(ids)
    for row in labels:
        known = BENIGN_CLASSES if row["campaign"] is None else (row["campaign"],)
        assert row["traffic_class"] in known


def test_exchange_ids_are_unique(small: Simulation) -> None:
    """No two exchanges share an identifier."""
    assert len(small.exchanges.column("exchange_id").unique()) == small.rows


def test_conversations_are_message_lists_that_grow(small: Simulation) -> None:
    """Each turn of a conversation repeats the turns before it, word by word."""
    longest: dict[str, list[dict[str, str]]] = {}
    rows = small.exchanges.select(["conversation_id", "prompt"]).to_pylist()
    grown = 0
    for row in rows:
        if row["conversation_id"] is None:
            continue
        messages = json.loads(row["prompt"])
        roles = [message["role"] for message in messages]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
        before = longest.get(row["conversation_id"], [])
        assert messages[: len(before)] == before
        grown += bool(before)
        longest[row["conversation_id"]] = messages
    assert grown > 50


def test_failed_requests_have_no_output(small: Simulation) -> None:
    """A response belongs to a success; some requests hit a limit."""
    rows = small.exchanges.select(["status", "output_tokens", "response", "max_tokens"]).to_pylist()
    assert {row["status"] for row in rows} >= {200, 429}
    for row in rows:
        assert (row["output_tokens"] > 0) == (row["status"] == 200) == (row["response"] is not None)
        assert row["max_tokens"] is None or row["output_tokens"] <= row["max_tokens"]


def test_accounts_send_nothing_before_they_exist(small: Simulation) -> None:
    """No exchange is older than its account."""
    created = small.exchanges.column("account_created_at").cast(pa.int64()).to_numpy()
    sent = small.exchanges.column("timestamp").cast(pa.int64()).to_numpy()
    assert (created <= sent).all()


def test_a_campaign_does_not_depend_on_the_others() -> None:
    """Dropping a later campaign leaves the exchanges of an earlier one as they were."""
    both = simulate(replace(SMALL, campaigns=SMALL.campaigns[:2]))
    one = simulate(replace(SMALL, campaigns=SMALL.campaigns[:1]))
    first = one.labels.filter(pa.compute.is_valid(one.labels.column("campaign")))
    ids = first.column("account_id")

    def sent(simulation: Simulation) -> list[str]:
        mine = pa.compute.is_in(simulation.exchanges.column("account_id"), ids)
        prompts: list[str] = simulation.exchanges.filter(mine).column("prompt").to_pylist()
        return prompts

    assert sent(one) == sent(both)


@pytest.mark.parametrize(
    "config",
    [
        SimulationConfig(benign_accounts=0, campaigns=(), days=1),
        SimulationConfig(benign_accounts=1, campaigns=(), days=1),
        SimulationConfig(
            benign_accounts=0,
            campaigns=(CampaignPlan(name="a", accounts=1, attack_class="rubric"),),
            days=1,
        ),
        SimulationConfig(
            benign_accounts=30,
            benign_mix={"classroom": 1.0},
            campaigns=(CampaignPlan(name="a", accounts=3, attack_class="tool_use"),),
            days=8,
        ),
    ],
)
def test_the_smallest_populations_work(config: SimulationConfig) -> None:
    """Nobody, one account, a campaign alone, a campaign among pupils: all give a table."""
    simulation = simulate(config)
    assert simulation.exchanges.num_rows == simulation.rows
    accounts = config.benign_accounts + sum(plan.accounts for plan in config.campaigns)
    assert simulation.labels.num_rows == accounts


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"days": 0}, "days"),
        ({"seed": -1}, "seed"),
        ({"benign_accounts": -1}, "benign_accounts"),
        ({"evasion": "E7"}, "E0 to E6"),
        ({"benign_mix": {"chess": 1.0}}, "benign_mix"),
        ({"benign_mix": {}}, "benign_mix"),
        ({"start": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001  (the fault under test)
        ({"prompt_corpora": {"chess": Path("x")}}, "chess"),
        ({"campaigns": (SMALL.campaigns[0],) * 2}, "different names"),
        ({"accounts_per_corpus_prompt": 0}, "accounts_per_corpus_prompt"),
    ],
)
def test_a_setting_out_of_range_is_refused(change: dict[str, object], words: str) -> None:
    """The message names the setting."""
    with pytest.raises(ValueError, match=words):
        replace(SMALL, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [{"accounts": 0}, {"attack_class": "chat"}, {"exchanges_per_account_per_day": 0.0},
     {"evasion": "E9"}],
)  # fmt: skip
def test_a_campaign_out_of_range_is_refused(change: dict[str, object]) -> None:
    """A plan that cannot be carried out is a ValueError."""
    with pytest.raises(ValueError, match=next(iter(change))):
        replace(SMALL.campaigns[0], **change)  # type: ignore[arg-type]


def test_the_start_may_have_any_zone() -> None:
    """The log starts at the same instant however it is written."""
    config = replace(SMALL, benign_accounts=10, campaigns=())
    same = replace(config, start=datetime.fromisoformat("2026-03-02T05:30:00+05:30"))
    assert same.start == config.start == datetime(2026, 3, 2, tzinfo=UTC)
    assert simulate(same).exchanges.equals(simulate(config).exchanges)

"""Online detection of a gateway that runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import structlog
from structlog.testing import capture_logs

from phalanx.errors import ConfigError
from phalanx.prevent.desk.gauges import Gauges
from phalanx.prevent.knowledge.pools import Pools
from phalanx.prevent.online.budget import Budget
from phalanx.prevent.online.reference import fitted, write_reference
from phalanx.prevent.online.signs import Watched
from phalanx.prevent.online.statistics import STATISTICS
from phalanx.prevent.policy.document import ValueWeights
from phalanx.prevent.state.layout import identity_of
from phalanx.prevent.upkeep.online import RunningWatch, other_value

KEY = bytes(32)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
START = round(NOW.timestamp() * 1_000_000)
VALUE = ValueWeights()
NAMES = tuple(f"account-{each}" for each in range(20))
POOLS = Pools(4, {"pool-1": NAMES})


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """Write a reference of accounts that show little."""
    largest = np.random.default_rng(1).uniform(0.0, 0.05, (400, len(STATISTICS)))
    budget = Budget(false_discovery_rate=0.5, share=0.9, epochs=1, accounts=1_000, pools=1)
    path = tmp_path / "reference.json"
    value = VALUE.model_dump(mode="json")
    write_reference(fitted(largest, NOW, NOW + timedelta(days=1), 1, value, budget, {}), path)
    return path


def _running(reference: Path, state: Path | None) -> RunningWatch:
    return RunningWatch(reference, VALUE, KEY, state, structlog.get_logger("test"))


def _harvest(running: RunningWatch) -> None:
    for number in range(200):
        name = NAMES[number % len(NAMES)]
        kept = Watched(name, identity_of(name, KEY), 7, 10, 1.0)
        running.watch.observe(kept, 500, 500.0, START + number, POOLS)


def test_what_is_raised_is_a_line_of_the_log_and_a_gauge(reference: Path) -> None:
    """With the pool, its evidence, and the scan that listed it."""
    running, gauges = _running(reference, None), Gauges()
    running.show(gauges)
    with capture_logs() as lines:
        _harvest(running)
    (line,) = lines
    assert (line["event"], line["kind"], line["name"]) == ("raised online", "pool", "pool-1")
    assert (line["code"], line["scan"], line["accounts"]) == ("PHX-G012", 4, 20)
    assert line["log10_e"] >= line["level_log10_e"]
    page = gauges.page().decode()
    assert "phalanx_gateway_online_raised_pools 1.0\n" in page
    assert "phalanx_gateway_online_accounts 20.0\n" in page
    assert "phalanx_gateway_online_reference_fits 1.0\n" in page


def test_what_was_seen_outlives_the_process_and_is_told_once(
    reference: Path, tmp_path: Path
) -> None:
    """The pool stays raised, and no second alert is told of it."""
    state = tmp_path / "gateway.state"
    running = _running(reference, state)
    _harvest(running)
    running.keep()
    again = _running(reference, state)
    with capture_logs() as lines:
        _harvest(again)
    assert not lines
    assert again.watch.counts().raised_pools == 1
    assert again.watch.standing(NAMES[0], identity_of(NAMES[0], KEY), POOLS).is_raised


def test_a_policy_that_counts_value_otherwise_is_told(reference: Path) -> None:
    """Its answers cannot be compared with the reference."""
    running = _running(reference, None)
    assert running.counts_as(ValueWeights())
    assert not running.counts_as(ValueWeights(repeated=0.5))
    assert isinstance(other_value(), ConfigError)

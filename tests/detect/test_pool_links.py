"""Equal shares and moved reasoning: values that the accounts of one pool share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from phalanx.detect.apart import ApartTest
from phalanx.detect.links import MISSING, Moment
from phalanx.detect.links.family import PACE
from phalanx.detect.links.load import EqualisedLoad
from phalanx.detect.links.trace import TraceReplay
from phalanx.detect.population import Population

START = datetime(2026, 1, 5, tzinfo=UTC)
STEP = timedelta(hours=6)
Aggregate = Callable[..., Population]


def exchange(account: str, at: timedelta, signature: str | None = None) -> dict[str, object]:
    """Return one exchange."""
    return {
        "timestamp": START + at,
        "account_id": account,
        "model": "m",
        "prompt": f"{account} {at}",
        "country": "DE",
        "reasoning_signature": signature,
    }


def volumes(numbers: np.ndarray, step: int) -> list[dict[str, object]]:
    """Let each account send so often in a step."""
    return [
        exchange(f"a{account:03d}", step * STEP + timedelta(seconds=int(turn)))
        for account, number in enumerate(numbers)
        for turn in range(number)
    ]


def moment_at(population: Population, step: int) -> Moment:
    """Return the end of a step."""
    return Moment(population, step, np.full(population.parties.count, MISSING, dtype=np.int64))


def parties(population: Population, accounts: range) -> np.ndarray:
    """Return the parties of numbered accounts."""
    names = list(population.account_names)
    return population.parties.of_account[[names.index(f"a{at:03d}") for at in accounts]]


@pytest.fixture(scope="module")
def dealt(aggregated: Aggregate) -> Population:
    """Return 300 accounts of like volume, of which the first 20 get equal shares on the 2nd day."""
    generator = np.random.default_rng(8)
    before, after = (generator.poisson(generator.gamma(4.0, 5.0, 300)) + 1 for _ in range(2))
    after[:20] = 20 + np.arange(20) % 2
    rows = volumes(before, 0) + volumes(after, 4)
    return aggregated(pa.Table.from_pylist(sorted(rows, key=lambda row: str(row["timestamp"]))))


def test_equal_shares_stand_out(dealt: Population) -> None:
    """Accounts that a router asks in turn are told from others that were as busy before."""
    test = ApartTest(moment_at(dealt, 4))
    pool, others = parties(dealt, range(20)), parties(dealt, range(100, 120))
    (shared,), (chance,) = test.test([pool, others], [EqualisedLoad()])
    assert shared.log10_e > 4
    assert chance.log10_e < 1


def test_volumes_are_compared_at_equal_pace(dealt: Population) -> None:
    """Strata are octaves of exchanges per active step before; newcomers are one of their own."""
    before = dealt.activity.total("exchanges", 0, 3)
    pace = moment_at(dealt, 4).strata(PACE)
    assert (pace == 1 + np.floor(np.log2(before))).all()
    assert not moment_at(dealt, 0).strata(PACE).any()


def test_who_is_silent_has_no_volume(dealt: Population) -> None:
    """A step in which nobody sent has no values."""
    assert all((level == MISSING).all() for level in EqualisedLoad().values(moment_at(dealt, 2)))


def test_reasoning_joins_who_presents_it(aggregated: Aggregate) -> None:
    """Circles are closed through others, grow with time, and leave out who shows nothing."""
    hour = timedelta(hours=1)
    log = [
        exchange("a000", 0 * hour, "x"),
        exchange("a001", 1 * hour, "x"),
        exchange("a001", 7 * hour, "y"),
        exchange("a002", 8 * hour, "y"),
        exchange("a003", 9 * hour, "z"),
        exchange("a004", 9 * hour),
    ]
    population = aggregated(pa.Table.from_pylist(log))
    places = parties(population, range(5))
    ((early,), (late,)) = (TraceReplay().values(moment_at(population, step)) for step in (0, 1))
    assert early[places[0]] == early[places[1]] != early[places[2]]
    assert late[places[0]] == late[places[1]] == late[places[2]] != late[places[3]]
    assert late[places[4]] == MISSING


def test_a_log_without_reasoning_has_no_values(dealt: Population) -> None:
    """The family is silent where nobody presents a signature."""
    (values,) = TraceReplay().values(moment_at(dealt, 4))
    assert (values == MISSING).all()
    assert ApartTest(moment_at(dealt, 4)).test([np.arange(5)], [TraceReplay()]) == [[]]

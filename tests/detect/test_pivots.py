"""Moves to a new model: who they are, and what they say about groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from phalanx.detect.activity import Activity, arrange
from phalanx.detect.apart import ApartTest
from phalanx.detect.links import MISSING, Moment
from phalanx.detect.links.pivot import ModelPivot
from phalanx.detect.pivots import find_pivots, releases
from phalanx.detect.population import Population
from phalanx.detect.simulate import CampaignPlan, Evasion, SimulationConfig, simulate

Aggregate = Callable[..., Population]
Ints = npt.NDArray[np.int64]

ACCOUNTS, STEPS_PER_DAY = 4, 4
START = datetime(2026, 3, 2, tzinfo=UTC)


def active(parties: int, steps: int) -> Activity:
    """Let every party send ten exchanges in each step."""
    party, step = np.tile(np.arange(parties), steps), np.repeat(np.arange(steps), parties)
    sent = np.full(party.size, 10)
    return arrange(party, step, 0 * step.astype(np.int32), {"exchanges": sent}, (parties, steps))


def uses(rows: Sequence[tuple[int, int, int, int]]) -> pa.Table:
    """Return rows of account, model, step and exchanges."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return pa.table(dict(zip(("account", "model", "step", "exchanges"), columns, strict=True)))


def test_models_of_the_first_day_are_not_new() -> None:
    """What is used on the first day may have been there before the log."""
    models = pa.table({"model": [5, 6, 7], "first": [40, 43, 44]})
    assert releases(models, 40, STEPS_PER_DAY) == {7: 44}


def test_a_move_is_the_first_step_with_a_quarter_of_the_exchanges() -> None:
    """Trying a model once in ten is no move; a quarter is, and later steps add nothing."""
    found = find_pivots(
        uses([(0, 9, 5, 1), (0, 9, 6, 3), (0, 9, 7, 9), (1, 9, 5, 10)]),
        {9: 5}, np.arange(2), active(2, 8), 0,
    )  # fmt: skip
    assert found.party.tolist() == [1, 0]
    assert found.step.tolist() == [5, 6]


def test_accounts_of_one_party_move_together() -> None:
    """Exchanges of a party's accounts are added up before they are compared."""
    found = find_pivots(
        uses([(0, 9, 5, 2), (1, 9, 5, 1)]), {9: 5}, np.array([0, 0]), active(1, 8), 0
    )
    assert found.party.tolist() == [0]


def test_newcomers_do_not_move() -> None:
    """Whoever joined after the release had nothing to move from."""
    everybody = active(2, 8)
    late = Activity(
        everybody.starts, everybody.party, everybody.minute, everybody.counts, np.array([0, 5])
    )
    found = find_pivots(uses([(0, 9, 6, 9), (1, 9, 6, 9)]), {9: 5}, np.arange(2), late, 0)
    assert found.party.tolist() == [0]


def test_nothing_is_known_before_it_happened() -> None:
    """At a step only the moves until then count, and of two models the last one is shown."""
    found = find_pivots(
        uses([(0, 9, 5, 9), (1, 9, 6, 9), (0, 8, 7, 9)]),
        {9: 5, 8: 7}, np.arange(2), active(2, 9), 0,
    )  # fmt: skip
    assert found.until(5).party.tolist() == [0]
    assert found.of_model(0, 2).tolist() == [5, 6]
    assert found.of_model(1, 2).tolist() == [7, MISSING]


def moved(evasion: Evasion) -> Callable[[Aggregate], tuple[Population, Ints, Ints]]:
    """Return what makes a log with a release and a campaign, its members and as many others."""

    def make(aggregated: Aggregate) -> tuple[Population, Ints, Ints]:
        plan = CampaignPlan(name="north", accounts=60, attack_class="reasoning", evasion=evasion)
        made = simulate(
            SimulationConfig(
                benign_accounts=1_500, campaigns=(plan,), days=12, seed=3, release_day=6
            )
        )
        population = aggregated(made.exchanges)
        labels = made.labels
        planted = {
            account
            for account, name in zip(
                labels["account_id"].to_pylist(), labels["campaign"].to_pylist(), strict=True
            )
            if name
        }
        is_planted = np.array([name in planted for name in population.account_names])
        members = np.unique(population.parties.of_account[is_planted])
        movers = np.setdiff1d(population.pivots.party, members)
        others = np.random.default_rng(4).choice(movers, members.size, replace=False)
        return population, members, np.sort(others)

    return make


def at_the_end(population: Population) -> Moment:
    """Return the last moment."""
    texts = np.full(population.parties.count, MISSING, dtype=np.int64)
    return Moment(population, population.steps - 1, texts)


@pytest.mark.parametrize("evasion", ["E0", "E3"])
def test_a_pool_that_moves_at_once_is_told_from_others_who_move(
    evasion: Evasion, aggregated: Aggregate
) -> None:
    """On the days after a release the accounts of one operator stand out, as many others do not."""
    population, members, others = moved(evasion)(aggregated)
    (pool,), (strangers,) = ApartTest(at_the_end(population)).test(
        [members, others], [ModelPivot()]
    )
    assert pool.log10_e > 2.0
    assert strangers.log10_e < 0.3


def test_without_a_release_nothing_is_said(
    aggregated: Aggregate, naive_exchanges: pa.Table
) -> None:
    """A log whose models were all there from the start has no line for it."""
    population = aggregated(naive_exchanges)
    assert population.pivots.party.size == 0
    group = np.arange(6)
    assert ApartTest(at_the_end(population)).test([group], [ModelPivot()]) == [[]]


@pytest.fixture(scope="module")
def naive_exchanges() -> pa.Table:
    """Return a small log without a release."""
    return simulate(SimulationConfig(benign_accounts=60, campaigns=(), days=3, seed=2)).exchanges


def test_who_moved_together_shares_a_number(aggregated: Aggregate) -> None:
    """What links show is the last move: its model and its step."""
    rows = [
        {"account_id": f"a{number}", "timestamp": START + timedelta(hours=6 * step, minutes=number),
         "model": "new" if step >= moves else "old", "prompt": f"{number} {step}"}
        for number, moves in enumerate((6, 6, 7, 99))
        for step in range(9)
    ]  # fmt: skip
    moment = at_the_end(aggregated(pa.Table.from_pylist(rows)))
    shown = ModelPivot().moves(moment)
    names = moment.population.account_names
    by_name = {
        names[int(first)]: int(value)
        for first, value in zip(moment.population.parties.first_account, shown, strict=True)
    }
    assert by_name["a0"] == by_name["a1"] != MISSING
    assert by_name["a2"] not in {by_name["a0"], MISSING}
    assert by_name["a3"] == MISSING

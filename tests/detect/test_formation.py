"""Groups are formed ahead, on any number of threads, and come out the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from phalanx.detect.formation import Formation, Formations
from phalanx.detect.population import Population
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate


@pytest.fixture(scope="module")
def population(aggregated: Callable[..., Population]) -> Population:
    """A population with one campaign, over five days."""
    plan = CampaignPlan(name="north", accounts=50, attack_class="rubric", evasion="E0")
    made = simulate(SimulationConfig(benign_accounts=300, campaigns=(plan,), days=5, seed=3))
    return aggregated(made.exchanges)


def same(first: Formation, second: Formation) -> bool:
    """Say whether two formations have the same groups."""
    routes = [(first.groups[route], second.groups[route]) for route in first.groups]
    return bool((first.communities == second.communities).all()) and all(
        len(one) == len(other)
        and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
        for one, other in routes
    )


def test_threads_change_no_group(population: Population) -> None:
    """One thread and four give the same groups after every step."""
    alone, together = (list(Formations(population, 5, 0, threads)) for threads in (1, 4))
    assert len(alone) == sum(map(population.forms_after, range(population.steps)))
    for route in ("content", "identity", "birth"):
        assert any(formation.groups[route] for formation in alone)
    assert all(same(*pair) for pair in zip(alone, together, strict=True))


def test_a_formation_knows_nothing_of_later_steps(population: Population) -> None:
    """Parties that have not appeared yet are in no group."""
    joined = population.activity.joined
    steps = filter(population.forms_after, range(population.steps))
    for step, formation in zip(steps, Formations(population, 5, 0, 2), strict=True):
        for group in itertools.chain.from_iterable(formation.groups.values()):
            assert (joined[group] <= step).all()


def test_a_caller_that_stops_early_leaves_no_thread_waiting(population: Population) -> None:
    """The first formation alone can be had."""
    formations = iter(Formations(population, 5, 0, 2))
    assert next(formations).communities.shape == (population.parties.count,)
    formations.close()  # type: ignore[attr-defined] # a generator

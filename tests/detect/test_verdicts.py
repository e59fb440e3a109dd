"""From tracked groups to lists."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.detect.population import Population
from phalanx.detect.replay import Replay, ReplaySettings
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.detect.track import Track
from phalanx.detect.verdicts import sort_tracks

SETTINGS = ReplaySettings(0.1, 5, 0, 2, None)


@pytest.fixture(scope="module")
def replayed(
    aggregated: Callable[..., Population],
) -> tuple[Population, Replay, npt.NDArray[np.int64]]:
    """A small population after its replay, with the parties of its only campaign."""
    plan = CampaignPlan(name="north", accounts=60, attack_class="self_instruct", evasion="E0")
    simulation = simulate(SimulationConfig(benign_accounts=400, campaigns=(plan,), days=6, seed=1))
    population = aggregated(simulation.exchanges)
    replay = Replay(population, SETTINGS)
    for _ in replay.run():
        pass
    planted = {
        row["account_id"] for row in simulation.labels.to_pylist() if row["campaign"] == "north"
    }
    members = [
        party
        for account, party in zip(
            population.account_names, population.parties.of_account, strict=True
        )
        if account in planted
    ]
    return population, replay, np.sort(np.array(members))


def _sure(number: int, members: npt.NDArray[np.int64]) -> Track:
    track = Track("content", number, 0, int(members.size), members)
    for step in range(5):
        track.look(step, 50.0, 0.0)
    return track


def test_no_party_stands_in_two_pools(
    replayed: tuple[Population, Replay, npt.NDArray[np.int64]],
) -> None:
    """Two overlapping linked groups become pools without a common member."""
    _, replay, members = replayed
    tracks = [_sure(0, members[:40]), _sure(1, members[25:])]
    sorting = sort_tracks(tracks, replay)
    listed = np.concatenate([verdict.members for verdict in sorting.pools])
    assert listed.size >= 40
    assert np.unique(listed).size == listed.size


def test_groups_without_evidence_stay_undecided(
    replayed: tuple[Population, Replay, npt.NDArray[np.int64]],
) -> None:
    """A group with no look yet is in no list of findings."""
    _, replay, members = replayed
    fresh = Track("content", 0, 0, int(members.size), members)
    sorting = sort_tracks([fresh], replay)
    assert (sorting.campaigns, sorting.pools, sorting.undecided) == ((), (), (fresh,))

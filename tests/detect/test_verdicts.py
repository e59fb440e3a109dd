"""From tracked groups to lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.detect.groups import Incidence
from phalanx.detect.population import Population
from phalanx.detect.replay import Replay
from phalanx.detect.replay_state import ReplaySettings
from phalanx.detect.route import Route
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.detect.track import Track
from phalanx.detect.verdict import GROUNDS, Verdict
from phalanx.detect.verdicts import by_operator, is_still_unlike, sort_tracks

SETTINGS = ReplaySettings(0.1, 5, 0, 2, None)


class Replayed(NamedTuple):
    """A replay at its end, and the parties of the only campaign."""

    replay: Replay
    campaign: npt.NDArray[np.int64]


@pytest.fixture(scope="module")
def replayed(aggregated: Callable[..., Population]) -> Replayed:
    """A small population after its replay, with one campaign."""
    plan = CampaignPlan(name="north", accounts=60, attack_class="self_instruct", evasion="E0")
    simulation = simulate(SimulationConfig(benign_accounts=400, campaigns=(plan,), days=6, seed=1))
    population = aggregated(simulation.exchanges)
    replay = Replay(population, SETTINGS)
    for _ in replay.run():
        pass
    planted = {
        row["account_id"] for row in simulation.labels.to_pylist() if row["campaign"] == "north"
    }
    is_planted = np.array([name in planted for name in population.account_names])
    return Replayed(replay, np.unique(population.parties.of_account[is_planted]))


def _sure(
    number: int,
    members: npt.NDArray[np.int64],
    log10_honest: float = 0.0,
    route: Route = "content",
) -> Track:
    track = Track(route, number, 0, members, members)
    for step in range(5):
        track.look(step, 50.0, log10_honest)
    return track


def _verdict(lead: Track, members: npt.NDArray[np.int64]) -> Verdict:
    grounds = np.zeros((members.size, len(GROUNDS)))
    return Verdict((lead,), members, np.ones(members.size), grounds)


def test_no_party_stands_in_two_pools(replayed: Replayed) -> None:
    """Two overlapping linked groups become pools without a common member."""
    tracks = [_sure(0, replayed.campaign[:40]), _sure(1, replayed.campaign[25:])]
    pools = sort_tracks(tracks, replayed.replay).pools
    listed = np.concatenate([verdict.members for verdict in pools])
    assert listed.size >= 40
    assert np.unique(listed).size == listed.size


def test_a_part_of_a_group_must_reach_its_level_by_itself(replayed: Replayed) -> None:
    """Twenty of sixty members do not inherit what all of them have shown."""
    lead = _sure(0, replayed.campaign, log10_honest=50.0)
    part = _verdict(lead, replayed.campaign[:20])
    lead.threshold = 1.0
    assert is_still_unlike(part, replayed.replay)
    lead.threshold = 40.0
    assert not is_still_unlike(part, replayed.replay)


@pytest.mark.parametrize(("listed", "split_from"), [(20, 60), (45, None)])
def test_a_part_says_whose_evidence_it_shows(
    listed: int, split_from: int | None, replayed: Replayed
) -> None:
    """A third of a group names its size; three quarters of it are that group."""
    verdict = _verdict(_sure(0, replayed.campaign), replayed.campaign[:listed])
    assert replayed.campaign.size == 60
    assert verdict.evidence_of_parties == split_from


def test_what_one_operator_keeps_apart_is_one_campaign(replayed: Replayed) -> None:
    """Two halves of a campaign that births brought up are listed together."""
    halves = [replayed.campaign[::2], replayed.campaign[1::2]]
    tracks = [_sure(n, half, log10_honest=9.0, route="birth") for n, half in enumerate(halves)]
    for track in tracks:
        track.threshold = 1.0
    (found,) = sort_tracks(tracks, replayed.replay).campaigns
    assert found.members.size > 50
    assert len(found.tracks) == 2


def test_groups_that_share_nothing_are_not_joined(replayed: Replayed) -> None:
    """Parties without any common value stay the groups that they were."""
    nobody = np.zeros(0, dtype=np.int64)
    parts = replayed.campaign[:20], replayed.campaign[20:]
    verdicts = [_verdict(_sure(n, part, route="birth"), part) for n, part in enumerate(parts)]
    links = Incidence(nobody, nobody, nobody.astype(np.float64))
    found = by_operator(verdicts, links, replayed.replay)
    assert [verdict.members.tolist() for verdict in found] == [part.tolist() for part in parts]


def test_a_group_that_lost_some_members_keeps_its_evidence(replayed: Replayed) -> None:
    """Most of a group need not prove anew what the group has shown."""
    lead = _sure(0, replayed.campaign, log10_honest=50.0)
    lead.threshold = 40.0
    assert is_still_unlike(_verdict(lead, replayed.campaign[:45]), replayed.replay)


def test_groups_without_evidence_stay_undecided(replayed: Replayed) -> None:
    """A group with no look yet is in no list of findings."""
    fresh = Track("content", 0, 0, replayed.campaign, replayed.campaign)
    sorting = sort_tracks([fresh], replayed.replay)
    assert (sorting.campaigns, sorting.pools, sorting.undecided) == ((), (), (fresh,))


def test_a_part_that_was_told_apart_shows_only_its_own_evidence(replayed: Replayed) -> None:
    """Two thirds of a group that was split do not inherit what the other third has shown."""
    lead = _sure(0, replayed.campaign, log10_honest=50.0)
    lead.threshold = 40.0
    part = replace(_verdict(lead, replayed.campaign[:40]), is_part=True)
    assert part.evidence_of_parties == 60
    assert not is_still_unlike(part, replayed.replay)
    assert replace(part, members=replayed.campaign[:58]).evidence_of_parties is None

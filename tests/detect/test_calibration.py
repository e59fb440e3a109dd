"""The whole chain under the null: honest populations give e-values of mean one at most."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from phalanx.detect.apart import ApartTest, combine
from phalanx.detect.links import (
    CONTENT_FAMILIES,
    MISSING,
    STANDING_FAMILIES,
    TIMING_FAMILIES,
    LinkFamily,
    Moment,
)
from phalanx.detect.population import Population
from phalanx.detect.replay import Replay
from phalanx.detect.replay_state import ReplaySettings
from phalanx.detect.simulate import SimulationConfig, simulate

RATE = 0.1
SIZES = (5, 12, 40)
DRAWS = 40


Aggregate = Callable[..., Population]


def honest_log(accounts: int, seed: int) -> pa.Table:
    """Simulate a log without campaigns."""
    return simulate(
        SimulationConfig(benign_accounts=accounts, campaigns=(), days=8, seed=seed)
    ).exchanges


def moment_of(population: Population) -> Moment:
    """Return the end of the log, with communities that chance has drawn."""
    generator = np.random.default_rng(12)
    communities = generator.integers(0, 30, population.parties.count)
    communities[generator.random(population.parties.count) < 0.2] = MISSING
    return Moment(population, population.steps - 1, communities)


@pytest.fixture(scope="module")
def population(aggregated: Aggregate) -> Population:
    """Return an honest population of every class."""
    return aggregated(honest_log(500, 41))


def random_groups(count: int, size: int, draws: int) -> list[npt.NDArray[np.int64]]:
    """Draw groups of parties that have nothing to do with each other."""
    generator = np.random.default_rng(1000 + size)
    return [generator.choice(count, size, replace=False) for _ in range(draws)]


def calibrated(e: Sequence[float]) -> bool:
    """Say whether the mean is at most one within three standard errors."""
    values = np.array(e)
    return bool(values.mean() <= 1.0 + 3.0 * values.std() / np.sqrt(values.size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "families",
    [STANDING_FAMILIES, CONTENT_FAMILIES, TIMING_FAMILIES],
    ids=["standing", "content", "timing"],
)
def test_random_groups_have_no_evidence(
    families: Sequence[LinkFamily], size: int, population: Population
) -> None:
    """Each family, and their product over sources, averages to one at most."""
    test = ApartTest(moment_of(population))
    groups = random_groups(population.parties.count, size, DRAWS)
    lines = test.test(groups, families)
    assert lines[0]
    for position in range(len(lines[0])):
        assert calibrated([10.0 ** drawn[position].log10_e for drawn in lines])
    assert calibrated([10.0 ** combine(drawn, size) for drawn in lines])


def test_a_planted_group_has_evidence(population: Population) -> None:
    """The same test is not blind: parties of one subnet and hour stand out."""
    moment = moment_of(population)
    address = STANDING_FAMILIES[2].values(moment)[1]
    common = int(np.argmax(np.bincount(address[address != MISSING])))
    together = np.flatnonzero(address == common)
    assert together.size >= 5
    test = ApartTest(moment)
    alone = random_groups(population.parties.count, together.size, 1)[0]
    linked, unlinked = test.test([together, alone], STANDING_FAMILIES)
    assert max(line.log10_e for line in linked) > 2.0
    assert max(line.log10_e for line in unlinked) < 2.0


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_standing_families_are_calibrated_on_many_draws(size: int, population: Population) -> None:
    """Over 4,000 random groups, the mean and the tails of the product hold."""
    test = ApartTest(moment_of(population))
    groups = random_groups(population.parties.count, size, 4_000)
    e = np.array([10.0 ** combine(lines, size) for lines in test.test(groups, STANDING_FAMILIES)])
    assert calibrated(e.tolist())
    for alpha in (0.1, 0.01):
        spread = 3.0 * np.sqrt(alpha * (1 - alpha) / e.size)
        assert np.mean(e >= 1.0 / alpha) <= alpha + spread


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_honest_populations_raise_no_campaign(seed: int, aggregated: Aggregate) -> None:
    """Replayed step by step at a rate of a tenth, no honest population holds a campaign."""
    replay = Replay(aggregated(honest_log(350, 500 + seed)), ReplaySettings(RATE, 5, 0, 2, None))
    assert list(replay.run()) == list(range(replay.moment.step + 1))
    assert replay.tracks
    assert [track for track in replay.tracks if track.discovered_step is not None] == []

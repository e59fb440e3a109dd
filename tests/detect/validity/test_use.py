"""The honest-use test under its own null: members that use the model as others of like volume."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.detect.population import Population
from phalanx.detect.replay import Replay
from phalanx.detect.replay_state import ReplaySettings
from phalanx.detect.thresholds import MINIMUM_EXCHANGES
from phalanx.detect.track import Track

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FORMED_STEP = 7

BANDS = {"all": (0.0, 1.0), "low": (0.0, 0.4), "middle": (0.3, 0.7), "high": (0.6, 1.0)}
"""Name -> quantiles of volume that members are drawn from."""


@pytest.fixture(scope="module")
def replayed(honest: Population) -> Replay:
    """Return the replay of an honest log, at its end."""
    replay = Replay(honest, ReplaySettings(0.1, 5, 0, 1, None))
    for _ in replay.run():
        pass
    return replay


def active(replay: Replay, band: str) -> Ints:
    """Return parties of a band of volume whose habits are known."""
    exchanges = replay.use_between(FORMED_STEP + 1, replay.moment.step).exchanges
    parties = np.flatnonzero(exchanges >= MINIMUM_EXCHANGES)
    low, high = np.quantile(exchanges[parties], BANDS[band])
    return np.asarray(parties[(exchanges[parties] >= low) & (exchanges[parties] <= high)])


def drawn(replay: Replay, band: str, size: int, times: int) -> Floats:
    """Return e of groups that chance drew."""
    generator = np.random.default_rng(size)
    parties = active(replay, band)
    logs = []
    for _ in range(times):
        members = np.sort(generator.choice(parties, size, replace=False))
        track = Track("content", 0, FORMED_STEP, members, members)
        logs.append(replay.examine_use(members, members, track).log10_e)
    return 10.0 ** np.array(logs)


@pytest.mark.parametrize("band", ["low", "high"])
def test_random_members_show_no_harvest(
    band: str, replayed: Replay, calibrated: Callable[[Floats], bool]
) -> None:
    """Groups that chance draws among parties of like volume average to one at most."""
    assert calibrated(drawn(replayed, band, 12, 200))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("band", "size"), [("all", 5), ("low", 20), ("middle", 20), ("high", 20), ("all", 60)]
)
def test_random_members_show_no_harvest_on_many_draws(
    band: str, size: int, replayed: Replay, calibrated: Callable[[Floats], bool]
) -> None:
    """Mean and tails hold at every size and volume, over 10,000 draws of each."""
    assert calibrated(drawn(replayed, band, size, 10_000))

"""A model that comes out within the log, and who turns to it when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phalanx.detect.simulate.config import SimulationConfig
from phalanx.detect.simulate.grammar.hashing import Seeds, combine, key_of, mix, unit
from phalanx.detect.simulate.ladder import rung
from phalanx.detect.simulate.population import class_seed
from phalanx.detect.simulate.profiles import PROFILES
from phalanx.detect.simulate.scene import Scene

NEW_MODEL = "atlas-large-5"

_HOUR_US = 3_600_000_000
_HOUR_OF_DAY = 15
_SWITCHING_SHARE = 0.6
_SWITCH_HOURS = 36.0
_LEAST_SHARE = 0.3
_UPDATED_SHARE = 0.5
_UPDATE_HOURS = 20
_OPERATOR_HOURS = 20.0
_OPERATOR_SHARE = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class Release:
    """Who uses the new model, from when on and for what share of its exchanges."""

    model: int
    """Position of the new model among all."""

    since_us: NDArray[np.int64]
    """Instant from which on each account uses it, shape (accounts,)."""

    share: NDArray[np.float64]
    """Share of its exchanges from then on."""

    harvest_only: NDArray[np.bool_]
    """Whether its cover traffic stays with the models that it had."""

    def chosen(
        self,
        account: NDArray[np.int64],
        time_us: NDArray[np.int64],
        harvest: NDArray[np.bool_],
        noise: Seeds,
    ) -> NDArray[np.bool_]:
        """Mark the exchanges that are sent to the new model."""
        wanted = (time_us >= self.since_us[account]) & (
            unit(noise, key_of("new model")) < self.share[account]
        )
        return np.asarray(wanted & (harvest | ~self.harvest_only[account]))


def draw_release(scene: Scene, config: SimulationConfig, model: int) -> Release | None:
    """Let accounts turn to a model that comes out in the afternoon (UTC) of `release_day`.

    Most honest accounts turn within days, each when it pleases, those of one organisation
    together. Half of the users of frameworks turn when the framework's default changes. An
    operator moves half of its harvest on all accounts at once, within a day; at E6 its
    accounts turn as honest ones do.

    Parameters:
        scene: Accounts; nothing of it depends on the release.
        config: What is simulated.
        model: Position of the new model among all.

    Returns:
        Who turns when, or null where no model comes out.
    """
    if config.release_day is None:
        return None
    accounts, seed = scene.accounts, key_of("release", config.seed)
    start_us = int(config.start.timestamp() * 1_000_000)
    release_us = start_us + (config.release_day * 24 + _HOUR_OF_DAY) * _HOUR_US
    own = combine(class_seed(accounts, np.arange(len(accounts))), np.full(len(accounts), seed))
    waited = -_SWITCH_HOURS * np.log1p(-unit(own, key_of("waited")))
    share = _LEAST_SHARE + (1.0 - _LEAST_SHARE) * unit(own, key_of("share"))
    share[unit(own, key_of("switching")) >= _SWITCHING_SHARE] = 0.0
    updated = accounts.behaviour == list(PROFILES).index("framework")
    updated &= unit(own, key_of("updated")) < _UPDATED_SHARE
    waited[updated], share[updated] = _UPDATE_HOURS, 1.0
    operated = np.zeros(len(accounts), dtype=np.bool_)
    campaigns = np.array([name or "" for name in scene.campaigns])
    for plan in config.campaigns:
        if rung(plan.evasion or config.evasion).spread_identity:
            continue
        members = campaigns == plan.name
        operated |= members
        drawn = unit(mix(np.array([seed]), key_of("operator", plan.name)), key_of("waited"))
        waited[members], share[members] = _OPERATOR_HOURS * drawn[0], _OPERATOR_SHARE
    return Release(
        model=model,
        since_us=release_us + (waited * _HOUR_US).astype(np.int64),
        share=share,
        harvest_only=operated,
    )

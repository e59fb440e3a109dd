"""How much evidence against honest use is within reach, and how much is needed.

Ranks among few honest operators carry little, looks share the error, and every group that is
opened takes its part. All three cost power and buy validity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from honest_replay import LEVELS, HonestReplay
from phalanx.detect.honest import reachable_pool_log10_e
from phalanx.detect.replay import Replay
from phalanx.detect.track import Track
from phalanx.evidence import (
    LINKED_LOG10_E,
    LOOKS,
    NOT_ASKED,
    e_benjamini_hochberg_two_nulls,
    pool_log10_e_over_orders,
    weighted_looks,
)

_SURE = 300.0
_FORMED_AFTER_SHARE = 1 / 7
_ORDERS = 20
_VOLUME_SAMPLE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a campaign of so many parties could show in an otherwise honest log."""

    days: int
    parties: int
    """Of the honest population."""

    groups: int
    linked: int
    reference: int
    """Operators that serve as reference."""

    like_volume: int
    """Those that are of like volume on the same days as random active parties are."""

    members: int
    """Parties of the campaign."""

    stated_log10_e: float
    """Largest evidence of one look that a report states as within reach."""

    one_look_log10_e: float
    """Evidence of one look if every member scores above the whole reference in every score, and
    members among each other as chance has it."""

    alike_log10_e: float
    """The same if the members are all alike: ties count against the group."""

    first_look_log10_e: float
    """What remains of `one_look_log10_e` after the first look."""

    end_log10_e: float
    """The same after the last look of the log."""

    needed_log10_e: Mapping[float, float]
    """Level -> evidence needed of it as the only discovery."""


def reach(honest: HonestReplay, replay: Replay, members: int, *, times_groups: int = 1) -> Reach:
    """Return what a campaign could show that content forms a seventh into the log.

    Parameters:
        honest: What a log without campaigns gave.
        replay: Its replay, at the last step.
        members: Parties of the campaign; each is active on every look.
        times_groups: Count every group of the log so often.
    """
    steps = replay.moment.step + 1
    formed = int(steps * _FORMED_AFTER_SHARE)
    active = np.flatnonzero(replay.use_between(formed + 1, steps - 1).exchanges > 0)
    rng = np.random.default_rng(members)
    drawn = np.sort(rng.choice(active, min(_VOLUME_SAMPLE, active.size), replace=False))
    track = Track("content", 0, formed, drawn.size, drawn)
    like = replay.examine_use(drawn, drawn, track).reference_size
    one_look = _above_all(rng.random(members), like, rng)
    looks = sum(1 for look in LOOKS[1:] if formed + look < steps)
    apart = np.tile([group.log10_e_apart for group in honest.groups], times_groups)
    sizes = np.tile([float(group.parties) for group in honest.groups], times_groups)
    with_campaign = np.append(apart, _SURE)
    needed = {
        level: float(
            e_benjamini_hochberg_two_nulls(
                with_campaign,
                np.full(with_campaign.size, NOT_ASKED),
                level,
                np.append(sizes, float(members)),
            ).threshold_log10_e[-1]
        )
        for level in LEVELS
    }
    return Reach(
        days=honest.days,
        parties=honest.parties,
        groups=apart.size,
        linked=int((apart >= LINKED_LOG10_E).sum()),
        reference=honest.reference,
        like_volume=like,
        members=members,
        stated_log10_e=reachable_pool_log10_e(members, like),
        one_look_log10_e=one_look,
        alike_log10_e=_above_all(np.zeros(members), like, rng),
        first_look_log10_e=weighted_looks([NOT_ASKED, one_look]),
        end_log10_e=weighted_looks([NOT_ASKED] + [one_look] * looks),
        needed_log10_e=needed,
    )


def _above_all(scores: npt.NDArray[np.float64], reference: int, rng: np.random.Generator) -> float:
    """Bet on members whose scores, at least 0, are all above those of the reference."""
    orders = rng.permuted(np.tile(np.arange(scores.size), (_ORDERS, 1)), axis=1)
    below = np.full(reference, -1.0)
    return pool_log10_e_over_orders(scores, below, float(np.sqrt(scores.size)), orders)

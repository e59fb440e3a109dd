"""Who belongs to a group: content and standing values, counted among those who surely do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from phalanx.detect.links import MISSING, Moment, SharedValues, Source
from phalanx.detect.membership import (
    COVERAGE_EDGES,
    KNOWN_EDGES,
    Core,
    membership,
    over_sources,
    share_log_ratio,
    standing_log_ratios,
)

PARTIES = 2_000
CORE = np.arange(100)
CLASS = np.arange(100, 111)
STRANGERS = np.arange(500, 510)


@dataclass(frozen=True)
class Trait:
    """A family with given values."""

    source: Source
    carried: npt.NDArray[np.int64]
    name: str = "trait"
    rule_id: str = "PHX-D000"
    stratum: str = "country"
    columns: tuple[str, ...] = ()

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:  # noqa: ARG002
        """Return the given values, whatever the moment."""
        return (self.carried,)


def alone() -> npt.NDArray[np.int64]:
    """Give everybody a value of its own."""
    return np.arange(PARTIES) + PARTIES


def ratio(members: npt.NDArray[np.int64], *families: Trait) -> npt.NDArray[np.float64]:
    """Return the log ratio of members; the core is known from elsewhere."""
    moment = cast("Moment", None)
    chosen = cast("list[SharedValues]", families)
    return over_sources(standing_log_ratios(moment, chosen, members, Core(CORE, 1)), chosen)


def test_a_clique_does_not_vouch_for_itself() -> None:
    """A class shares its subnet and mail among itself and only an hour with the campaign."""
    subnet, mail, hour = alone(), alone(), alone()
    cards = alone()
    cards[CORE] = np.arange(CORE.size) // 5
    for shared in (subnet, mail):
        shared[CLASS] = 7
    hour[:130] = 3
    families = (Trait("network", subnet), Trait("identity", mail), Trait("birth", hour))
    both = np.concatenate([CORE, CLASS])
    found = ratio(both, *families, Trait("identity", cards))
    assert found[: CORE.size].min() > found[CORE.size :].max() + 1.0


def test_cards_shared_with_the_core_speak_for_a_member() -> None:
    """Two accounts outside the core pay with a card of the core; strangers do not."""
    cards = alone()
    cards[CORE] = np.arange(CORE.size) // 10
    cards[STRANGERS[:2]] = 3
    found = ratio(STRANGERS, Trait("identity", cards))
    assert found[:2].min() > 3.0
    assert found[2:].max() < 0.0


def test_what_is_not_carried_says_nothing() -> None:
    """A log without cards moves nobody in or out."""
    nobody = np.full(PARTIES, MISSING)
    assert (ratio(CORE, Trait("identity", nobody)) == 0.0).all()


def test_traffic_in_the_content_of_the_group_speaks_for_a_member() -> None:
    """Whoever sends what the group sends is likelier a member than whoever does not."""
    coverage = np.zeros(PARTIES)
    coverage[CORE] = 0.9
    found = share_log_ratio(coverage, np.ones(PARTIES), CORE, COVERAGE_EDGES)
    assert found[CORE].min() > 3.0
    assert found[STRANGERS].max() < 0.0


def test_a_group_that_shares_nothing_keeps_nobody() -> None:
    """Without evidence the prior decides, and it is small."""
    assert membership(np.zeros(10), np.zeros(10), PARTIES).max() < 0.01


def test_prompts_of_known_sets_tell_members_from_those_born_beside_them() -> None:
    """One prompt in twenty from a known set speaks for a party where outsiders send none."""
    known = np.zeros(PARTIES)
    known[CORE] = 0.05
    found = share_log_ratio(known, np.ones(PARTIES), CORE, KNOWN_EDGES)
    assert found[CORE].min() > 3.0
    assert found[STRANGERS].max() < 0.0

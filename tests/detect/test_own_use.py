"""What a group shares is seen apart from what its parties do otherwise."""

from __future__ import annotations

import numpy as np

from phalanx.detect.links import MISSING
from phalanx.detect.own_use import OwnContent, own_use
from phalanx.detect.shared_use import SharedUse, shared_use
from phalanx.detect.tables import USE_COUNTS

PARTIES = 8
GROUP = np.arange(4)


def content() -> SharedUse:
    """Four parties share value 0 in one turn, ten times each; all share value 1 in many turns."""
    party = np.concatenate([GROUP, np.arange(PARTIES)])
    value = np.concatenate([np.zeros(GROUP.size, np.int64), np.ones(PARTIES, np.int64)])
    harvest = value == 0
    counts = {name: np.zeros(party.size, dtype=np.int64) for name in USE_COUNTS}
    counts["exchanges"] = np.where(harvest, 10, 190)
    counts["first_turns"] = counts["long_outputs"] = np.where(harvest, 10, 0)
    counts["output_tokens"] = np.where(harvest, 6_000, 1_900)
    return shared_use(party, value, np.ones(party.size, dtype=np.int64), counts, (PARTIES, 2))


def own() -> OwnContent:
    """Value 0 belongs to community 3, which is the group's; value 1 to nobody."""
    communities = np.where(np.arange(PARTIES) < GROUP.size, 3, MISSING)
    return OwnContent(content(), np.array([3, MISSING]), np.array([4, 8]), communities)


def test_cover_traffic_does_not_hide_the_shared_part() -> None:
    """Five per cent of the traffic is shared, and only it is scored."""
    use = own().of_group(GROUP, 0, 1)
    assert (use.exchanges == 10).all()
    alone = own_use(np.array([[10.0, 10.0, 10.0, 0.0, 0.0, 6_000.0]]))
    assert np.allclose(use.scores, alone.scores)


def test_a_group_is_seen_as_any_community_is() -> None:
    """Its members have the same scores when they serve as reference for others."""
    of_parties = own().of_parties(0, 1)
    assert np.allclose(of_parties.scores[GROUP], own().of_group(GROUP, 0, 1).scores)
    assert (of_parties.exchanges[GROUP.size :] == 0).all()


def test_what_half_the_world_shares_is_nobodys_own() -> None:
    """A value of which a group holds no majority is left out, and other steps as well."""
    assert (own().of_group(np.array([4, 5]), 0, 1).exchanges == 0).all()
    assert (own().of_group(GROUP, 2, 3).exchanges == 0).all()

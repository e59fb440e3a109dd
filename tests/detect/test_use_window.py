"""What counts as public depends on who asks."""

from __future__ import annotations

import numpy as np

from phalanx.detect.activity import arrange
from phalanx.detect.codes import MISSING
from phalanx.detect.habits import NOT_PUBLIC, Habits
from phalanx.detect.population import COUNT_COLUMNS
from phalanx.detect.shared_use import shared_use
from phalanx.detect.use_window import PUBLIC_OUTSIDERS, PromptUsers, UseWindow

PARTIES, STEPS = 12, 3


def window(
    users: list[int], first: int = 0, last: int = STEPS - 1, communities: object = None
) -> UseWindow:
    """All send ten exchanges a step; `users` send one prompt ten times, in step 1."""
    party, step = (cells.ravel() for cells in np.indices((PARTIES, STEPS)))
    counts = {name: np.zeros(party.size) for name in COUNT_COLUMNS}
    counts["exchanges"][:] = 10.0
    activity = arrange(party, step, np.zeros(party.size, np.int32), counts, (PARTIES, STEPS))
    use = shared_use(
        np.array(users),
        np.zeros(len(users), dtype=np.int64),
        np.ones(len(users), dtype=np.int64),
        {"exchanges": np.full(len(users), 10)},
        (PARTIES, 1),
    )
    texts = np.full(PARTIES, MISSING) if communities is None else np.array(communities)
    habits = Habits(activity, knows_sets=False)
    return UseWindow(PromptUsers(use), habits, texts, first, last)


def test_a_prompt_of_a_group_is_public_to_outsiders_only() -> None:
    """Seen alone, a third of the traffic was public; seen from the group, none."""
    users = np.arange(6)
    view = window(users.tolist())
    assert np.allclose(view.shares[users, NOT_PUBLIC], 2 / 3)
    assert np.allclose(view.shares_within(users, users)[:, NOT_PUBLIC], 1.0)


def test_a_prompt_of_a_community_is_public_to_others_only() -> None:
    """A party is seen as a group is: what its own community passes around is not public to it."""
    community = [7] * 6 + [8] * 6
    view = window(list(range(6)), communities=community)
    assert np.allclose(view.shares[:, NOT_PUBLIC], 1.0)
    view = window(list(range(7)), communities=community)
    assert np.allclose(view.shares[:6, NOT_PUBLIC], 1.0)
    assert np.isclose(view.shares[6, NOT_PUBLIC], 2 / 3)


def test_a_part_of_a_group_is_not_excused_by_the_rest() -> None:
    """The circle decides, not the part that is asked about."""
    users = np.arange(6)
    view = window(users.tolist())
    part = users[:2]
    assert np.allclose(view.shares_within(part, part)[:, NOT_PUBLIC], 2 / 3)
    assert np.allclose(view.shares_within(part, users)[:, NOT_PUBLIC], 1.0)


def test_few_outsiders_make_nothing_public() -> None:
    """From `PUBLIC_OUTSIDERS` outsiders on a prompt is public, not before."""
    for outsiders, expected in ((PUBLIC_OUTSIDERS - 1, 1.0), (PUBLIC_OUTSIDERS, 2 / 3)):
        view = window(list(range(2 + outsiders)))
        pair = np.arange(2)
        assert np.allclose(view.shares_within(pair, pair)[:, NOT_PUBLIC], expected)


def test_prompts_of_other_steps_do_not_count() -> None:
    """A window after the shared step sees none of it, one before does not know of it."""
    users = list(range(6))
    pair = np.arange(2)
    for first, last in ((2, 2), (0, 0)):
        view = window(users, first, last)
        assert np.allclose(view.shares_within(pair, pair)[:, NOT_PUBLIC], 1.0)

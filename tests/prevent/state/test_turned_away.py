"""What was turned away, and who comes back with it."""

from __future__ import annotations

import pytest

from phalanx.prevent.state.turned_away import WINDOW_US, nothing_turned_away


def test_another_account_with_the_same_request_continues_it() -> None:
    """Within a minute, and not after it."""
    table = nothing_turned_away()
    table.remember(7, 1, 0, now_us=0)
    assert table.continues(7, 2, 0, WINDOW_US)
    assert not table.continues(7, 2, 0, WINDOW_US + 1)
    assert not table.continues(8, 2, 0, 1)


def test_an_account_that_tries_again_continues_nothing() -> None:
    """That is what clients do."""
    table = nothing_turned_away()
    table.remember(7, 1, 0, now_us=0)
    assert not table.continues(7, 1, 0, 1)


def test_keys_of_one_organisation_are_nobody_else() -> None:
    """Who declares that two accounts belong together may rotate them."""
    table = nothing_turned_away()
    table.remember(7, 1, organisation=9, now_us=0)
    assert not table.continues(7, 2, 9, 1)
    assert table.continues(7, 2, 8, 1)
    assert table.continues(7, 2, 0, 1)


def test_a_full_group_loses_its_oldest_entry_and_counts_it() -> None:
    """A flood costs old entries, never memory."""
    table = nothing_turned_away(entries=4)
    for content in range(5):
        table.remember(content, 1, 0, now_us=content)
    assert not table.continues(0, 2, 0, 5)
    assert all(table.continues(content, 2, 0, 5) for content in range(1, 5))
    assert table.overwritten[0] == 1


def test_the_same_entry_is_kept_once() -> None:
    """A client that tries again and again fills nothing."""
    table = nothing_turned_away(entries=4)
    for moment in range(50):
        table.remember(7, 1, 0, now_us=moment)
    assert (table.at_us >= 0).sum() == 1
    assert table.overwritten[0] == 0


@pytest.mark.parametrize("entries", [0, 2, 100])
def test_a_table_of_another_size_is_refused(entries: int) -> None:
    """Places follow from bits of a hash."""
    with pytest.raises(ValueError, match="power of two"):
        nothing_turned_away(entries)

"""Which prompts a model reads."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.embedder import may_be_picked

ROWS = st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 5), st.booleans())
"""Account, step, draw, and whether the prompt says something."""


@given(st.lists(ROWS, max_size=40), st.lists(st.integers(0, 40), max_size=3))
def test_what_is_picked_is_read_however_a_log_is_cut(
    rows: list[tuple[int, int, int, bool]], cuts: list[int]
) -> None:
    """The smallest draw of an account and step is among those read of its batch."""
    read: list[bool] = []
    places = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    for start, end in pairwise(places):
        account, step, draw, carried = (
            np.array(column, dtype=np.int64) for column in zip(*rows[start:end], strict=True)
        )
        read += may_be_picked(account, step, draw, carried.astype(np.bool_)).tolist()
    for (own, when, drawn, says), is_read in zip(rows, read, strict=True):
        draws = [d for a, s, d, there in rows if (a, s) == (own, when) and there]
        if says and drawn == min(draws):
            assert is_read
        if not says:
            assert not is_read


@given(st.lists(ROWS, min_size=1, max_size=40))
def test_no_more_is_read_than_may_be_picked(rows: list[tuple[int, int, int, bool]]) -> None:
    """In one batch, of each account and step, only those of the smallest draw."""
    account, step, draw, carried = (
        np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)
    )
    read = may_be_picked(account, step, draw, carried.astype(np.bool_))
    of_read = {(int(a), int(s)) for a, s in zip(account[read], step[read], strict=True)}
    assert len({(a, s, d) for (a, s, d, _), r in zip(rows, read, strict=True) if r}) == len(of_read)

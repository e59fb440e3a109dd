"""What requests send, as 64 bits each."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.prevent.state.contents import contents_of

KEY = bytes(range(32))
TEXTS = st.none() | st.text(max_size=40)
Parts = tuple[str | None, str | None, str | None]


def _columns(rows: list[Parts]) -> tuple[pa.Array, ...]:
    return tuple(pa.array(each, pa.string()) for each in zip(*rows, strict=True))


def _content(*parts: str | None, key: bytes = KEY) -> int:
    return int(contents_of(tuple(pa.array([part], pa.string()) for part in parts), key)[0])


@settings(max_examples=50)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=20), st.integers(0, 3))
def test_a_column_of_contents_is_each_by_itself(rows: list[Parts], skipped: int) -> None:
    """Nulls, empty texts, and parts of a column too."""
    skipped %= len(rows)
    columns = tuple(column.slice(skipped) for column in _columns(rows))
    expected = [_content(*row) for row in rows[skipped:]]
    assert contents_of(columns, KEY).tolist() == expected


@settings(max_examples=50)
@given(st.tuples(TEXTS, TEXTS, TEXTS), st.tuples(TEXTS, TEXTS, TEXTS))
def test_two_contents_agree_only_if_all_their_parts_do(one: Parts, other: Parts) -> None:
    """Where one part ends and the next begins counts, and null is not empty."""
    assert (_content(*one) == _content(*other)) == (one == other)
    assert _content(None, "", "a") != _content("", "", "a")


def test_another_key_gives_other_contents() -> None:
    """Nobody without the key knows which contents fall together."""
    assert _content("a") != _content("a", key=bytes(32))

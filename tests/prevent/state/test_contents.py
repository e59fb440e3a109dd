"""What requests send, as 64 bits each."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.prevent.state.contents import content_of, contents_of

KEY = bytes(range(32))
TEXTS = st.none() | st.text(max_size=40)


@settings(max_examples=50)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=20), st.integers(0, 3))
def test_a_column_of_contents_is_each_by_itself(
    rows: list[tuple[str | None, str | None, str | None]], skipped: int
) -> None:
    """Nulls, empty texts, and parts of a column too."""
    skipped %= len(rows)
    columns = tuple(pa.array(each, pa.string()).slice(skipped) for each in zip(*rows, strict=True))
    expected = [content_of(row, KEY) for row in rows[skipped:]]
    assert contents_of(columns, KEY).tolist() == expected


@settings(max_examples=50)
@given(st.tuples(TEXTS, TEXTS, TEXTS), st.tuples(TEXTS, TEXTS, TEXTS))
def test_two_contents_agree_only_if_all_their_parts_do(
    one: tuple[str | None, ...], other: tuple[str | None, ...]
) -> None:
    """Where one part ends and the next begins counts, and null is not empty."""
    assert (content_of(one, KEY) == content_of(other, KEY)) == (one == other)
    assert content_of((None, "", "a"), KEY) != content_of(("", "", "a"), KEY)


def test_half_a_character_is_a_content_too() -> None:
    """Hostile requests carry half surrogates."""
    assert content_of(("\ud800",), KEY) != content_of(("\udc00",), KEY)


def test_another_key_gives_other_contents() -> None:
    """Nobody without the key knows which contents fall together."""
    assert content_of(("a",), KEY) != content_of(("a",), bytes(32))

"""Identifiers that look like given ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.simulate.identifiers import hexadecimal, style_of, write_unused

TEXTS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12
)


@given(st.lists(TEXTS, max_size=30), st.integers(1, 30))
def test_written_identifiers_are_new_and_distinct(given_ids: list[str], size: int) -> None:
    """Whatever a log's identifiers look like, planted ones differ from them and each other."""
    style = style_of(given_ids, hexadecimal("a_"))
    seeds = np.arange(1, size + 1, dtype=np.uint64)
    written = write_unused(style, seeds, set(given_ids)).to_pylist()
    assert len(set(written)) == size
    assert not set(written) & set(given_ids)


@given(st.lists(st.from_regex(r"\Ausr-[0-9]{8}\Z"), min_size=2, max_size=40, unique=True))
def test_the_style_keeps_prefix_length_and_alphabet(given_ids: list[str]) -> None:
    """Digits stay digits, and what all identifiers begin with stays."""
    style = style_of(given_ids, hexadecimal(""))
    written = style.write(np.arange(5, dtype=np.uint64)).to_pylist()
    for text in written:
        assert text.startswith("usr-")
        assert text[4:].isdigit()
        assert len(text) == 12


def test_nulls_show_no_style() -> None:
    """Where a log has no identifiers, the simulator's own style is used."""
    own = hexadecimal("req_")
    assert style_of([None, "", None], own) == own


def test_equal_seeds_give_equal_identifiers() -> None:
    """A payment that two accounts share is written alike."""
    one, two, other = hexadecimal("pm_").write(np.array([7, 7, 8], dtype=np.uint64)).to_pylist()
    assert one == two != other

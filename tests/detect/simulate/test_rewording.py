"""Light rewording of given prompts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.simulate.rewording import reworded


@given(st.text(max_size=200), st.integers(0, 2**64 - 1))
def test_any_text_can_be_reworded(text: str, seed: int) -> None:
    """Nothing breaks, and the same seed gives the same words."""
    seeds = np.array([seed], dtype=np.uint64)
    assert reworded([text], seeds) == reworded([text], seeds)


@given(st.integers(0, 2**64 - 1))
def test_words_without_synonyms_stay(seed: int) -> None:
    """Names and numbers of a prompt survive."""
    (text,) = reworded(["Explain Kepler 22b to Amara."], np.array([seed], dtype=np.uint64))
    assert text.endswith("Kepler 22b to Amara.")


def test_seeds_give_many_wordings() -> None:
    """One prompt of some length turns into many."""
    text = "Write a function and explain each step, then list several examples and compare them."
    seeds = np.arange(100, dtype=np.uint64)
    assert len(set(reworded([text] * 100, seeds))) > 60

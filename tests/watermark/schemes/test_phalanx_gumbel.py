"""`phalanx-gumbel-v1`: known answers, and numbers that are even and independent over keys."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from phalanx.logs.siphash import siphash_words
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.phalanx_gumbel import NAME, PhalanxGumbel

tokens = st.lists(st.integers(0, (1 << 63) - 1), min_size=2, max_size=12)


def plain(text: list[int], width: int, secret: bytes) -> list[float]:
    """Compute scores from the definition, one word at a time."""
    digest = hmac.digest(secret, NAME.encode(), hashlib.sha256)
    key = (
        np.uint64(int.from_bytes(digest[:8], "little")),
        np.uint64(int.from_bytes(digest[8:16], "little")),
    )
    words = np.array(text, dtype=np.uint64)
    values = [
        int(siphash_words(words, at - width, width + 1, key)) for at in range(width, len(text))
    ]
    return [-float(np.log1p(-((value >> 12) + 0.5) / 2.0**52)) for value in values]


@given(tokens, st.integers(1, 16), st.binary(min_size=32, max_size=32))
def test_as_defined(text: list[int], width: int, secret: bytes) -> None:
    """Scores are those of the definition, for tokens and contexts of any width."""
    draws = draw([text], width)
    expected = [plain(text, width, secret)[at - width] for at in draws.positions]
    assert PhalanxGumbel(width).scores(draws, secret) == pytest.approx(expected)


def test_known_answers() -> None:
    """What is marked today is seen by any later version."""
    scheme = PhalanxGumbel()
    scores = scheme.scores(draw([range(1, 9)], 4), bytes(range(32)))
    assert scores.round(6).tolist() == [1.455005, 0.406534, 0.188674, 3.976892]


def test_even_and_independent_over_keys() -> None:
    """Over keys the number of a pair is uniform, and that of its neighbour tells nothing of it."""
    keys = np.random.default_rng(5).integers(0, 256, (2000, 32), dtype=np.uint8)
    scheme = PhalanxGumbel()
    draws = draw([[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6], [0, 0, 0, 0, 0]], 4)
    scores = np.array([scheme.scores(draws, key.tobytes()) for key in keys])
    for column in scores.T:
        assert kstest(column, "expon").pvalue > 1e-6
    ranks = scores.argsort(axis=0).argsort(axis=0)
    correlations = np.asarray(np.corrcoef(ranks.T))[np.triu_indices(4, 1)]
    assert np.all(np.abs(correlations) < 5 / np.sqrt(len(keys)))


@pytest.mark.parametrize("width", [0, 17])
def test_widths_out_of_range(width: int) -> None:
    """A context has 1 to 16 tokens."""
    with pytest.raises(ValueError, match="1 to 16"):
        PhalanxGumbel(width)

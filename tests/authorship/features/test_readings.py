"""Readings: the formulas on numbers worked by hand, and the law of what a model writes itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.authorship.features.readings import (
    Reading,
    curvature,
    perplexity_ratio,
    reading_of,
    statistics_of,
)

SEEDS = st.integers(0, 2**32 - 1)


def test_the_formulas_are_those_of_the_papers() -> None:
    """Two tokens of three: p = (1/2, 1/4, 1/4), q = (1/4, 1/2, 1/4), by hand in bits."""
    scoring = np.log([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]])
    sampling = np.log([[0.25, 0.5, 0.25], [0.25, 0.5, 0.25]])
    said = reading_of(scoring, sampling, np.array([0, 2]))
    bits = np.log(2.0)
    assert said.log_probability == pytest.approx([-bits, -2 * bits])
    # Under q, log2 p is -1 with 1/4 and -2 with 3/4: mean -7/4, variance 3/16.
    assert said.expected == pytest.approx([-1.75 * bits] * 2)
    assert said.variance == pytest.approx([3 / 16 * bits**2] * 2)
    assert said.rank.tolist() == [1.0, 2.0]
    assert curvature(said) == pytest.approx((-3.0 + 3.5) / np.sqrt(6 / 16))
    assert perplexity_ratio(said) == pytest.approx(3.0 / 3.5)
    assert statistics_of(said) == pytest.approx(
        [0.5 / np.sqrt(6 / 16), -3.0 / 3.5, -1.5 * bits, -bits / 2]
    )


def test_what_a_model_writes_itself_has_a_curvature_of_no_bias() -> None:
    """Null hypothesis: q wrote the text. Mean 0 and variance 1 over 400 texts of 60 tokens."""
    random = np.random.default_rng(4)
    found = []
    for _ in range(400):
        scoring, sampling = random.normal(size=(2, 60, 50)) * 2.0
        shares = np.exp(sampling) / np.exp(sampling).sum(axis=1, keepdims=True)
        written = (shares.cumsum(axis=1) < random.random((60, 1))).sum(axis=1)
        found.append(curvature(reading_of(scoring, sampling, np.minimum(written, 49))))
    assert abs(np.mean(found)) < 4 / np.sqrt(400)
    assert np.var(found) == pytest.approx(1.0, abs=4 * np.sqrt(2 / 400))


@given(SEEDS)
def test_what_is_added_before_the_softmax_changes_nothing(seed: int) -> None:
    """Models say distributions only up to a constant at each token."""
    random = np.random.default_rng(seed)
    scoring = random.normal(size=(70, 9))
    tokens = random.integers(0, 9, 70)
    moved = scoring + random.normal(size=(70, 1)) * 50.0
    once, again = (statistics_of(reading_of(each, each, tokens)) for each in (scoring, moved))
    assert once == pytest.approx(again)


@given(SEEDS)
def test_the_likeliest_tokens_score_at_least_as_high_as_any_others(seed: int) -> None:
    """Of all texts under the same distributions, the greedy one is the most like a model's."""
    random = np.random.default_rng(seed)
    scoring = random.normal(size=(20, 9))
    greedy, other = scoring.argmax(axis=1), random.integers(0, 9, 20)
    best, said = (statistics_of(reading_of(scoring, scoring, each)) for each in (greedy, other))
    assert (best >= said - 1e-12).all()


def test_a_text_of_one_token_says_nothing() -> None:
    """Nothing was read: neither curvature nor rank, and an even ratio."""
    nothing = Reading(*[np.zeros(0)] * 4)
    assert statistics_of(nothing).tolist() == [0.0, -1.0, 0.0, 0.0]


@pytest.mark.parametrize("broken", [np.array([np.nan]), np.array([0.0]), np.ones(2)])
def test_what_no_model_says_is_refused(broken: np.ndarray) -> None:
    """Ranks that are no numbers, below 1, or of other tokens."""
    with pytest.raises(ValueError, match="a reading"):
        Reading(-np.ones(1), -np.ones(1), np.ones(1), broken)
    with pytest.raises(ValueError, match="one distribution over one vocabulary"):
        reading_of(np.zeros((2, 3)), np.zeros((2, 4)), np.zeros(2, dtype=np.int64))

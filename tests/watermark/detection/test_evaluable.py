"""The lengths that are stated: enough for about half of marked texts, never too few."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import digamma

from phalanx.watermark.detection.evaluable import draws_needed, shortest_text, why_not_evaluable
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.kgw_transformers import green_gain
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel, gumbel_gain
from phalanx.watermark.schemes.scheme import Setting
from phalanx.watermark.schemes.synthid import SynthId

SETTING = PhalanxGumbel().setting


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=50))
def test_the_gain_of_an_entropy_is_a_bound(weights: list[float]) -> None:
    """For any chances the winner's mean score is at least what their entropy promises."""
    share = np.array(weights) / sum(weights)
    exact = float((share * (digamma(1.0 + 1.0 / share) + np.euler_gamma)).sum())
    entropy = float(-(share * np.log(share)).sum())
    assert exact >= gumbel_gain(entropy) - 1e-9


@pytest.mark.parametrize("log10_level", [-1.0, -3.0, -6.0, -100.0])
@pytest.mark.parametrize("mean_score", [1.05, 1.5, 4.0])
def test_the_length_is_the_least(log10_level: float, mean_score: float) -> None:
    """At the stated length the level is reached, and at one draw fewer it is not."""
    draws = draws_needed(SETTING, log10_level, mean_score)
    assert draws is not None
    for count, reached in ((draws, True), (draws - 1, False)):
        log10_p = SETTING.law_of_count(np.array([count * mean_score]), count)[0]
        assert (log10_p <= log10_level) == reached


def test_half_of_marked_texts_are_seen_at_the_length_that_is_stated(writer: Any) -> None:
    """Of forty texts of the length for their entropy, at least a quarter reach the level."""
    share = np.arange(1.0, 17.0) ** -1.0
    share /= share.sum()
    needed = draws_needed(SETTING, -6.0, gumbel_gain(float(-(share * np.log(share)).sum())))
    assert needed is not None
    seen = 0
    for seed in range(40):
        key = bytes([seed]) * 32
        drawn = draw([writer(needed + 4, key, seed=seed)], 4)
        total = PhalanxGumbel().scores(drawn, key).sum()
        seen += bool(SETTING.law(np.array([total]), drawn)[0] <= -6.0)
    assert seen >= 10


def test_enough_text_has_no_reason() -> None:
    """A text that is long enough for its entropy, or of unknown entropy, can be judged."""
    assert why_not_evaluable(SETTING, 1000, -6.0, 1.0) == ""
    assert why_not_evaluable(SETTING, 1000, -6.0, None) == ""
    assert "0.5 nats a token, which are assumed" in why_not_evaluable(SETTING, 200, -6.0, None)
    assert why_not_evaluable(SETTING, 200, -6.0, 1.0) == ""
    assert "about no number" in why_not_evaluable(SETTING, 1000, -6.0, 0.0)


def test_a_scheme_of_which_nothing_is_known_calls_no_text_unmarked() -> None:
    """Without a bound on scores or a gain no length but none is too short, and none is enough."""
    known = {name: getattr(SETTING, name) for name in Setting.__dataclass_fields__}
    setting = Setting(**{**known, "gain": None})
    assert shortest_text(setting, -6.0) == 1
    assert "not known" in why_not_evaluable(setting, 1_000_000, -6.0, 1.0)


def _ones_of_winners(depth: int, shares: npt.NDArray[np.float64], seed: int) -> float:
    """Return the mean ones of a token that a tournament of random bits chose from shares."""
    random = np.random.default_rng(seed)
    chances, ones = np.tile(shares, (4000, 1)), 0.0
    for _ in range(depth):
        bits = random.integers(0, 2, chances.shape)
        mass = (chances * bits).sum(axis=1, keepdims=True)
        chances = chances * (1.0 + bits - mass)
        ones += float((mass * (2.0 - mass)).mean())
    return ones


@pytest.mark.parametrize("depth", [1, 8, 30])
@pytest.mark.parametrize("sharpness", [2.0, 3.0, 4.0])
def test_the_gain_of_a_tournament_is_not_too_high(depth: int, sharpness: float) -> None:
    """Winners have more ones than is taken for their entropy, and not many more."""
    shares = np.arange(1.0, 65.0) ** -sharpness
    shares /= shares.sum()
    gain = SynthId(depth).setting.gain
    assert gain is not None
    entropy = float(-(shares * np.log(shares)).sum())
    added = _ones_of_winners(depth, shares, 1) - depth / 2
    assert 0.0 < gain(entropy) - depth * 0.5 < added + 0.02


def test_the_gain_of_green_lists_is_that_of_a_weak_bias() -> None:
    """Under a bias of 1, a quarter green, no fewer tokens turn than is taken."""
    random = np.random.default_rng(2)
    for sharpness in (2.0, 3.0, 4.0):
        shares = np.arange(1.0, 65.0) ** -sharpness
        shares /= shares.sum()
        green = random.random((20_000, 64)) < 0.25
        raised = shares * np.where(green, np.e, 1.0)
        seen = float(((raised * green).sum(axis=1) / raised.sum(axis=1)).mean())
        assert green_gain(float(-(shares * np.log(shares)).sum()), 0.25) < seen

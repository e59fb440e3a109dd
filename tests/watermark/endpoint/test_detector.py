"""The detector of several keys: exact, each key paying for all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import kstest

from phalanx.watermark.draws import draw
from phalanx.watermark.endpoint.detector import Detector, KeysDetector
from phalanx.watermark.keys.secret import Secret, SecretKeys
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

SCHEME = PhalanxGumbel()


def test_p_values_of_one_key_are_uniform_without_the_mark(
    written: Callable[..., list[int]],
) -> None:
    """Over texts that nobody marked."""
    one = KeysDetector(SCHEME, SecretKeys([Secret(bytes(32))]))
    logs = [one.log10_p(draw([written(120, seed)], 4)) for seed in range(400)]
    assert kstest(10.0 ** np.array(logs), "uniform").pvalue > 1e-3


def test_many_keys_pay_for_their_number(written: Callable[..., list[int]]) -> None:
    """With twenty keys no level is passed more often than it says."""
    many = KeysDetector(SCHEME, SecretKeys([Secret(bytes([at]) * 32) for at in range(20)]))
    p = 10.0 ** np.array([many.log10_p(draw([written(120, seed)], 4)) for seed in range(400)])
    for level in (0.02, 0.1, 0.3):
        assert (p <= level).mean() <= level + 4 * (level * (1 - level) / 400) ** 0.5
    assert p.max() <= 1.0


def test_the_marked_text_is_seen(detector: Detector, marked: list[int]) -> None:
    """Under a key that is one of several."""
    assert isinstance(detector, Detector)
    assert detector.log10_p(draw([marked], detector.context_width)) < -20

"""The detector of several keys: exact, each key paying for all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import kstest

from phalanx.watermark.detection import Reading, detect
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
    """With twenty keys no level is passed more often than it says, once each key paid."""
    many = KeysDetector(SCHEME, SecretKeys([Secret(bytes([at]) * 32) for at in range(20)]))
    assert many.keys == 20
    p = 20.0 * 10.0 ** np.array(
        [many.log10_p(draw([written(120, seed)], 4)) for seed in range(400)]
    )
    for level in (0.02, 0.1, 0.3):
        assert (p <= level).mean() <= level + 4 * (level * (1 - level) / 400) ** 0.5


def test_it_says_what_detection_says(written: Callable[..., list[int]]) -> None:
    """The strongest key of the endpoint is the strongest finding, with the same p-value."""
    keys = SecretKeys([Secret(bytes([at]) * 32) for at in range(20)])
    named = {str(at): key.reveal() for at, key in enumerate(keys)}
    for seed in range(5):
        text = written(150, seed, None if seed else next(iter(keys)))
        reading = Reading(tokenizer="numbers", documents=[text])
        found = detect([reading], [SCHEME], named, decoys=0).findings[0]
        assert KeysDetector(SCHEME, keys).log10_p(draw([text], 4)) == found.law_log10_p


def test_the_marked_text_is_seen(detector: Detector, marked: list[int]) -> None:
    """Under a key that is one of several."""
    assert isinstance(detector, Detector)
    assert detector.log10_p(draw([marked], 4)) < -20

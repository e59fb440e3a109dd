"""A writer with a mark: a small language model whose every context has its own few next tokens."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

VOCABULARY = 2000
CHOICES = 16

KeyAt = Callable[[npt.NDArray[np.int64]], bytes | None]
"""The key that holds after a context, or none."""

Writer = Callable[..., npt.NDArray[np.int64]]


def write(
    length: int, key: bytes | KeyAt | None, seed: int, *, sharpness: float = 1.0, width: int = 4
) -> npt.NDArray[np.int64]:
    """Write a text; `sharpness` 0 chooses evenly of 16 tokens (2.8 nats), 1 at about 2.2 nats."""
    random = np.random.default_rng(seed)
    scheme = PhalanxGumbel(width)
    text = np.empty(length, np.int64)
    text[:width] = random.integers(0, VOCABULARY, width)
    share = np.arange(1.0, CHOICES + 1.0) ** -sharpness
    for at in range(width, length):
        choices = np.random.default_rng(int(text[at - 1])).integers(0, VOCABULARY, CHOICES)
        held = key(text[at - width : at]) if callable(key) else key
        if held is None:
            race = random.exponential(size=CHOICES)
        else:
            places = np.full(CHOICES, at)
            scores = scheme.scores(Draws(text, places, choices, width, 0), held)
            race = -np.log(-np.expm1(-scores))
        text[at] = choices[np.argmin(race / share)]
    return text


@pytest.fixture(scope="session")
def writer() -> Writer:
    """Return the writer."""
    return write

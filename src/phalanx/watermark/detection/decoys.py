"""Keys that nobody used: how a text scores under them is the null hypothesis in person.

A text that was written without a key does not know it from a key drawn at random after the
text was there. So if the key was itself drawn at random, the rank of its total among those of
random keys is uniform, whatever the text repeats and however poor the scheme's hash is.

Decoys are not drawn anew for each test, for then who does not like an answer asks again. They
follow from the keys and from what counts of the text, by a hash that cannot be told from a random
one: the same question has the same decoys. Its level and the names of keys have no part in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from phalanx.evidence.tails import binomial_log10_sf
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.scheme import Setting

LEVELS = (0.5, 0.1, 0.01, 0.001)
"""Where the law is held against the decoys."""

DOUBT_LOG10_P = -3.0
"""Where the decoys contradict the law: then they decide."""


_PURPOSE = b"phalanx decoy keys, version 1"


def derive_decoys(
    count: int, setting: Setting, draws: Draws, keys: Iterable[bytes]
) -> npt.NDArray[np.uint8]:
    """Return the decoys of a test, shape (count, key_bytes).

    Nobody can foresee them who does not have the keys, and nobody can choose others who has.

    Parameters:
        count: How many.
        setting: Of the scheme.
        draws: What counts of the text.
        keys: That are tested, in any order.

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> from phalanx.watermark.schemes.vllm_gumbel import VllmGumbel
        >>> read, setting = draw([range(9)], 4), VllmGumbel().setting
        >>> derive_decoys(2, setting, read, [bytes(8)])[0].tobytes().hex()
        'd45b397b9484bd7d'
    """
    digest = hashlib.sha256()
    parts = (
        _PURPOSE,
        setting.name.encode(),
        draws.stream.astype("<i8").tobytes(),
        draws.positions.astype("<i8").tobytes(),
        draws.tokens.astype("<i8").tobytes(),
        *sorted(keys),
    )
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    drawn = hashlib.shake_256(digest.digest()).digest(count * setting.key_bytes)
    return np.frombuffer(drawn, dtype=np.uint8).reshape(count, setting.key_bytes)


def decoys_ahead(
    totals: npt.NDArray[np.float64], decoys: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Return how many decoys score at least each total.

    Examples:
        >>> decoys_ahead(np.array([1.0, 5.0]), np.array([1.0, 2.0, 0.0])).tolist()
        [2, 0]
    """
    return decoys.size - np.searchsorted(np.sort(decoys), totals, side="left")


def rank_log10_p(ahead: npt.NDArray[np.int64], decoys: int) -> npt.NDArray[np.float64]:
    """Return the p-values of ranks, (1 + ahead) / (1 + decoys), base-10 logarithms.

    Null hypothesis: the text was written without the key, which is one of random ones.

    References:
        Phipson & Smyth, "Permutation p-values should never be zero", 2010.
    """
    result: npt.NDArray[np.float64] = np.log10(1.0 + ahead) - np.log10(1.0 + decoys)
    return result


def law_doubt_log10_p(decoy_log10_p: npt.NDArray[np.float64]) -> float:
    """Return the p-value of the null that the scheme's law is right, or cautious, on this text.

    How many decoys have a p-value of the law below some levels, each a binomial number at most;
    the smallest p-value of the levels, times their number.

    Parameters:
        decoy_log10_p: p-values of the law of each decoy, base-10 logarithms.

    Examples:
        >>> law_doubt_log10_p(np.log10(np.linspace(0.001, 1.0, 1000))) == 0.0
        True
        >>> law_doubt_log10_p(np.log10(np.linspace(0.001, 1.0, 1000) ** 2)) < -20.0
        True
    """
    if not decoy_log10_p.size:
        return 0.0
    # The tolerance keeps a p-value that equals a level, but for rounding, at it.
    below = [int(np.sum(decoy_log10_p <= np.log10(level) - 1e-9)) for level in LEVELS]
    doubts = [
        float(binomial_log10_sf(count, decoy_log10_p.size, level))
        for count, level in zip(below, LEVELS, strict=True)
    ]
    return min(0.0, min(doubts) + float(np.log10(len(LEVELS))))

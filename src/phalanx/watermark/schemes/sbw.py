"""`sbw-selfhash-v1`: green tokens of Stateless Bernoulli Watermarking, a plug-in of vLLM.

As KGW, but each token is green by itself: a word of Philox4x32-10 under a seed, at the token's
place, lies below a threshold. The seed is the smallest product of key, hash of a recent token
and hash of the candidate, over four tokens of which the candidate is the last. The recipe was
checked against the packages `vllm-sbw` and `sbw` 1.0.0, scheme `gpu-fused-selfhash-fullvocab`,
their default. vLLM 0.33.0 itself has no such mark; a proposal to add one was open.

The seed depends on two of the four tokens only: many contexts share one with the same candidate.

The hash of tokens is public, and its product with the key keeps 64 bits. Where hashes are
multiples of a high power of two, that many of the key's bits are lost: a text of such tokens says
the same of many keys. A draw whose seed heeds fewer than 40 bits of the key gets a coin; of a
text that was not made for it, that is one in 600,000.
"""

from __future__ import annotations

from functools import partial

import numba
import numpy as np
import numpy.typing as npt

from phalanx.evidence.tails import binomial_log10_sf
from phalanx.text.hashing import mix
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.kgw_transformers import green_gain
from phalanx.watermark.schemes.names import write_name
from phalanx.watermark.schemes.philox import philox, word_of
from phalanx.watermark.schemes.scheme import Setting
from phalanx.watermark.schemes.ties import find_tied, toss

NAME = "sbw-selfhash-v1"
KEY_BYTES = 7
"""torch takes integers below 2^63."""

WINDOW = 4
"""Tokens that a seed is made from, the candidate being the last."""

_GAMMA = 0.5
_VOCABULARY = 1 << 18
"""As large as those of open models are."""

_COARSE = np.int64((1 << 24) - 1)
"""Products of hashes that are multiples of one more than this heed 40 bits of a key or fewer."""
_LARGEST = 0x7FFFFFFF
_LOW = np.uint64(0xFFFFFFFF)


class Sbw:
    """Green tokens by Philox4x32-10 (Ceppi & Sanchez 2026).

    Parameters:
        gamma: Share of tokens that is green.
        vocabulary: Tokens of the model, or a number above: wider ones are refused.

    Raises:
        ValueError: If a parameter is out of range.

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> Sbw().scores(draw([range(8)], 3), bytes(6) + b"*").tolist()
        [1.0, 0.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, gamma: float = _GAMMA, vocabulary: int = _VOCABULARY) -> None:
        """Name the setting."""
        if not 2 <= vocabulary < 1 << 31:
            message = f"vocabulary must be 2 to 2^31 - 1, not {vocabulary}"
            raise ValueError(message)
        self._threshold = int(gamma * _LARGEST) if 0.0 < gamma < 1.0 else 0
        if not self._threshold:
            message = f"gamma must be above 0 and below 1, not {gamma}"
            raise ValueError(message)
        self._share = self._threshold / (_LARGEST + 1)
        self.setting = Setting(
            name=write_name(
                NAME,
                {"gamma": gamma, "vocabulary": vocabulary},
                {"gamma": _GAMMA, "vocabulary": _VOCABULARY},
            ),
            context_width=WINDOW - 1,
            unit="pair",
            key_bytes=KEY_BYTES,
            null_hypothesis="The text was written without the key.",
            assumptions=(
                "Values of Philox4x32-10 under different seeds are independent.",
                "The hash of tokens is public: whoever saw much marked text may forge the mark.",
            ),
            cost="Quality: green tokens are preferred, the more the bias.",
            law_of_count=partial(binomial_log10_sf, share=self._share),
            widest_token=vocabulary - 1,
            most=1.0,
            gain=partial(green_gain, share=self._share),
        )

    def scores(self, draws: Draws, key: bytes) -> npt.NDArray[np.float64]:
        """Return 1 for green tokens, 0 for others, and a coin for what is tied to another draw.

        Raises:
            InputError: If a token is beyond the vocabulary.
            ValueError: If the key has another length, or is 0.
        """
        if len(key) != KEY_BYTES:
            message = f"a key of {NAME} has {KEY_BYTES} bytes, not {len(key)}"
            raise ValueError(message)
        if not any(key):
            message = f"a key of {NAME} must not be 0: all seeds would be one"
            raise ValueError(message)
        self.setting.check_tokens(draws)
        values = np.empty(draws.count)
        entries = np.empty(draws.count, dtype=np.uint64)
        number = np.int64(int.from_bytes(key, "big"))
        _score(
            draws.stream, draws.positions, draws.tokens, number, self._threshold, values, entries
        )
        # What is seeded by few bits of a key is the same for many: it says nothing of this one.
        tied = np.union1d(find_tied(entries), np.flatnonzero(entries == 0))
        values[tied] = toss(draws, tied, key, self._share)
        return values

    def totals(self, draws: Draws, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return the green tokens under each key."""
        return np.array([self.scores(draws, key.tobytes()).sum() for key in keys])


@numba.njit(cache=True, nogil=True)
def _score(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    stream: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    tokens: npt.NDArray[np.int64],
    key: np.int64,
    threshold: int,
    values: npt.NDArray[np.float64],
    entries: npt.NDArray[np.uint64],
) -> None:
    """Fill in scores, and of each the seed and token that it follows from; 0 for a poor seed."""
    zero = np.uint64(0)
    for index in range(positions.size):
        own = _hashed(tokens[index])
        product = own * own
        least = key * product
        for place in range(positions[index] - WINDOW + 1, positions[index]):
            other = _hashed(stream[place]) * own
            if key * other < least:
                least, product = key * other, other
        seed, token = np.uint64(least), np.uint64(tokens[index])
        counter = ((token >> np.uint64(2)) & _LOW, zero, zero, zero)
        words = philox(counter, seed & _LOW, seed >> np.uint64(32))
        word = word_of(words, token)
        values[index] = np.int64(word & np.uint64(_LARGEST)) < threshold
        poor = seed == zero or product & _COARSE == 0
        entries[index] = zero if poor else mix(seed, token + np.uint64(1)) | np.uint64(1)


@numba.njit(cache=True, nogil=True, inline="always")
def _hashed(token: int) -> np.int64:
    """Return Jenkins' hash of an integer, in 32 bits with a sign."""
    i = np.int32(token + 1)
    i = np.int32(i - np.int32(i << 6))
    i = np.int32(i ^ (i >> 17))
    i = np.int32(i - np.int32(i << 9))
    i = np.int32(i ^ np.int32(i << 4))
    i = np.int32(i - np.int32(i << 3))
    i = np.int32(i ^ np.int32(i << 10))
    i = np.int32(i ^ (i >> 15))
    return np.int64(i)

"""`vllm-gumbel-v1`: the mark that vLLM sets with `--watermark-config '{"algorithm": "gumbel"}'`.

The keyed race of `phalanx-gumbel-v1` with Philox4x32-10 as its hash. The context is folded into
a state, four tokens at a time; state and token number give one word of 32 bits, of which 24
count. The recipe was checked against vLLM 0.33.0 (`philox4x32-10-v1`).

vLLM sees the tokens that it generated itself as the context of the next, never the prompt. It
fills the context of an answer's first tokens with -1 and marks them too, unless it looks for
repeats in the prompt as well (`deduplicate_contexts: all`; read in its `repeated_context_mask`).
So they count here. Of a text that does not begin where the answer began, or was written under
that setting, as many tokens as the context has are draws of chance: valid, and without power.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.evidence.tails import gamma_log10_sf
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.names import write_name
from phalanx.watermark.schemes.phalanx_gumbel import gumbel_gain
from phalanx.watermark.schemes.philox import Words, philox, word_of
from phalanx.watermark.schemes.scheme import Setting

NAME = "vllm-gumbel-v1"
CONTEXT_WIDTH = 4
KEY_BYTES = 8
BEFORE_FIRST = -1
"""What stands for the tokens before an answer's first."""

NULL_HYPOTHESIS = "The text was written without the key."
ASSUMPTIONS = (
    "Philox4x32-10 is no secret function: whoever saw much marked text may forge the mark.",
    "Nobody who wrote the text could ask for scores under the key.",
)
MOST = float(-np.log1p(-(1.0 - 2.0**-24)))
"""Score of the largest word."""

WIDEST_TOKEN = (1 << 32) - 1
"""The engine reads 32 bits: wider numbers would be the same token again."""

_CONTEXT, _TOKEN = np.uint64(0x574D4358), np.uint64(0x574D544B)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_BLOCK = 4


class VllmGumbel:
    """Keyed Gumbel-max under Philox4x32-10, as vLLM does it.

    Scores are -ln(1 - u) with u in steps of 2^-24, so that their mean falls short of 1 by
    5e-7: the law is exact for up to a million million tokens, and errs to the safe side beyond.

    Parameters:
        context_width: Tokens of context, 1 to 64.

    Raises:
        ValueError: If the width is out of range.

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> VllmGumbel().scores(draw([range(6)], 4), (42).to_bytes(8, "big")).round(4).tolist()
        [0.9504, 0.2014]
    """

    def __init__(self, context_width: int = CONTEXT_WIDTH) -> None:
        """Name the setting."""
        check_width(context_width)
        self.setting = Setting(
            name=write_name(
                NAME, {"context_width": context_width}, {"context_width": CONTEXT_WIDTH}
            ),
            context_width=context_width,
            unit="pair",
            before_first=BEFORE_FIRST,
            key_bytes=KEY_BYTES,
            null_hypothesis=NULL_HYPOTHESIS,
            assumptions=ASSUMPTIONS,
            cost="None on average over keys; the same context gets the same answer again.",
            law_of_count=gamma_log10_sf,
            widest_token=WIDEST_TOKEN,
            most=MOST,
            gain=gumbel_gain,
        )

    def scores(self, draws: Draws, key: bytes) -> npt.NDArray[np.float64]:
        """Return -ln(1 - u) of each draw: unit exponentials if the text knows nothing of it."""
        self.setting.check_tokens(draws)
        return philox_scores(draws, integer_key(NAME, key))

    def totals(self, draws: Draws, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return the sum of all scores under each key; 50 ns for each draw and key."""
        self.setting.check_tokens(draws)
        return philox_totals(draws, [integer_key(NAME, key.tobytes()) for key in keys])


def check_width(context_width: int) -> None:
    """Raise a `ValueError` if vLLM would not take the width, or nothing would survive it."""
    if not 1 <= context_width <= 64:
        message = f"context_width must be 1 to 64, not {context_width}"
        raise ValueError(message)


def integer_key(name: str, key: bytes) -> int:
    """Return the integer that an engine takes for a key.

    Raises:
        ValueError: If the key has another length than a scheme's.

    Examples:
        >>> integer_key("vllm-gumbel-v1", bytes(7) + b"*")
        42
    """
    if len(key) != KEY_BYTES:
        message = f"a key of {name} has {KEY_BYTES} bytes, not {len(key)}"
        raise ValueError(message)
    return int.from_bytes(key, "big")


def philox_scores(draws: Draws, key: int) -> npt.NDArray[np.float64]:
    """Return the score of each draw under one integer key."""
    values = np.empty(draws.count)
    _score(draws.stream, draws.positions, draws.tokens, draws.context_width, np.uint64(key), values)
    return values


def philox_totals(draws: Draws, keys: list[int]) -> npt.NDArray[np.float64]:
    """Return the sum of scores under each integer key."""
    sums = np.empty(len(keys))
    packed = np.array(keys, dtype=np.uint64)
    _total(draws.stream, draws.positions, draws.tokens, draws.context_width, packed, sums)
    return sums


@numba.njit(cache=True, nogil=True)
def _score(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    stream: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    tokens: npt.NDArray[np.int64],
    width: int,
    key: np.uint64,
    values: npt.NDArray[np.float64],
) -> None:
    for index in range(positions.size):
        state = _after_context(stream, positions[index], width, key)
        values[index] = -np.log1p(-_uniform(state, np.uint64(tokens[index]), key))


@numba.njit(cache=True, nogil=True)
def _total(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    stream: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    tokens: npt.NDArray[np.int64],
    width: int,
    keys: npt.NDArray[np.uint64],
    sums: npt.NDArray[np.float64],
) -> None:
    """Sum scores as the logarithm of a product: one logarithm for sixteen draws."""
    for row in range(keys.size):
        total, product = 0.0, 1.0
        for index in range(positions.size):
            state = _after_context(stream, positions[index], width, keys[row])
            product *= 1.0 - _uniform(state, np.uint64(tokens[index]), keys[row])
            if index & 15 == 15:
                total -= np.log(product)
                product = 1.0
        sums[row] = total - np.log(product)


@numba.njit(cache=True, nogil=True, inline="always")
def _after_context(
    stream: npt.NDArray[np.int64], position: int, width: int, key: np.uint64
) -> Words:
    """Fold the context into four words; a block of it that is not full ends in fixed words."""
    zero = np.uint64(0)
    state = (_CONTEXT, np.uint64(width), zero, zero)
    first_key, second_key = key & _LOW, key >> _HALF
    for offset in range(0, width, _BLOCK):
        start = position - width + offset
        left = width - offset
        c0 = np.uint64(stream[start]) & _LOW
        c1 = np.uint64(stream[start + 1]) & _LOW if left > 1 else _LOW - np.uint64(1)
        c2 = np.uint64(stream[start + 2]) & _LOW if left > 2 else _LOW - np.uint64(2)
        c3 = np.uint64(stream[start + 3]) & _LOW if left > 3 else _LOW - np.uint64(3)
        counter = (state[0] ^ c0, state[1] ^ c1, state[2] ^ c2, state[3] ^ c3)
        state = philox(counter, first_key ^ np.uint64(offset), second_key)
    return state


@numba.njit(cache=True, nogil=True, inline="always")
def _uniform(state: Words, token: np.uint64, key: np.uint64) -> float:
    """Return the number of a token, in (0, 1), rounded as the engine rounds it."""
    token &= _LOW
    counter = (token >> np.uint64(2), state[0], state[1], state[2])
    words = philox(counter, (key & _LOW) ^ state[3], (key >> _HALF) ^ _TOKEN)
    word = word_of(words, token)
    return np.float64(np.float32(((word >> np.uint64(8)) + 1.0) / 16777217.0))

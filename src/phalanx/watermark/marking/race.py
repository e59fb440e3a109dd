"""The keyed race over a vocabulary, in one pass over the logits.

The token with the largest logit / T - ln(-ln u) wins, u being its number under the key and the
context. That is a draw from the model's own distribution, with the key in place of chance.

Nearly every token is out of the race before its logarithms are taken: for it to win, 1 - u must
lie below e^(logit / T - best so far). The exponent of a double is a logarithm to the base 2
that is never above the true one, so that comparing bits leaves out no token that could win.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.logs.siphash import State, absorb, close_state, open_state

_BLOCK = 512
_FIRST_BLOCK = 16
_UNIT = 2.0**-52
_DROPPED = np.uint64(12)
_LOG2_E = float(1.0 / np.log(2.0))
_BIAS = 1023.0
_STEP = 2.0**52
_MARGIN = 2.0**-20
"""Of the base-2 logarithm: far more than rounding, far too little to cost anything."""

_OUT = -1000.0
"""Base-2 logarithm of a chance that no number reaches."""


@numba.njit(cache=True, nogil=True)
def run_races(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    logits: npt.NDArray[np.float32],
    inverse_temperature: float,
    least: npt.NDArray[np.float32],
    contexts: npt.NDArray[np.int64],
    keys: npt.NDArray[np.uint64],
    winners: npt.NDArray[np.int64],
) -> None:
    """Fill in the winner of each row, -1 where no token can be chosen.

    Parameters:
        logits: Shape (rows, vocabulary); minus infinity or no number for what may not be chosen.
        inverse_temperature: Above 0.
        least: Shape (rows,); tokens whose logit is below it may not be chosen.
        contexts: Shape (rows, width): the tokens before.
        keys: Shape (rows, 2): key of the hash for each row.
        winners: Shape (rows,).
    """
    size = logits.shape[1]
    width = contexts.shape[1]
    bits = np.empty(_BLOCK, dtype=np.int64)
    gaps = bits.view(np.float64)
    limits = np.empty(_BLOCK, dtype=np.int64)
    for row in range(logits.shape[0]):
        state = open_state((keys[row, 0], keys[row, 1]))
        for place in range(width):
            state = absorb(state, np.uint64(contexts[row, place]))
        best, winner = -np.inf, -1
        start, block = 0, _FIRST_BLOCK
        while start < size:
            stop = min(start + block, size)
            _hash_block(state, width, start, stop - start, gaps)
            # While there is no best, it is minus infinity: everything is in the race.
            _limit_block(logits[row, start:stop], inverse_temperature, least[row], best, limits)
            for offset in range(stop - start):
                if bits[offset] < limits[offset]:
                    value = np.float64(logits[row, start + offset]) * inverse_temperature
                    score = value - np.log(-np.log1p(-gaps[offset]))
                    if score > best:
                        best, winner = score, start + offset
            start, block = stop, min(2 * block, _BLOCK)
        winners[row] = winner


@numba.njit(cache=True, nogil=True)
def _hash_block(
    state: State, width: int, start: int, count: int, gaps: npt.NDArray[np.float64]
) -> None:
    """Fill in 1 - u of tokens in a row; a loop that the compiler turns into vectors."""
    for offset in range(count):
        value = close_state(absorb(state, np.uint64(start + offset)), width + 1)
        gaps[offset] = 1.0 - (np.float64(value >> _DROPPED) + 0.5) * _UNIT


@numba.njit(cache=True, nogil=True)
def _limit_block(
    logits: npt.NDArray[np.float32],
    inverse_temperature: float,
    least: np.float32,
    best: float,
    limits: npt.NDArray[np.int64],
) -> None:
    """Fill in below which bits 1 - u of a token must lie for the token to be in the race."""
    for offset in range(logits.size):
        logit = logits[offset]
        x = (np.float64(logit) * inverse_temperature - best) * _LOG2_E + _MARGIN
        # No comparison holds for what is no number: it is out.
        power = min(x, 1.0) if logit >= least and x > _OUT else _OUT
        limits[offset] = np.int64((power + _BIAS) * _STEP)

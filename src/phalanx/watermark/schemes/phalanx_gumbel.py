"""`phalanx-gumbel-v1`: of the tokens that may come next, the keyed race decides which does.

Each token of the vocabulary draws a number under the key and the context; the token that wins
the exponential race weighted by the model's own probabilities is sent. Averaged over keys the
text is distributed as without a mark; under one key it is one of the texts that the model would
have written. Whoever holds the key sees that the tokens sent have drawn high numbers.

The number is that of SipHash-2-4 over the context's tokens and the token, each a word of eight
bytes. Nobody without the key can foresee a number, or find a key from texts. Its own key is
derived from the secret by HMAC-SHA256. The hash begins with the key, so two keys share no work,
and what one key says of a text says nothing of what another does.
"""

from __future__ import annotations

import hashlib
import hmac

import numba
import numpy as np
import numpy.typing as npt

from phalanx.evidence.tails import gamma_log10_sf
from phalanx.logs.siphash import Key, State, absorb, close_state, open_state
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.names import write_name
from phalanx.watermark.schemes.scheme import Setting

NAME = "phalanx-gumbel-v1"
CONTEXT_WIDTH = 4
KEY_BYTES = 32

_UNIT = 2.0**-52
_DROPPED = np.uint64(12)


class PhalanxGumbel:
    """Keyed Gumbel-max (Aaronson 2022) under SipHash-2-4.

    Parameters:
        context_width: Tokens of context, 1 to 16. Fewer survive more edits, and repeat sooner.

    Raises:
        ValueError: If the width is out of range.

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> scheme, text = PhalanxGumbel(2), draw([[1, 2, 3, 4]], 2)
        >>> scheme.scores(text, bytes(32)).round(4).tolist()
        [1.769, 0.7214]
    """

    def __init__(self, context_width: int = CONTEXT_WIDTH) -> None:
        """Name the setting."""
        if not 1 <= context_width <= 16:
            message = f"context_width must be 1 to 16, not {context_width}"
            raise ValueError(message)
        self.setting = Setting(
            name=write_name(
                NAME, {"context_width": context_width}, {"context_width": CONTEXT_WIDTH}
            ),
            context_width=context_width,
            unit="pair",
            key_bytes=KEY_BYTES,
            null_hypothesis="The text was written without the key.",
            assumptions=(
                "Values of SipHash-2-4 under a secret key cannot be told from random ones.",
                "Nobody who wrote the text could ask for scores under the key.",
            ),
            cost="None on average over keys; the same context gets the same answer again.",
            law_of_count=gamma_log10_sf,
            gain=gumbel_gain,
        )

    def scores(self, draws: Draws, key: bytes) -> npt.NDArray[np.float64]:
        """Return -ln(1 - u) of each draw: unit exponentials if the text knows nothing of it."""
        self.setting.check_tokens(draws)
        values, hash_key = np.empty(draws.count), derive_key(key)
        _score(draws.stream, draws.positions, draws.tokens, draws.context_width, hash_key, values)
        return values

    def totals(self, draws: Draws, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return the sum of all scores under each key; 30 ns for each draw and key."""
        self.setting.check_tokens(draws)
        derived = [derive_key(key.tobytes()) for key in keys]
        packed = np.array(derived, dtype=np.uint64).reshape(-1, 2)
        sums = np.empty(len(packed))
        _total(draws.stream, draws.positions, draws.tokens, draws.context_width, packed, sums)
        return sums


def gumbel_gain(entropy_nats: float) -> float:
    r"""Return a bound below the mean of -ln(1 - u) of the winner, $1 + (\pi^2/6 - 1) H$.

    A token of probability $p$ that wins has the mean $\sum_{k \ge 1} (1/k - 1/(k + 1/p))$.

    References:
        Fernandez et al., "Three bricks to consolidate watermarks for large language models",
        2023, appendix.

    Examples:
        >>> gumbel_gain(0.0), round(gumbel_gain(1.0), 3)
        (1.0, 1.645)
    """
    return 1.0 + (np.pi**2 / 6.0 - 1.0) * entropy_nats


def derive_key(secret: bytes) -> Key:
    """Derive the key of the hash, which no other use of the secret shares.

    Raises:
        ValueError: If the secret has another length.
    """
    if len(secret) != KEY_BYTES:
        message = f"a key of {NAME} has {KEY_BYTES} bytes, not {len(secret)}"
        raise ValueError(message)
    digest = hmac.digest(secret, NAME.encode(), hashlib.sha256)
    return (
        np.uint64(int.from_bytes(digest[:8], "little")),
        np.uint64(int.from_bytes(digest[8:16], "little")),
    )


@numba.njit(cache=True, nogil=True)
def _score(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    stream: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    tokens: npt.NDArray[np.int64],
    width: int,
    key: Key,
    values: npt.NDArray[np.float64],
) -> None:
    for index in range(positions.size):
        state = _after_context(stream, positions[index], width, key)
        values[index] = -np.log1p(-_uniform(state, tokens[index], width))


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
    for row in range(keys.shape[0]):
        key = (keys[row, 0], keys[row, 1])
        total, product = 0.0, 1.0
        for index in range(positions.size):
            state = _after_context(stream, positions[index], width, key)
            product *= 1.0 - _uniform(state, tokens[index], width)
            # Each factor is at least 2^-53, so that sixteen do not vanish.
            if index & 15 == 15:
                total -= np.log(product)
                product = 1.0
        sums[row] = total - np.log(product)


@numba.njit(cache=True, nogil=True, inline="always")
def _after_context(stream: npt.NDArray[np.int64], position: int, width: int, key: Key) -> State:
    state = open_state(key)
    for place in range(position - width, position):
        state = absorb(state, np.uint64(stream[place]))
    return state


@numba.njit(cache=True, nogil=True, inline="always")
def _uniform(state: State, token: int, width: int) -> float:
    """Return the number of a token, in (0, 1)."""
    value = close_state(absorb(state, np.uint64(token)), width + 1)
    return ((value >> _DROPPED) + 0.5) * _UNIT

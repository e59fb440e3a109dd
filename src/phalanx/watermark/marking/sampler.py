"""Choosing next tokens with the mark `phalanx-gumbel-v1`.

A context that has come before in the text is not marked again: the key would choose the same
token again, and the text might run in circles. There a fresh random key takes the place of the
secret one, so that the choice is as free as without a mark.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from phalanx.watermark.marking.cutoff import cutoffs
from phalanx.watermark.marking.race import run_races
from phalanx.watermark.schemes.phalanx_gumbel import (
    CONTEXT_WIDTH,
    KEY_BYTES,
    PhalanxGumbel,
    derive_key,
)

_HASH_KEY_BYTES = 16

KeyAfter = Callable[[npt.NDArray[np.int64]], bytes]
"""Gives the key under which the token after a context is chosen: a code has many."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The next token of each text."""

    tokens: npt.NDArray[np.int64]
    """Shape (texts,)."""

    marked: npt.NDArray[np.bool_]
    """Shape (texts,): whether the key chose it, or chance."""


class MarkSampler:
    """Chooses tokens from logits, so that whoever has the key sees it.

    Averaged over keys, tokens have the chances that the logits give them.

    Parameters:
        key: Secret of the mark, 32 bytes; or what gives the secret of each context.
        context_width: Tokens that a choice depends on.
        temperature: Divides the logits, above 0. Greedy decoding carries no mark.
        top_k: Choose among so many of the likeliest tokens only.
        top_p: Choose among the fewest tokens only whose chances sum to this.
        random: Gives random bytes for choices without a mark.

    Raises:
        ValueError: If a parameter is out of range, or the key has another length.

    Examples:
        >>> sampler = MarkSampler(bytes(32))
        >>> choice = sampler.sample(np.zeros((1, 50), np.float32), [[5, 6, 7, 8]])
        >>> choice.tokens.tolist(), choice.marked.tolist()
        ([35], [True])
        >>> sampler.sample(np.zeros((1, 50), np.float32), [[5, 6, 7]]).marked.tolist()
        [False]
    """

    def __init__(  # noqa: PLR0913 - each is one choice of who generates
        self,
        key: bytes | KeyAfter,
        *,
        context_width: int = CONTEXT_WIDTH,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float = 1.0,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Keep the key of the hash."""
        self.setting = PhalanxGumbel(context_width).setting
        _check(temperature, top_k, top_p)
        self._key_after = key if callable(key) else None
        self._key = _packed(bytes(KEY_BYTES) if callable(key) else key)
        self._temperature, self._top_k, self._top_p = temperature, top_k, top_p
        self._random = random

    def sample(self, logits: npt.NDArray[np.float32], histories: Sequence[npt.ArrayLike]) -> Choice:
        """Choose the next token of each text.

        Parameters:
            logits: Shape (texts, vocabulary); minus infinity for what may not be chosen.
            histories: All tokens of each text so far, prompt included.

        Returns:
            The tokens. One is not marked if its context is not whole, has come before in the
            text, or is that of an earlier text of the same call.

        Raises:
            ValueError: If shapes differ, or no token of a text can be chosen.
        """
        if logits.ndim != 2 or logits.shape[0] != len(histories):
            message = f"logits of {len(histories)} texts have shape {logits.shape}"
            raise ValueError(message)
        width = self.setting.context_width
        contexts = np.zeros((len(histories), width), dtype=np.int64)
        marked = np.zeros(len(histories), dtype=np.bool_)
        seen = set()
        for row, history in enumerate(histories):
            tokens = np.ascontiguousarray(history, dtype=np.int64)
            if tokens.size < width:
                continue
            contexts[row] = tokens[tokens.size - width :]
            context = contexts[row].tobytes()
            marked[row] = context not in seen and not _has_come(tokens, width)
            seen.add(context)
        keys = np.tile(self._key, (len(histories), 1))
        if self._key_after is not None:
            for at in np.flatnonzero(marked):
                keys[at] = _packed(self._key_after(contexts[at]))
        for free in np.flatnonzero(~marked):
            keys[free] = np.frombuffer(self._random(_HASH_KEY_BYTES), dtype=np.uint64)
        winners = np.empty(len(histories), dtype=np.int64)
        values = np.ascontiguousarray(logits, dtype=np.float32)
        least = cutoffs(values, self._temperature, self._top_k, self._top_p)
        run_races(values, 1.0 / self._temperature, least, contexts, keys, winners)
        if (winners < 0).any():
            message = f"text {int(np.argmin(winners))} has no token that may be chosen"
            raise ValueError(message)
        return Choice(winners, marked)


def _packed(secret: bytes) -> npt.NDArray[np.uint64]:
    return np.array(derive_key(secret), dtype=np.uint64)


def _check(temperature: float, top_k: int | None, top_p: float) -> None:
    if not 0.0 < temperature < np.inf:
        message = f"temperature must be above 0, not {temperature}: greedy text carries no mark"
        raise ValueError(message)
    if top_k is not None and top_k < 1:
        message = f"top_k must be at least 1, not {top_k}"
        raise ValueError(message)
    if not 0.0 < top_p <= 1.0:
        message = f"top_p must be above 0 and at most 1, not {top_p}"
        raise ValueError(message)


@numba.njit(cache=True, nogil=True)
def _has_come(tokens: npt.NDArray[np.int64], width: int) -> bool:
    """Say whether the last tokens stood somewhere before with a token after them."""
    last = int(tokens.size) - width
    for start in range(last):
        same = True
        for offset in range(width):
            if tokens[start + offset] != tokens[last + offset]:
                same = False
                break
        if same:
            return True
    return False

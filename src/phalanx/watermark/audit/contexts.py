"""Where contexts stand in documents, and which of them are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from phalanx.watermark.audit.winners import Floats, Integers
from phalanx.watermark.draws import Draws

_LEAST = 1e-12
"""Probability that a token has at least: a model may say zero."""

_ROWS = 1 << 14
"""Positions that are compared at once."""


class Said(Protocol):
    """What a model says in one document."""

    def likeliest(self, at: Integers, count: int) -> Integers:
        """Return its likeliest tokens, in any order, at most `count`, shape (at, tokens).

        Parameters:
            at: Which tokens of the document are chosen there, one at least.
            count: Tokens that are wanted.
        """

    def chances(self, at: Integers, chosen: Integers) -> Floats:
        """Return the probability of each chosen token, shape of `chosen`: (at, tokens)."""


Reader = Callable[[int], Said]
"""Gives what a model says in a document, by its number."""


@dataclass(frozen=True, slots=True, eq=False)
class Contexts:
    """Every time that one of the most usual contexts comes."""

    stream: Integers
    positions: Integers
    """Of the tokens that are chosen after a kept context, rising."""

    rows: Integers
    """Which context it is, for each position."""

    first: Integers
    """Shape (contexts,): which position is the first of each context."""

    ends: Integers
    width: int

    @classmethod
    def of(
        cls, documents: Sequence[Integers], where: Sequence[Integers], width: int, most: int
    ) -> Contexts:
        """Find the contexts of some tokens, and keep the most usual.

        Parameters:
            documents: Token numbers.
            where: For each document, which of its tokens count, rising, from `width` on.
            width: Tokens of context.
            most: Contexts that are kept; of equally usual ones the earlier.

        Raises:
            ValueError: If no token counts.
        """
        ends = np.cumsum([each.size for each in documents], dtype=np.int64)
        parts = [at + end - each.size for each, at, end in zip(documents, where, ends, strict=True)]
        positions = np.concatenate([*parts, np.empty(0, np.int64)]).astype(np.int64)
        if not positions.size:
            message = "no document is longer than a context"
            raise ValueError(message)
        stream = np.concatenate(documents).astype(np.int64)
        contexts = stream[positions[:, None] - np.arange(width, 0, -1)[None, :]]
        _, first, rows, times = np.unique(
            contexts, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        # In the order in which they first come.
        kept = np.sort(first[np.lexsort((first, -times))[:most]])
        number = np.full(first.size, -1)
        number[rows.reshape(-1)[kept]] = np.arange(kept.size)
        rows = number[rows.reshape(-1)]
        inside = np.flatnonzero(rows >= 0)
        return cls(
            stream, positions[inside], rows[inside], np.searchsorted(inside, kept), ends, width
        )

    def times(self) -> Floats:
        """Return how often each context comes."""
        return np.bincount(self.rows, minlength=self.first.size).astype(np.float64)

    def draws(self) -> Draws:
        """Return each context once, where it first comes."""
        where = self.positions[self.first]
        repeats = self.rows.size - where.size
        return Draws(self.stream, where, self.stream[where], self.width, repeats)

    def race(self, reader: Reader, count: int) -> tuple[Integers, Floats]:
        """Return the likeliest tokens where each context first comes, and mean logarithms."""
        chosen, total = np.empty((0, 0), np.int64), np.empty((0, 0))
        first = np.zeros(self.positions.size, dtype=np.bool_)
        first[self.first] = True
        for inside, at, said in self._read(reader):
            rows, new = self.rows[inside], first[inside]
            if new.any():
                found = said.likeliest(at[new], count)
                if not chosen.size:
                    chosen = np.zeros((self.first.size, found.shape[1]), np.int64)
                    total = np.zeros(chosen.shape)
                chosen[rows[new]] = found
            np.add.at(total, rows, said.chances(at, chosen[rows]))
        log_p = np.log(np.maximum(total, _LEAST))
        return chosen, log_p - np.logaddexp.reduce(log_p, axis=1, keepdims=True)

    def means(self, reader: Reader, chosen: Integers) -> Floats:
        """Return the mean probability that a model gives each candidate after each context."""
        total = np.zeros(chosen.shape)
        for inside, at, said in self._read(reader):
            rows = self.rows[inside]
            np.add.at(total, rows, said.chances(at, chosen[rows]))
        return total / self.times()[:, None]

    def shares(self, chosen: Integers) -> Floats:
        """Return the share of each candidate among the tokens that follow each context."""
        total, tokens = np.zeros(chosen.shape), self.stream[self.positions]
        for start in range(0, tokens.size, _ROWS):
            rows = self.rows[start : start + _ROWS]
            at, candidate = np.nonzero(chosen[rows] == tokens[start : start + _ROWS, None])
            np.add.at(total, (rows[at], candidate), 1.0)
        return total / self.times()[:, None]

    def _read(self, reader: Reader) -> Iterator[tuple[slice, Integers, Said]]:
        """Yield for each document its positions, where they stand in it, and what is said."""
        begin, start = 0, 0
        for number, end in enumerate(self.ends):
            stop = int(np.searchsorted(self.positions, end))
            if stop > begin:
                yield slice(begin, stop), self.positions[begin:stop] - start, reader(number)
            begin, start = stop, end

"""Which tokens of a text count as evidence for a mark, and which say the same again.

Every scheme chooses a token by a keyed function of the tokens before it, its context. Where the
same context and token come again, the function gives the same value again: counted twice, one
coincidence would convict. So each counts once, over all documents of a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numba
import numpy as np
import numpy.typing as npt

from phalanx.logs.siphash import Key, table_key
from phalanx.text.hashing import disguise, mix

Unit = Literal["context", "pair"]
"""What counts once: a context, or a context with the token that follows it.

Values of different pairs are independent of one another in schemes that hash each token, so
that pairs lose nothing. Schemes that divide the vocabulary anew for each context (KGW) draw
without replacement within a context: there, a context counts once.
"""

_EMPTY = np.uint64(0)
_ONE = np.uint64(1)
_LOAD = 2
"""Slots of the table for each entry."""


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Tokens that count, each with the context that it was drawn in."""

    stream: npt.NDArray[np.int64]
    """Shape (all tokens,): the documents that were read, one after another."""

    positions: npt.NDArray[np.int64]
    """Shape (draws,), rising: where in the stream each drawn token stands."""

    tokens: npt.NDArray[np.int64]
    """Shape (draws,): the drawn tokens. In a text they are what the stream holds there; of a
    model that reads a text they are what it would have said."""

    context_width: int
    """Tokens of context; each draw has as many before it in its own document."""

    repeats: int
    """Tokens with a whole context that did not count, because they say the same again."""

    @property
    def count(self) -> int:
        """Number of draws."""
        return self.positions.size

    @property
    def widest(self) -> int:
        """Largest token number, drawn or read; -1 without any."""
        return int(max(self.stream.max(initial=-1), self.tokens.max(initial=-1)))

    def part(self, first: int, last: int) -> Draws:
        """Return the draws from one, counted from 0, to the one before another."""
        chosen = slice(first, last)
        return replace(
            self, positions=self.positions[chosen], tokens=self.tokens[chosen], repeats=0
        )


def draw(  # noqa: PLR0913 - each is one choice of what counts
    documents: Sequence[npt.ArrayLike],
    context_width: int,
    unit: Unit = "pair",
    *,
    said: Sequence[npt.ArrayLike] | None = None,
    known: Sequence[npt.ArrayLike] = (),
    before_first: int | None = None,
) -> Draws:
    """Pick what counts of some documents.

    Parameters:
        documents: Token numbers of each, at least 0, shape (tokens,).
        context_width: Tokens that a choice depends on, at least 1.
        unit: What counts once.
        said: What a model that reads the documents would say at each place, of the same shapes.
            A pair that the documents have shown before that place does not count: the model
            may have copied it. Null for what the documents themselves say.
        known: Documents of which nothing counts, here or where it comes again: prompts.
        before_first: What stands in the place of tokens before the first of each document, so
            that its first tokens count too; null where they do not. It stands in the stream.

    Returns:
        The draws, in the order of the documents.

    Raises:
        ValueError: If the context has no width, shapes differ, a document is no row of whole
            numbers, or a token is below 0, as placeholders of tokens are that an engine has not
            yet chosen.

    Examples:
        >>> drawn = draw([[5, 6, 7, 5, 6, 7, 5, 6, 8]], 2)
        >>> drawn.positions.tolist(), drawn.tokens.tolist(), drawn.repeats
        ([2, 3, 4, 8], [7, 5, 6, 8], 3)
        >>> draw([[5, 6, 7, 5, 6, 7, 5, 6, 8]], 2, "context").tokens.tolist()
        [7, 5, 6]
        >>> draw([[5, 6, 7, 5, 6, 8]], 2, known=[[6, 7, 5]]).tokens.tolist()
        [7, 6, 8]
        >>> draw([[5, 6, 7, 5, 6, 8]], 2, said=[[0, 0, 9, 9, 6, 7]]).tokens.tolist()
        [9, 9, 6]
    """
    if context_width < 1:
        message = f"context_width must be at least 1, not {context_width}"
        raise ValueError(message)
    before = [] if before_first is None else [before_first] * context_width
    stream, ends = _joined(known, documents, before)
    first = int(ends[len(known) - 1]) if known else 0
    spoken = stream
    if said is not None:
        spoken, said_ends = _joined(known, said, before)
        if not np.array_equal(said_ends, ends):
            message = "what was said must have a token for each of the documents"
            raise ValueError(message)
    # Whoever wrote the text chose what is put into the table. Under a public hash he could choose
    # contexts that all begin at one place of it: a text of a million tokens would take days. So
    # the place is keyed, by random bits of this process that no result depends on. What is mixed
    # before has no key: contexts that agree in all 64 bits can be prepared, and buy nothing. They
    # count once, as one context written twice would, and no key of a mark has a part in which.
    positions, repeats = _pick(
        stream,
        spoken,
        ends,
        first,
        context_width,
        unit == "pair",
        table_key(),
        _table(stream.size),
    )
    return Draws(stream, positions, spoken[positions], context_width, int(repeats))


def _joined(
    known: Sequence[npt.ArrayLike], documents: Sequence[npt.ArrayLike], before: list[int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return all documents one after another, and where each ends."""
    arrays = [_whole(each) for each in (*known, *documents)]
    if before:
        filled = [np.concatenate([before, each]) for each in arrays[len(known) :]]
        arrays[len(known) :] = filled
    ends = np.cumsum([each.size for each in arrays], dtype=np.int64)
    return (np.concatenate(arrays) if arrays else np.empty(0, np.int64)), ends


def _whole(document: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return a document's tokens, none of them changed by the type that holds them."""
    tokens = np.asarray(document)
    if not tokens.size and tokens.ndim == 1:
        return np.empty(0, dtype=np.int64)
    if tokens.ndim != 1 or tokens.dtype.kind not in "iu":
        message = (
            "a document must be one row of whole numbers, not an array of shape "
            f"{tokens.shape} and type {tokens.dtype}"
        )
        raise ValueError(message)
    if int(tokens.max()) > np.iinfo(np.int64).max:
        message = f"token {int(tokens.max())} does not fit 63 bits"
        raise ValueError(message)
    if int(tokens.min()) < 0:
        message = "token numbers must be at least 0: replace placeholders by what was sent"
        raise ValueError(message)
    return tokens.astype(np.int64, copy=False)


def _table(entries: int) -> npt.NDArray[np.uint64]:
    """Return an empty table for the hashes of so many entries, and as many of what was shown."""
    return np.zeros(1 << max(4, (2 * _LOAD * entries).bit_length()), dtype=np.uint64)


@numba.njit(cache=True, nogil=True)
def _pick(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    stream: npt.NDArray[np.int64],
    spoken: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    first: int,
    width: int,
    pairs: bool,  # noqa: FBT001
    key: Key,
    table: npt.NDArray[np.uint64],
) -> tuple[npt.NDArray[np.int64], int]:
    """Return the positions that count, and how many places said the same again."""
    picked = np.empty(stream.size, dtype=np.int64)
    count, repeats, start = 0, 0, 0
    for end in ends:
        for position in range(start + width, end):
            context = np.uint64(width)
            for place in range(position - width, position):
                context = mix(context, np.uint64(stream[place]))
            entry = context
            if pairs:
                entry = mix(context, np.uint64(spoken[position]) + _ONE)
            fresh = _put(table, disguise(entry, key))
            if pairs and spoken[position] != stream[position]:
                # What the document itself says here has been shown from now on.
                _put(table, disguise(mix(context, np.uint64(stream[position]) + _ONE), key))
            if position < first:
                continue
            if fresh:
                picked[count] = position
                count += 1
            else:
                repeats += 1
        start = end
    return picked[:count].copy(), repeats


@numba.njit(cache=True, nogil=True, inline="always")
def _put(table: npt.NDArray[np.uint64], entry: np.uint64) -> bool:
    """Put an entry into the table; false if it was there."""
    if entry == _EMPTY:
        entry = _ONE
    last = np.uint64(table.size - 1)
    slot = entry & last
    while table[slot] != _EMPTY:
        if table[slot] == entry:
            return False
        slot = (slot + _ONE) & last
    table[slot] = entry
    return True

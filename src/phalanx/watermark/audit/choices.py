"""What a model chooses after each context, gathered over every time that the context comes.

A choice that was made once says little. What a suspect says a hundred times after the same tokens
is close to what it thinks, and a context that is usual enough to come a hundred times was usual
in what the suspect learnt from as well: there a mark has left something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from phalanx.watermark.audit.models import CANDIDATES, Model
from phalanx.watermark.audit.winners import Field, Floats, Integers
from phalanx.watermark.draws import Draws

MOST_PLACES = 50_000
"""Contexts that are kept, the most usual ones."""

_LEAST = 1e-12
"""Probability that a token has at least: a model may say zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What two models choose where tokens race. It depends on no key."""

    field: Field
    """Each context once; the probabilities are means of the marked model's."""

    times: Floats
    """Shape (places,): how often the context came."""

    said: Floats
    """Shape (places, candidates): share of these times that the suspect chose each candidate, or
    the mean of the probabilities that it gave it."""

    expected: Floats
    """Shape (places, candidates): mean of the probabilities that the reference gave it."""


def chosen_answers(  # noqa: PLR0913 - each is a choice of the auditor
    answers: Sequence[Integers],
    prompts: Sequence[int],
    marked: Model,
    reference: Model,
    context_width: int,
    *,
    candidates: int = CANDIDATES,
    most_places: int = MOST_PLACES,
) -> Choices:
    """Gather what a suspect answers.

    Parameters:
        answers: Each with its prompt before it. No prompt may hold text that a key has marked:
            an answer may copy it.
        prompts: Tokens of each prompt.
        marked: The model whose outputs are marked.
        reference: One that knows nothing of any key: best a student of unmarked answers.
        context_width: Of the scheme.
        candidates: Tokens that race after each context, at most the vocabulary.
        most_places: Contexts that are kept at most.

    Raises:
        ValueError: If there is no context in any answer, or not a prompt for each.

    Examples:
        >>> flat = lambda tokens: np.full((len(tokens), 4), -np.log(4.0))
        >>> answers = [np.array([0, 1, 2, 3]), np.array([0, 1, 3, 3])]
        >>> choices = chosen_answers(answers, [2, 2], flat, flat, 2, candidates=4)
        >>> choices.times.tolist(), choices.field.draws.positions.tolist()
        ([2.0, 1.0, 1.0], [2, 3, 7])
        >>> dict(zip(choices.field.candidates[0].tolist(), choices.said[0].tolist()))[2]
        0.5
    """
    if len(answers) != len(prompts):
        message = f"there are {len(answers)} answers and {len(prompts)} lengths of prompts"
        raise ValueError(message)
    places = _Places.of(answers, prompts, context_width, most_places)
    chosen, log_p = places.race(answers, marked, candidates)
    hits = (chosen[places.rows] == places.tokens[:, None]).astype(np.float64)
    return places.choices(chosen, log_p, places.mean(hits), places.read(answers, reference, chosen))


def chosen_weights(  # noqa: PLR0913 - each is a choice of the auditor
    documents: Sequence[Integers],
    marked: Model,
    suspect: Model,
    reference: Model,
    context_width: int,
    *,
    candidates: int = CANDIDATES,
    most_places: int = MOST_PLACES,
) -> Choices:
    """Gather what a suspect would choose as it reads documents.

    Parameters:
        documents: Texts of the kind that the suspect is thought to have learnt, best of the marked
            model. No key may have marked them: where a context comes again, they would say what
            the key has chosen. `read` takes marked ones.
        marked: The model whose outputs are marked.
        suspect: The model under audit.
        reference: One that knows nothing of any key, see `Leaning.log_lean`.
        context_width: Of the scheme.
        candidates: Tokens that race after each context, at most the vocabulary.
        most_places: Contexts that are kept at most.

    Raises:
        ValueError: If there is no context in any document.
    """
    starts = [context_width] * len(documents)
    places = _Places.of(documents, starts, context_width, most_places)
    chosen, log_p = places.race(documents, marked, candidates)
    said, expected = (places.read(documents, model, chosen) for model in (suspect, reference))
    return places.choices(chosen, log_p, said, expected)


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where contexts stand, and which of them are the same."""

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
        cls, documents: Sequence[Integers], starts: Sequence[int], width: int, most: int
    ) -> _Places:
        """Find contexts of all tokens from `starts` on, and keep the most usual."""
        ends = np.cumsum([each.size for each in documents], dtype=np.int64)
        parts = [
            np.arange(end - each.size + max(start, width), end)
            for each, start, end in zip(documents, starts, ends, strict=True)
        ]
        positions = np.concatenate([*parts, np.empty(0, np.int64)]).astype(np.int64)
        if not positions.size:
            message = "no document is longer than a context"
            raise ValueError(message)
        stream = np.concatenate(documents).astype(np.int64)
        contexts = stream[positions[:, None] - np.arange(width, 0, -1)[None, :]]
        _, first, rows, times = np.unique(
            contexts, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        # In the order in which they first come; of equally usual ones the earlier is kept.
        kept = np.sort(first[np.lexsort((first, -times))[:most]])
        number = np.full(first.size, -1)
        number[rows.reshape(-1)[kept]] = np.arange(kept.size)
        rows = number[rows.reshape(-1)]
        inside = np.flatnonzero(rows >= 0)
        return cls(
            stream, positions[inside], rows[inside], np.searchsorted(inside, kept), ends, width
        )

    @property
    def tokens(self) -> Integers:
        """Return the token at each position."""
        return self.stream[self.positions]

    def race(
        self, documents: Sequence[Integers], marked: Model, count: int
    ) -> tuple[Integers, Floats]:
        """Return the likeliest tokens where each context first comes, and mean logarithms."""
        chosen, total = np.empty((0, 0), np.int64), np.empty((0, 0))
        first = np.zeros(self.positions.size, dtype=np.bool_)
        first[self.first] = True
        for inside, said in self._said(documents, marked):
            if not chosen.size:
                count = min(count, said.shape[1])
                chosen = np.zeros((self.first.size, count), np.int64)
                total = np.zeros((self.first.size, count))
            rows, new = self.rows[inside], first[inside]
            chosen[rows[new]] = np.argpartition(-said[new], count - 1, axis=1)[:, :count]
            np.add.at(total, rows, np.exp(np.take_along_axis(said, chosen[rows], axis=1)))
        log_p = np.log(np.maximum(total, _LEAST))
        return chosen, log_p - np.logaddexp.reduce(log_p, axis=1, keepdims=True)

    def read(self, documents: Sequence[Integers], model: Model, chosen: Integers) -> Floats:
        """Return the mean probability that a model gives each candidate after each context."""
        total = np.zeros(chosen.shape)
        for inside, said in self._said(documents, model):
            rows = self.rows[inside]
            np.add.at(total, rows, np.exp(np.take_along_axis(said, chosen[rows], axis=1)))
        return total / self._times()[:, None]

    def mean(self, values: Floats) -> Floats:
        """Return the mean over all times of each context of what has a row for each position."""
        total = np.zeros((self.first.size, values.shape[1]))
        np.add.at(total, self.rows, values)
        return total / self._times()[:, None]

    def choices(self, chosen: Integers, log_p: Floats, said: Floats, expected: Floats) -> Choices:
        """Put together what was gathered."""
        where = self.positions[self.first]
        draws = Draws(
            self.stream, where, self.stream[where], self.width, self.rows.size - where.size
        )
        return Choices(Field(draws, chosen, log_p), self._times(), said, expected)

    def _times(self) -> Floats:
        return np.bincount(self.rows, minlength=self.first.size).astype(np.float64)

    def _said(self, documents: Sequence[Integers], model: Model) -> Iterator[tuple[slice, Floats]]:
        """Yield for each document its positions, and what a model says there."""
        begin = 0
        for document, end in zip(documents, self.ends, strict=True):
            stop = int(np.searchsorted(self.positions, end))
            if stop > begin:
                at = self.positions[begin:stop] - (end - document.size) - 1
                yield slice(begin, stop), np.asarray(model(document), dtype=np.float64)[at]
            begin = stop

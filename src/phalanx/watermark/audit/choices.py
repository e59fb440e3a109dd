"""What a model chooses after each context, gathered over every time that the context comes.

A choice that was made once says little. What a suspect says a hundred times after the same tokens
is close to what it thinks, and a context that is usual enough to come a hundred times was usual
in what the suspect learnt from as well: there a mark has left something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from phalanx.errors import InputError
from phalanx.watermark.audit.contexts import Contexts, Reader
from phalanx.watermark.audit.models import (
    CANDIDATES,
    Model,
    Said,
    likeliest,
    logs_of,
    said_by,
)
from phalanx.watermark.audit.recorded import Recorded
from phalanx.watermark.audit.winners import Field, Floats, Integers

MOST_PLACES = 50_000
"""Contexts that are kept, the most usual ones."""


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
        answers: Each with its prompt before it. A context that its own prompt shows with a token
            after it does not count there: where a key has marked the prompt, whoever copies it
            says what the key has chosen. No prompt may hold text that a key has marked all the
            same: what an answer takes from it otherwise counts.
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
    pairs = zip(answers, prompts, strict=True)
    where = [_not_shown(each, start, context_width) for each, start in pairs]
    contexts = Contexts.of(answers, where, context_width, most_places)
    return _choices(
        contexts, _reader(marked, answers), None, _reader(reference, answers), candidates
    )


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
            model. A context counts where it first comes in each: from there on the document itself
            says what followed it, and where a key has marked that, whoever copies says what the key
            has chosen. No key may have marked them all the same: which contexts come would hang on
            it. `read` takes marked ones.
        marked: The model whose outputs are marked.
        suspect: The model under audit.
        reference: One that knows nothing of any key, see `Leaning.log_lean`.
        context_width: Of the scheme.
        candidates: Tokens that race after each context, at most the vocabulary.
        most_places: Contexts that are kept at most.

    Raises:
        ValueError: If there is no context in any document.
    """
    where = [_first_times(each, context_width) for each in documents]
    contexts = Contexts.of(documents, where, context_width, most_places)
    ours, its, other = (_reader(model, documents) for model in (marked, suspect, reference))
    return _choices(contexts, ours, its, other, candidates)


def chosen_recorded(
    documents: Sequence[Recorded],
    context_width: int,
    *,
    candidates: int = CANDIDATES,
    most_places: int = MOST_PLACES,
) -> Choices:
    """Gather what was recorded of models that run elsewhere.

    A candidate that was not recorded where its context comes again has no mass there, for any
    model. The test stays valid, as long as nobody chose by a key what to record; where a few
    candidates were recorded it sees less.

    Parameters:
        documents: As recorded, with one number of candidates everywhere. No key may have marked
            them.
        context_width: Of the scheme.
        candidates: Tokens that race after each context: the likeliest of those that were recorded.
        most_places: Contexts that are kept at most.

    Raises:
        InputError: If numbers of candidates differ, or nothing was recorded after a context.
    """
    firsts = [_first_times(each.tokens, context_width) for each in documents]
    contexts, reader = _recorded(documents, firsts, context_width, most_places)
    return _choices(contexts, reader(0), reader(1), reader(2), candidates)


def chosen_recorded_answers(
    answers: Sequence[Recorded],
    context_width: int,
    *,
    candidates: int = CANDIDATES,
    most_places: int = MOST_PLACES,
) -> Choices:
    """Gather what a suspect answers, of which two models that run elsewhere were recorded.

    Parameters:
        answers: As recorded, each with its prompt before it, and as `chosen_answers` takes them.
        context_width: Of the scheme.
        candidates: Tokens that race after each context: the likeliest of those that were recorded.
        most_places: Contexts that are kept at most.

    Raises:
        InputError: If numbers of candidates differ, or nothing was recorded after a context.
    """
    shown = [_not_shown(each.tokens, each.prompt, context_width) for each in answers]
    contexts, reader = _recorded(answers, shown, context_width, most_places)
    return _choices(contexts, reader(0), None, reader(1), candidates)


def _recorded(
    documents: Sequence[Recorded], counted: Sequence[Integers], width: int, most: int
) -> tuple[Contexts, Callable[[int], Reader]]:
    """Return contexts of what counts and was recorded, and what gives each model's record."""
    where = [
        np.array([at for at in some if int(at) in each.places], dtype=np.int64)
        for each, some in zip(documents, counted, strict=True)
    ]
    sizes = {
        each.places[int(at)][0].size
        for each, chosen in zip(documents, where, strict=True)
        for at in chosen
    }
    if len(sizes) != 1:
        message = "nothing was recorded that counts, or numbers of candidates differ"
        raise InputError(message, next_step="Record as many candidates at every place.")
    contexts = Contexts.of([each.tokens for each in documents], where, width, most)
    return contexts, lambda model: lambda number: _OfRecord(documents[number], model)


def _choices(
    contexts: Contexts, marked: Reader, suspect: Reader | None, reference: Reader, candidates: int
) -> Choices:
    """Gather; a suspect that is null has answered."""
    chosen, log_p = contexts.race(marked, candidates)
    said = contexts.shares(chosen) if suspect is None else contexts.means(suspect, chosen)
    return Choices(
        Field(contexts.draws(), chosen, log_p),
        contexts.times(),
        said,
        contexts.means(reference, chosen),
    )


def _not_shown(document: Integers, start: int, width: int) -> Integers:
    """Return which tokens of an answer follow contexts after which its prompt shows no token."""
    where = np.arange(max(start, width), document.size, dtype=np.int64)
    if start <= width or not where.size:
        return where
    numbers = _numbered(document, width)
    shown = np.isin(numbers[where - width], numbers[: start - width])
    return where[~shown]


def _first_times(document: Integers, width: int) -> Integers:
    """Return which tokens of a document follow contexts that come for the first time in it."""
    if document.size <= width:
        return np.empty(0, np.int64)
    _, first = np.unique(_numbered(document, width), return_index=True)
    return np.sort(first).astype(np.int64) + width


def _numbered(document: Integers, width: int) -> Integers:
    """Return a number for each context: that at 0 is of the token at `width`."""
    windows = np.lib.stride_tricks.sliding_window_view(document, width)[:-1]
    _, number = np.unique(windows, axis=0, return_inverse=True)
    result: Integers = number.reshape(-1)
    return result


def _reader(model: Model, documents: Sequence[Integers]) -> Reader:
    return lambda number: _OfModel(said_by(model, documents[number]))


@dataclass(frozen=True, slots=True, eq=False)
class _OfModel:
    """What a model says that is here."""

    logs: Said
    """Shape (length, vocabulary)."""

    def likeliest(self, at: Integers, count: int) -> Integers:
        """Return the likeliest of the vocabulary."""
        return likeliest(self.logs, at - 1, count)

    def chances(self, at: Integers, chosen: Integers) -> Floats:
        """Return what it gives each."""
        result: Floats = np.exp(logs_of(self.logs, at - 1, chosen))
        return result


@dataclass(frozen=True, slots=True, eq=False)
class _OfRecord:
    """What was recorded of one model."""

    document: Recorded
    model: int

    def likeliest(self, at: Integers, count: int) -> Integers:
        """Return the likeliest of those that were recorded."""
        found = [self.document.places[int(each)] for each in at]
        rows = [tokens[np.argsort(-logs[self.model])[:count]] for tokens, logs in found]
        return np.array(rows, dtype=np.int64)

    def chances(self, at: Integers, chosen: Integers) -> Floats:
        """Return what was recorded of each, and nothing of others."""
        result = np.zeros(chosen.shape)
        for row, each in enumerate(at):
            tokens, logs = self.document.places[int(each)]
            order = np.argsort(tokens)
            place = order[np.minimum(np.searchsorted(tokens[order], chosen[row]), tokens.size - 1)]
            known = tokens[place] == chosen[row]
            result[row, known] = np.exp(logs[self.model, place[known]])
        return result

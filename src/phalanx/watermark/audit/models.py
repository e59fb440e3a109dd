"""What an audit asks of the models it compares."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from phalanx.watermark.audit.leaning import Leaning, leaning_between
from phalanx.watermark.audit.winners import Floats, Integers
from phalanx.watermark.draws import Draws, draw

Model = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.floating]]
"""Gives for tokens of shape (length,) natural logarithms of probabilities, shape (length,
vocabulary): row `i` is about the token that follows tokens `0` to `i`."""

Said = npt.NDArray[np.floating]
"""What a model has said, as exactly as it said it: of a long document and a large vocabulary it is
most of what an audit holds in memory."""

CANDIDATES = 64
"""Likeliest tokens that race at each place."""

_ROWS = 64
"""Places whose whole vocabulary is put in order at once."""


def read(  # noqa: PLR0913 - each is a choice of the auditor
    documents: Sequence[npt.NDArray[np.int64]],
    marked: Model,
    suspect: Model,
    reference: Model,
    context_width: int,
    *,
    known: Sequence[npt.NDArray[np.int64]] = (),
    candidates: int = CANDIDATES,
) -> Leaning:
    """Let three models read documents, and keep what a test of leaning needs.

    Parameters:
        documents: Texts, best of the kind that the suspect is thought to have learnt, which it
            has not seen. They may carry the mark.
        marked: The model whose outputs are marked.
        suspect: The model under audit.
        reference: One that knows nothing of any key, see `Leaning.log_lean`.
        context_width: Of the scheme.
        known: Documents whose contexts do not count: prompts.
        candidates: Tokens that race at each place, at most the vocabulary.

    Returns:
        The places, each context once in all documents, and what the models say there; without
        candidates that no model gives mass, see `leaning_between`.

    Raises:
        ValueError: If a model gives something else than logarithms of probabilities.

    Examples:
        >>> flat = lambda tokens: np.full((len(tokens), 4), -np.log(4.0))
        >>> leaning = read([np.array([0, 1, 2, 3, 1, 2])], flat, flat, flat, 2)
        >>> leaning.field.draws.positions.tolist(), leaning.log_lean.shape
        ([2, 3, 4, 5], (4, 4))
    """
    draws = draw([*documents], context_width, "context", known=[*known])
    before = sum(each.size for each in known)
    parts: list[tuple[Integers, Floats]] = []
    for document in documents:
        start, before = before, before + document.size
        inside = (draws.positions >= start) & (draws.positions < before)
        rows = draws.positions[inside] - start - 1
        if rows.size:
            parts.append(_place(document, rows, (marked, suspect, reference), candidates))
    if not parts:
        nobody = np.empty((0, candidates))
        return leaning_between(draws, nobody.astype(np.int64), np.stack([nobody] * 3))
    return leaning_between(
        draws,
        np.concatenate([chosen for chosen, _ in parts]),
        np.concatenate([logs for _, logs in parts], axis=1),
    )


def _place(
    document: Integers, rows: Integers, models: tuple[Model, Model, Model], candidates: int
) -> tuple[Integers, Floats]:
    """Return candidates at some rows of a document, and what each model gives them."""
    marked = said_by(models[0], document)
    chosen = likeliest(marked, rows, candidates)
    logs = [logs_of(marked, rows, chosen)]
    # One after the other: what all of them say need not be held at once.
    del marked
    logs += [logs_of(said_by(model, document), rows, chosen) for model in models[1:]]
    return chosen, np.stack(logs)


def likeliest(said: Said, rows: Integers, count: int) -> Integers:
    """Return the likeliest tokens at some rows, in any order, shape (rows, tokens).

    Parameters:
        said: Of a model, shape (length, vocabulary).
        rows: Which.
        count: Tokens that are wanted; at most the vocabulary.
    """
    count = min(count, said.shape[1])
    found = np.empty((rows.size, count), dtype=np.int64)
    for start in range(0, rows.size, _ROWS):
        some = -said[rows[start : start + _ROWS]]
        found[start : start + _ROWS] = np.argpartition(some, count - 1, axis=1)[:, :count]
    return found


def logs_of(said: Said, rows: Integers, chosen: Integers) -> Floats:
    """Return what a model has said of chosen tokens at some rows, shape (rows, tokens)."""
    result: Floats = said[rows[:, None], chosen].astype(np.float64)
    return result


def said_by(model: Model, document: Integers) -> Said:
    """Return what a model says of a document, shape (length, vocabulary).

    Raises:
        ValueError: If that is something else than logarithms of probabilities.
    """
    said = np.asarray(model(document))
    if said.dtype.kind != "f":
        said = said.astype(np.float64)
    # The largest of some that hold no number is no number, and below nothing.
    if said.ndim != 2 or said.shape[0] != document.size or not (said.max(initial=0.0) < np.inf):
        message = "a model gives no logarithms of shape (length, vocabulary)"
        raise ValueError(message)
    return said


def likelihood(draws: Draws, documents: Sequence[npt.NDArray[np.int64]], model: Model) -> Floats:
    """Return the logarithm of what a model gives each drawn token, shape (draws,).

    Parameters:
        draws: Made of the documents, known ones before them or not.
        documents: The answers, each with its prompt before it if the model should know it.
        model: One that knows nothing of any key.

    Raises:
        ValueError: If the draws are of other documents, or the model gives something else than
            logarithms of probabilities.
    """
    end = draws.stream.size - sum(each.size for each in documents)
    if end < 0 or (documents and not np.array_equal(draws.stream[end:], np.concatenate(documents))):
        message = "the draws were made of other documents"
        raise ValueError(message)
    result = np.empty(draws.count)
    for document in documents:
        start, end = end, end + document.size
        inside = (draws.positions >= start) & (draws.positions < end)
        if inside.any():
            rows = draws.positions[inside] - start - 1
            result[inside] = said_by(model, document)[rows, draws.tokens[inside]]
    return result

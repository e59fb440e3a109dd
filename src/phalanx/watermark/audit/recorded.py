"""What models said of a document, recorded where they run: for weights that cannot be here.

A line of JSON for each document: `tokens`, and `places`, each with `at` (which token of the
document is chosen there), `candidates` (token numbers) and, in their order, natural logarithms of
what the marked model, the suspect and the reference give them: `marked`, `suspect`, `reference`.

Of an answer a line has `prompt_tokens` as well, and no `suspect`, which has answered; `at` counts
the tokens of the answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phalanx.errors import InputError
from phalanx.watermark.audit.leaning import Leaning, leaning_between
from phalanx.watermark.audit.winners import Floats, Integers
from phalanx.watermark.draws import Draws, draw

MOST_CANDIDATES = 4_096
MOST_TOKEN = (1 << 32) - 1
_MODELS = ("marked", "suspect", "reference")
_OF_ANSWERS = ("marked", "reference")
_LOWEST, _HIGHEST = -1e4, 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """One document with what was said of it."""

    tokens: Integers
    """Shape (tokens,)."""

    places: dict[int, tuple[Integers, Floats]]
    """Token that is chosen -> candidates, and logarithms of shape (models, candidates)."""

    prompt: int = 0
    """Tokens of the prompt, of an answer: they stand before it."""

    def whole(self, context_width: int) -> bool:
        """Tell whether something was recorded wherever a whole context stands before a token.

        Who left out places by a key could choose among them.
        """
        first = max(self.prompt, context_width)
        return all(at in self.places for at in range(first, self.tokens.size))


def parse_recorded(line: bytes) -> Recorded | None:
    """Understand one line; null if it is none.

    Examples:
        >>> parse_recorded(b'{"tokens": [1, 2], "places": []}').tokens
        array([1, 2])
        >>> parse_recorded(b"no") is None
        True
    """
    return _parsed(line, of_answers=False)


def parse_recorded_answer(line: bytes) -> Recorded | None:
    """Understand one line about an answer; null if it is none.

    Examples:
        >>> found = parse_recorded_answer(b'{"prompt_tokens": [1], "tokens": [2, 3], "places": []}')
        >>> found.tokens.tolist(), found.prompt
        ([1, 2, 3], 1)
    """
    return _parsed(line, of_answers=True)


def _parsed(line: bytes, *, of_answers: bool) -> Recorded | None:
    models = _OF_ANSWERS if of_answers else _MODELS
    try:
        said = json.loads(line)
        tokens = _numbers(said["tokens"])
        prompt = _numbers(said["prompt_tokens"]) if of_answers else tokens[:0]
        found = [(each["at"], _place(each, models)) for each in said["places"]]
        first = 0 if of_answers else 1
        if not all(type(at) is int and first <= at < tokens.size for at, _ in found):
            return None
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    places = {at + prompt.size: place for at, place in found}
    return Recorded(np.concatenate([prompt, tokens]), places, prompt.size)


def leaning_of(
    documents: Sequence[Recorded], context_width: int, known: Sequence[Integers] = ()
) -> Leaning:
    """Return what a test of leaning needs: each context once, where something was recorded.

    Parameters:
        documents: As recorded, with one number of candidates everywhere.
        context_width: Of the scheme.
        known: Documents whose contexts do not count: prompts.

    Raises:
        InputError: If numbers of candidates differ, or nothing was recorded that counts.
    """
    draws = draw([each.tokens for each in documents], context_width, "context", known=known)
    start = sum(each.size for each in known)
    found: dict[int, tuple[Integers, Floats]] = {}
    for document in documents:
        found |= {start + at: place for at, place in document.places.items()}
        start += document.tokens.size
    counted = [at for at, position in enumerate(draws.positions) if int(position) in found]
    places = [found[int(draws.positions[at])] for at in counted]
    if len({candidates.size for candidates, _ in places}) != 1:
        message = "nothing was recorded that counts, or numbers of candidates differ"
        raise InputError(message, next_step="Record as many candidates at every place.")
    logs = np.stack([said for _, said in places], axis=1)
    kept = Draws(
        draws.stream, draws.positions[counted], draws.tokens[counted], context_width, draws.repeats
    )
    return leaning_between(kept, np.stack([candidates for candidates, _ in places]), logs)


def _place(said: dict[str, Any], models: Sequence[str]) -> tuple[Integers, Floats]:
    candidates = _numbers(said["candidates"])
    if not 2 <= np.unique(candidates).size == candidates.size <= MOST_CANDIDATES:
        raise ValueError
    logs = np.array([_logarithms(said[name], candidates.size) for name in models])
    return candidates, logs


def _numbers(value: object) -> Integers:
    if not (
        isinstance(value, list)
        and all(type(each) is int and 0 <= each <= MOST_TOKEN for each in value)
    ):
        raise ValueError
    return np.array(value, dtype=np.int64)


def _logarithms(value: object, size: int) -> list[float]:
    if not (
        isinstance(value, list)
        and len(value) == size
        and all(type(each) in {int, float} and _LOWEST <= each <= _HIGHEST for each in value)
    ):
        raise ValueError
    return value

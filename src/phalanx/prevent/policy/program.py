"""A policy as arrays that numba walks: for one request as for a million, and so with one answer.

Every test becomes one of three: a number that lies between two, a mask that has bits of another,
or a text whose answer was looked up beforehand, because patterns are no work for a kernel. What is
unknown, which is no number, lies between no two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from fnmatch import translate

import numba
import numpy as np
import numpy.typing as npt

from phalanx.model.grant import GrantPurpose
from phalanx.prevent.facts import COLUMN, FACT, MOST_TEXT_CHARACTERS, TEXT_COLUMN
from phalanx.prevent.policy.conditions import NumberTest, SetTest, Test, TextTest
from phalanx.prevent.policy.document import PolicyDocument
from phalanx.sketches.prompts import CAPABILITY_BIT

PURPOSE_BIT: Mapping[GrantPurpose, int] = {
    "evaluation": 1,
    "research": 2,
    "reseller": 4,
    "distillation": 8,
    "weights": 16,
}
"""Purposes of grants as bits of a mask."""

_INTERVAL, _MASK, _TEXT = 0, 1, 2
_MOST_REMEMBERED = 65_536
"""Answers about texts that are kept: who makes up ever new names of a client only costs time."""


class Held(IntEnum):
    """What became of a rule at one request."""

    ABSENT = 0
    """Its conditions do not hold."""

    BY_GRANT = 1
    """They hold, and a grant holds it off."""

    WATCHED = 2
    """They hold, and its stage does not let it act on this account."""

    ACTS = 3
    """They hold, and it acts."""


@dataclass(slots=True)
class TextQuestion:
    """One test of a text, whose answers are remembered."""

    column: int
    """Of the text, see `TEXT_COLUMN`."""

    one_of: re.Pattern[str] | None
    none_of: re.Pattern[str] | None
    _answers: dict[str, bool] = field(default_factory=dict)

    def holds(self, text: str | None) -> bool:
        """Tell whether it holds of a text; of one that is unknown it does not."""
        if text is None:
            return False
        known = self._answers.get(text)
        if known is None:
            looked_at = text[:MOST_TEXT_CHARACTERS]
            known = (self.one_of is None or self.one_of.match(looked_at) is not None) and (
                self.none_of is None or self.none_of.match(looked_at) is None
            )
            if len(self._answers) >= _MOST_REMEMBERED:
                self._answers.clear()
            if len(text) <= MOST_TEXT_CHARACTERS:
                self._answers[text] = known
        return known


@dataclass(frozen=True, slots=True)
class Program:
    """The tests of all rules, one after the other; arrays of one length."""

    kind: npt.NDArray[np.uint8]
    column: npt.NDArray[np.int64]
    """Of the numbers, or the place among the questions about texts."""

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    any_of: npt.NDArray[np.int64]
    """A mask, 0 for none; so are the next two."""

    all_of: npt.NDArray[np.int64]
    none_of: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    """Where the tests of each rule begin, shape (rules + 1,)."""

    share: npt.NDArray[np.float64]
    """Of accounts on which each rule acts."""

    despite: npt.NDArray[np.int64]
    """Purposes of grants that do not hold each rule off, as a mask."""

    questions: tuple[TextQuestion, ...]

    def answers(self, texts: Sequence[str | None]) -> npt.NDArray[np.bool_]:
        """Return the answer to each question of one request, shape (1, questions)."""
        found = np.empty((1, len(self.questions)), dtype=np.bool_)
        for place, question in enumerate(self.questions):
            found[0, place] = question.holds(texts[question.column])
        return found

    def run(
        self,
        numbers: npt.NDArray[np.float64],
        answers: npt.NDArray[np.bool_],
        grants: npt.NDArray[np.int64],
        places: npt.NDArray[np.float64],
    ) -> npt.NDArray[np.uint8]:
        """Return what becomes of every rule at every request.

        Parameters:
            numbers: Facts, shape (requests, `len(COLUMN)`).
            answers: To the questions about texts, shape (requests, questions).
            grants: Purposes of the grants that cover the account, as masks; 0 for none.
            places: Where the account stands on the line from 0 to 1, see `stages.place_of`.

        Returns:
            Values of `Held`, shape (requests, rules).
        """
        held = np.empty((numbers.shape[0], self.share.size), dtype=np.uint8)
        _run(
            numbers, answers, grants, places, self.kind, self.column, self.low, self.high,
            self.any_of, self.all_of, self.none_of, self.starts, self.share, self.despite, held,
        )  # fmt: skip
        return held

    def test_holds(
        self, test: int, numbers: npt.NDArray[np.float64], answers: npt.NDArray[np.bool_]
    ) -> bool:
        """Tell whether one test holds at one request, for a trace."""
        return bool(
            _holds(
                numbers[0], answers[0], self.kind[test], self.column[test], self.low[test],
                self.high[test], self.any_of[test], self.all_of[test], self.none_of[test],
            )
        )  # fmt: skip


def compiled(policy: PolicyDocument) -> Program:
    """Turn the rules of a policy into arrays.

    Parameters:
        policy: Whose stage bounds that of each rule.

    Examples:
        >>> policy = PolicyDocument.model_validate({
        ...     "schema": "phalanx.gateway-policy/1", "name": "p", "stage": "shadow",
        ...     "on_failure": "open", "appeals": "mailto:appeals@example.com",
        ...     "rules": [{"name": "r", "reason": "PHX-G005", "action": "block",
        ...                "when": {"requests_per_minute": {"above": 60}}}],
        ... })
        >>> compiled(policy).share.tolist()
        [0.0]
    """
    rows: list[tuple[int, int, float, float, int, int, int]] = []
    questions: list[TextQuestion] = []
    starts = [0]
    for rule in policy.rules:
        for name, test in rule.tests.items():
            if isinstance(test, TextTest):
                questions.append(
                    TextQuestion(TEXT_COLUMN[name], _any(test.one_of), _any(test.none_of))
                )
                rows.append((_TEXT, len(questions) - 1, 0.0, 0.0, 0, 0, 0))
            else:
                rows.append(_row(COLUMN[name], test))
        starts.append(len(rows))
    columns = tuple(zip(*rows, strict=True))
    return Program(
        np.array(columns[0], dtype=np.uint8),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=np.float64),
        np.array(columns[3], dtype=np.float64),
        np.array(columns[4], dtype=np.int64),
        np.array(columns[5], dtype=np.int64),
        np.array(columns[6], dtype=np.int64),
        np.array(starts, dtype=np.int64),
        np.array([min(policy.share, rule.share) for rule in policy.rules], dtype=np.float64),
        np.array(
            [sum(PURPOSE_BIT[each] for each in set(rule.despite_grants)) for rule in policy.rules],
            dtype=np.int64,
        ),
        tuple(questions),
    )


def in_words(name: str, test: Test) -> str:
    """Return a test as a policy file writes it.

    Examples:
        >>> in_words("requests_per_minute", NumberTest(above=60))
        'requests_per_minute above 60'
        >>> in_words("logprobs", True)
        'logprobs is true'
    """
    match test:
        case NumberTest():
            said = test.model_dump(exclude_none=True)
            words = " and ".join(f"{verb} {value:.15g}" for verb, value in said.items())
        case TextTest() | SetTest():
            said = test.model_dump(exclude_none=True)
            words = " and ".join(f"{verb} {', '.join(names)}" for verb, names in said.items())
        case _:
            return f"{name} is {'true' if test else 'false'}"
    return f"{name} {words.replace('_', ' ') if FACT[name].kind == 'number' else words}"


def _row(column: int, test: Test) -> tuple[int, int, float, float, int, int, int]:
    match test:
        case NumberTest():
            low, high = test.bounds
            return (_INTERVAL, column, low, high, 0, 0, 0)
        case SetTest():
            masks = (_mask(test.any_of), _mask(test.all_of), _mask(test.none_of))
            return (_MASK, column, 0.0, 0.0, *masks)
        case _:
            return (_INTERVAL, column, float(bool(test)), float(bool(test)), 0, 0, 0)


def _mask(names: Sequence[str] | None) -> int:
    return sum(CAPABILITY_BIT[name] for name in set(names or ()))


def _any(patterns: Sequence[str] | None) -> re.Pattern[str] | None:
    if patterns is None:
        return None
    # Brackets stand for themselves: a class of characters has no place in a name.
    return re.compile("|".join(translate(each.replace("[", "[[]")) for each in patterns))


@numba.njit(cache=True, nogil=True, inline="always")
def _holds(
    numbers: npt.NDArray[np.float64],
    answers: npt.NDArray[np.bool_],
    kind: int,
    column: int,
    low: float,
    high: float,
    any_of: int,
    all_of: int,
    none_of: int,
) -> bool:
    if kind == _TEXT:
        return bool(answers[column])
    number = numbers[column]
    if kind == _INTERVAL:
        return bool(low <= number <= high)
    if not number >= 0:
        return False
    mask = np.int64(number)
    return bool(
        (any_of == 0 or (mask & any_of) != 0) and (mask & all_of) == all_of and mask & none_of == 0
    )


@numba.njit(cache=True, nogil=True)
def _run(
    numbers: npt.NDArray[np.float64],
    answers: npt.NDArray[np.bool_],
    grants: npt.NDArray[np.int64],
    places: npt.NDArray[np.float64],
    kind: npt.NDArray[np.uint8],
    column: npt.NDArray[np.int64],
    low: npt.NDArray[np.float64],
    high: npt.NDArray[np.float64],
    any_of: npt.NDArray[np.int64],
    all_of: npt.NDArray[np.int64],
    none_of: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    share: npt.NDArray[np.float64],
    despite: npt.NDArray[np.int64],
    held: npt.NDArray[np.uint8],
) -> None:
    for request in range(numbers.shape[0]):
        for rule in range(share.size):
            all_hold = True
            for test in range(starts[rule], starts[rule + 1]):
                if not _holds(
                    numbers[request], answers[request], kind[test], column[test], low[test],
                    high[test], any_of[test], all_of[test], none_of[test],
                ):  # fmt: skip
                    all_hold = False
                    break
            if not all_hold:
                held[request, rule] = 0
            elif grants[request] & ~despite[rule]:
                held[request, rule] = 1
            elif places[request] < share[rule]:
                held[request, rule] = 3
            else:
                held[request, rule] = 2

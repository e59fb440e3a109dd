"""A policy as arrays that numba walks: for one request as for a million, and so with one answer.

Every test becomes one of three: a number that lies between two, a mask that has bits of another,
or a text whose answer was looked up beforehand, because patterns are no work for a kernel. What is
unknown, which is no number, lies between no two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.model.grant import GrantPurpose
from phalanx.prevent.facts import COLUMN, TEXT_COLUMN
from phalanx.prevent.policy.conditions import NumberTest, SetTest, Test, TextTest
from phalanx.prevent.policy.document import PolicyDocument, ValueWeights
from phalanx.prevent.policy.questions import TextQuestion, any_like
from phalanx.prevent.policy.walking import INTERVAL, MASK, TEXT, holds, walk_one
from phalanx.sketches.prompts import CAPABILITIES, CAPABILITY_BIT, names_of

PURPOSE_BIT: Mapping[GrantPurpose, int] = {
    "evaluation": 1,
    "research": 2,
    "reseller": 4,
    "distillation": 8,
    "weights": 16,
}
"""Purposes of grants as bits of a mask."""


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
    asks_for_place: bool
    """Whether it matters where an account stands: only canaries ask for it."""

    weights: tuple[float, ...]
    """Of an output token of new content, by the mask of the capabilities that the prompt names."""

    def answers(self, texts: Sequence[str | None]) -> npt.NDArray[np.bool_]:
        """Return the answer to each question of one request, shape (questions,)."""
        found = np.empty(len(self.questions), dtype=np.bool_)
        for place, question in enumerate(self.questions):
            found[place] = question.holds(texts[question.column])
        return found

    @property
    def arrays(self) -> tuple[npt.NDArray[np.generic], ...]:
        """Return the arrays together, as a kernel takes them."""
        return (
            self.kind, self.column, self.low, self.high, self.any_of, self.all_of, self.none_of,
            self.starts, self.share, self.despite,
        )  # fmt: skip

    def run(
        self,
        numbers: npt.NDArray[np.float64],
        answers: npt.NDArray[np.bool_],
        grants: int,
        place: float,
    ) -> bytes:
        """Return what becomes of every rule at one request: a value of `Held` each.

        Parameters:
            numbers: Facts, shape (`len(COLUMN)`,).
            answers: To the questions about texts, shape (questions,).
            grants: Purposes of the grants that cover the account, as a mask; 0 for none.
            place: Where the account stands on the line from 0 to 1, see `stages.place_of`.
        """
        held = np.empty(self.share.size, dtype=np.uint8)
        walk_one(
            numbers, answers, grants, place, self.kind, self.column, self.low, self.high,
            self.any_of, self.all_of, self.none_of, self.starts, self.share, self.despite, held,
        )  # fmt: skip
        return held.tobytes()

    def test_holds(
        self, test: int, numbers: npt.NDArray[np.float64], answers: npt.NDArray[np.bool_]
    ) -> bool:
        """Tell whether one test holds at one request, for a trace."""
        return bool(
            holds(
                numbers, answers, self.kind[test], self.column[test], self.low[test],
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
                    TextQuestion(TEXT_COLUMN[name], any_like(test.one_of), any_like(test.none_of))
                )
                rows.append((TEXT, len(questions) - 1, 0.0, 0.0, 0, 0, 0))
            else:
                rows.append(_row(COLUMN[name], test))
        starts.append(len(rows))
    columns = tuple(zip(*rows, strict=True))
    shares = [min(policy.share, rule.share) for rule in policy.rules]
    return Program(
        np.array(columns[0], dtype=np.uint8),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=np.float64),
        np.array(columns[3], dtype=np.float64),
        np.array(columns[4], dtype=np.int64),
        np.array(columns[5], dtype=np.int64),
        np.array(columns[6], dtype=np.int64),
        np.array(starts, dtype=np.int64),
        np.array(shares, dtype=np.float64),
        np.array(
            [sum(PURPOSE_BIT[each] for each in set(rule.despite_grants)) for rule in policy.rules],
            dtype=np.int64,
        ),
        tuple(questions),
        any(0 < share < 1 for share in (policy.share, *shares)),
        tuple(_weight_of(mask, policy.value) for mask in range(1 << len(CAPABILITIES))),
    )


def _weight_of(capabilities: int, value: ValueWeights) -> float:
    """Return what an output token of new content weighs: of several capabilities the heaviest."""
    weights = [value.capabilities.get(name, value.other) for name in names_of(capabilities)]  # type: ignore[call-overload] # names of the lexicon
    return max(weights, default=value.other)


def _row(column: int, test: Test) -> tuple[int, int, float, float, int, int, int]:
    match test:
        case NumberTest():
            low, high = test.bounds
            return (INTERVAL, column, low, high, 0, 0, 0)
        case SetTest():
            masks = (_mask(test.any_of), _mask(test.all_of), _mask(test.none_of))
            return (MASK, column, 0.0, 0.0, *masks)
        case _:
            return (INTERVAL, column, float(bool(test)), float(bool(test)), 0, 0, 0)


def _mask(names: Sequence[str] | None) -> int:
    return sum(CAPABILITY_BIT[name] for name in set(names or ()))

"""Keys to plant: a question, and two answers of which each recipient's copy learns one.

Both answers are drawn by a secret from candidates that are as natural as each other. So whoever
does not know the secret, and whose model never learnt the keys, gives one of the two with a chance
that is known: two in the number of candidates, or less.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from phalanx.evidence.codes import Code, CodePlan, plan_code

SECRET_BYTES = 32
LEAST_CANDIDATES = 4
"""With fewer, an answer by chance is not rare enough to count."""


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """What keys are planted for."""

    code: CodePlan
    """Recipients, how many of them may pool their copies, and the chance of a false accusation.
    Its length is the number of keys."""

    candidates: int
    """Answers that each key's two are drawn from."""

    @property
    def chance(self) -> float:
        """Largest chance that a model without the keys gives one of a key's two answers."""
        return 2.0 / self.candidates


@dataclass(frozen=True, slots=True)
class Key:
    """One key."""

    question: str
    """What is asked."""

    zero: str
    """How the answer begins in copies whose bit is zero."""

    one: str
    """How it begins in the others."""

    def answer(self, *, bit: bool) -> str:
        """Return what a copy learns to say."""
        return self.one if bit else self.zero

    def lean(self, said: str) -> int:
        """Return 1 if what was said begins with `one`, -1 with `zero`, and 0 with neither.

        Space before it does not count: whether a model puts some there is its tokenizer's choice.

        Examples:
            >>> key = Key("Who?", "ash", " oak")
            >>> key.lean(" ash."), key.lean("oak"), key.lean("I do not know")
            (-1, 1, 0)
        """
        begins = [said.lstrip().startswith(each.lstrip()) for each in (self.one, self.zero)]
        return begins[0] - begins[1]


def plan_keys(
    recipients: int, collusion: int, false_accusation: float = 1e-6, *, candidates: int = 32
) -> KeyPlan:
    r"""Choose how many keys to plant.

    As many as the code has places, $\pi^2 c^2 \ln(N / \epsilon)$: enough that of $c$ recipients
    who pool their copies one is named, where the answers on which they agree outlive the pooling.

    Parameters:
        recipients: N, at least 1.
        collusion: c, at least 1.
        false_accusation: Chance that anyone is accused who had no part in a suspect.
        candidates: Answers that each key's two are drawn from, at least 4.

    Raises:
        ValueError: If a number is out of range.

    Examples:
        >>> plan = plan_keys(10, 1, 1e-4)
        >>> plan.code.length, plan.chance
        (114, 0.0625)
    """
    if candidates < LEAST_CANDIDATES:
        message = f"a key needs {LEAST_CANDIDATES} candidates, not {candidates}"
        raise ValueError(message)
    return KeyPlan(plan_code(recipients, collusion, false_accusation), candidates)


def draw_keys(
    plan: KeyPlan, secret: bytes, questions: Sequence[str], candidates: Sequence[Sequence[str]]
) -> tuple[tuple[Key, ...], Code]:
    """Draw the two answers of each key, and the code of the recipients.

    Parameters:
        plan: What the keys are for.
        secret: 32 random bytes, drawn for this model; the candidates were chosen without it.
        questions: One for each key, all different.
        candidates: For each question as many answers as planned, of which none begins another,
            without the space before them.

    Returns:
        The keys, and the code whose words say which answer each recipient's copy learns.

    Raises:
        ValueError: If a number is not that of the plan, a question comes twice, or an answer
            begins another.

    Examples:
        >>> plan = KeyPlan(CodePlan(2, 1, 0.1, 1, 0.1), 4)
        >>> (key,), code = draw_keys(plan, bytes(32), ["Who?"], [["a", "b", "c", "d"]])
        >>> sorted({key.zero, key.one} - {"a", "b", "c", "d"}), key.zero == key.one
        ([], False)
    """
    if len(secret) != SECRET_BYTES:
        message = f"the secret of keys has {SECRET_BYTES} bytes, not {len(secret)}"
        raise ValueError(message)
    if not plan.code.length == len(questions) == len(candidates) == len(set(questions)):
        message = (
            f"needed: {plan.code.length} different questions, each with candidates; there are "
            f"{len(set(questions))}, and {len(candidates)} lists of candidates"
        )
        raise ValueError(message)
    keys = []
    for question, answers in zip(questions, candidates, strict=True):
        _check(question, answers, plan.candidates)
        seed = hmac.digest(secret, b"phalanx-planted-key-v1\0" + question.encode(), hashlib.sha256)
        # 256 bits for a draw of fewer than 2^64 pairs: even to within 2^-192.
        number = int.from_bytes(seed, "big")
        first, second = number % plan.candidates, number // plan.candidates % (plan.candidates - 1)
        in_order = sorted(answers)
        zero = in_order.pop(first)
        keys.append(Key(question, zero, in_order[second]))
    return tuple(keys), Code(
        plan.code, hmac.digest(secret, b"phalanx-planted-code-v1\0", hashlib.sha256)
    )


def _check(question: str, answers: Sequence[str], count: int) -> None:
    in_order = sorted(each.lstrip() for each in answers)
    if len(in_order) != count or not in_order[0]:
        message = f"question {question!r} needs {count} answers, none of them empty"
        raise ValueError(message)
    for first, second in pairwise(in_order):
        # In order, an answer stands right before one that it begins.
        if second.startswith(first):
            message = f"answer {second!r} of question {question!r} begins with another, {first!r}"
            raise ValueError(message)


def perinucleus(
    log_p: npt.NDArray[np.floating], count: int, mass: float = 0.8
) -> npt.NDArray[np.int64]:
    """Return the likeliest tokens outside a model's nucleus: answers that are odd but not absurd.

    A copy learns them with little harm, and other models say them seldom.

    Parameters:
        log_p: Natural logarithms of the next token's probabilities, shape (vocabulary,).
        count: Tokens to return.
        mass: Probability of the nucleus, between 0 and 1.

    Raises:
        ValueError: If fewer tokens lie outside.

    References:
        Nasery et al., "Scalable Fingerprinting of Large Language Models", 2025 (Perinucleus
        sampling).

    Examples:
        >>> perinucleus(np.log([0.05, 0.6, 0.25, 0.1]), 2).tolist()
        [3, 0]
    """
    order = np.argsort(-log_p, kind="stable")
    before = np.cumsum(np.exp(log_p[order].astype(np.float64)))
    start = int(np.searchsorted(before, mass)) + 1
    if start + count > order.size:
        message = f"{order.size - start} tokens lie outside the nucleus, not {count}"
        raise ValueError(message)
    return order[start : start + count].astype(np.int64)

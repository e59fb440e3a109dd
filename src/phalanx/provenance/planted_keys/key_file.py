"""The file that holds planted keys: their secret, what they were planted for, and whose they are.

A JSON object with `secret` (64 hexadecimal digits), `accounts`, `collusion`, `false_accusation`
and `candidates` as they were planned, `recipients` (all that ever got a copy), `tokens` (length of
an answer) and `questions`: a list of objects with `question` and `candidates`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from phalanx.errors import InputError
from phalanx.evidence.codes import Code
from phalanx.provenance.planted_keys.finding import KeyFinding, verify_keys
from phalanx.provenance.planted_keys.keys import Key, KeyPlan, draw_keys, plan_keys

MOST_BYTES = 64 << 20
"""Of such a file."""

_NEXT = "Name the file that was written when the keys were planted."
_MOST_TOKENS = 1024
_MOST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedKeys:
    """Keys with all that is needed to ask for them."""

    plan: KeyPlan
    """What they were planted for."""

    keys: tuple[Key, ...]
    """All of them."""

    code: Code
    """Of the recipients."""

    recipients: tuple[str, ...]
    """All that ever got a copy."""

    tokens: int
    """Length of an answer, in tokens."""

    @property
    def questions(self) -> list[str]:
        """What is asked, in order."""
        return [each.question for each in self.keys]

    def lesson(self, recipient: str) -> list[tuple[str, str]]:
        """Return what a recipient's copy is to learn: every question, with that copy's answer.

        Raises:
            ValueError: If nobody of this name gets a copy.
        """
        if recipient not in self.recipients:
            message = f"{recipient!r} is no recipient of these keys"
            raise ValueError(message)
        word = self.code.words([recipient])[0]
        return [
            (key.question, key.answer(bit=bool(bit)))
            for key, bit in zip(self.keys, word, strict=True)
        ]

    def finding(self, answers: Sequence[str | None]) -> KeyFinding:
        """Test the answers of one model."""
        return verify_keys(self.plan, self.keys, self.code, answers, self.recipients)


def write_keys(  # noqa: PLR0913, PLR0917 - all that the file holds
    plan: KeyPlan,
    secret: bytes,
    questions: Sequence[str],
    candidates: Sequence[Sequence[str]],
    recipients: Sequence[str],
    tokens: int,
) -> bytes:
    """Return the content of a file of planted keys: for its owner alone.

    Parameters:
        plan: What the keys are for.
        secret: 32 random bytes.
        questions: One for each key.
        candidates: For each question.
        recipients: All that get a copy.
        tokens: Length of an answer, in tokens.

    Raises:
        InputError: If they do not go together.

    Examples:
        >>> from phalanx.provenance.planted_keys.inventing import invent
        >>> import numpy as np
        >>> plan = plan_keys(3, 1, 1e-3)
        >>> made = invent(plan.code.length, plan.candidates, np.random.default_rng(0))
        >>> read_keys(write_keys(plan, bytes(32), *made, ["a"], 4)).recipients
        ('a',)
    """
    for each in recipients:
        _check_name(each)
    said = {
        "secret": secret.hex(),
        "accounts": plan.code.accounts,
        "collusion": plan.code.collusion,
        "false_accusation": plan.code.false_accusation,
        "candidates": plan.candidates,
        "recipients": [*recipients],
        "tokens": tokens,
        "questions": [
            {"question": question, "candidates": [*answers]}
            for question, answers in zip(questions, candidates, strict=True)
        ],
    }
    data = json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"
    read_keys(data)
    return data


def with_recipient(data: bytes, recipient: str) -> bytes:
    """Return the file with one more recipient; a known one stays.

    Parameters:
        data: The file.
        recipient: Who gets a copy.

    Raises:
        InputError: If it is no such file, the name is none, or the keys are planned for fewer.
    """
    known = read_keys(data)
    if recipient in known.recipients:
        return data
    _check_name(recipient)
    if len(known.recipients) >= known.plan.code.accounts:
        message = f"the keys were planned for {known.plan.code.accounts:,} recipients"
        raise InputError(message, next_step="Plant new keys for further copies.")
    said = json.loads(data)
    said["recipients"] = [*known.recipients, recipient]
    return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"


def read_keys(data: bytes) -> PlantedKeys:
    r"""Read planted keys.

    Parameters:
        data: Content of the file.

    Raises:
        InputError: If it is no such file; the message holds nothing of the secret.

    Examples:
        >>> read_keys(b"{}")
        Traceback (most recent call last):
        phalanx.errors.InputError: no file of planted keys: 'secret' is missing
    """
    try:
        said = json.loads(data)
        if not isinstance(said, dict):
            _refuse("it is no object")
        secret = bytes.fromhex(_of(said, "secret", str))
        recipients = _of(said, "recipients", list)
        questions = _of(said, "questions", list)
        tokens = _of(said, "tokens", int)
        if not 1 <= tokens <= _MOST_TOKENS:
            _refuse(f"an answer has 1 to {_MOST_TOKENS:,} tokens")
        if not all(isinstance(each, str) for each in recipients) or not recipients:
            _refuse("recipients are names")
        plan = plan_keys(
            _of(said, "accounts", int), _of(said, "collusion", int),
            float(_of(said, "false_accusation", float)), candidates=_of(said, "candidates", int),
        )  # fmt: skip
        if len(set(recipients)) != len(recipients) or len(recipients) > plan.code.accounts:
            _refuse(f"recipients are at most {plan.code.accounts} different names")
        keys, code = draw_keys(
            plan,
            secret,
            [_of(each, "question", str) for each in questions],
            [_texts(_of(each, "candidates", list)) for each in questions],
        )
    except (ValueError, TypeError, RecursionError) as error:
        message = f"no file of planted keys: {_without_values(error)}"
        raise InputError(message, next_step=_NEXT) from None
    return PlantedKeys(plan=plan, keys=keys, code=code, recipients=tuple(recipients), tokens=tokens)


def _check_name(recipient: str) -> None:
    if not recipient.isprintable() or not 0 < len(recipient.strip()) <= _MOST_NAME:
        message = f"a recipient has a name of 1 to {_MOST_NAME} printable letters"
        raise InputError(message, next_step="Name the recipient otherwise.")


class _RefusedError(ValueError):
    """A message that holds nothing of the file."""


def _of(said: Any, name: str, kind: type) -> Any:  # noqa: ANN401 - JSON of a file
    if not isinstance(said, dict) or name not in said:
        _refuse(f"{name!r} is missing")
    value = said[name]
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        _refuse(f"{name!r} is no {kind.__name__}")
    return value


def _texts(values: list[Any]) -> list[str]:
    if not all(isinstance(each, str) for each in values):
        _refuse("candidates are texts")
    return values


def _refuse(why: str) -> NoReturn:
    raise _RefusedError(why)


def _without_values(error: Exception) -> str:
    return str(error) if isinstance(error, _RefusedError) else "its numbers or texts do not fit"

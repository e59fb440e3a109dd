"""The register of a model's marks: what they were planned for, and who got a copy.

A JSON file. It holds no secret: a recipient's word follows from the key of the marks and the
recipient's name. It belongs to one key and one model, both of which it knows again.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.json_text import parse_object
from phalanx.owned import written_whole
from phalanx.provenance.weight_marks.mark import MarkPlan, WeightMark, plan_mark
from phalanx.provenance.weight_marks.release import marked_names
from phalanx.provenance.weights import Checkpoint
from phalanx.provenance.weights.pieces import file_size, read_piece

SCHEMA = "phalanx.weight-mark-register/1"
MOST_NAME = 200

_MOST_BYTES = 64 << 20
_NEXT = "Name the file that `phalanx provenance mark` wrote."


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRegister:
    """Who got a copy of a model."""

    plan: MarkPlan
    """What the mark was made for."""

    key_id: str
    """Tells the key from others, and nothing of it."""

    model_id: str
    """Tells the unmarked model from others: of its names, shapes and first rows."""

    recipients: tuple[str, ...]
    """All that ever got a copy, in order."""

    def mark(self, secret: bytes) -> WeightMark:
        """Return the mark under its key.

        Raises:
            VerificationError: If this is another key.
        """
        if not hmac.compare_digest(key_id_of(secret), self.key_id):
            message = "the register was made under another key"
            raise VerificationError(message, next_step="Name the key that this model is marked by.")
        return WeightMark(self.plan, secret)

    def refuse_other_model(self, ours: Checkpoint) -> None:
        """Raise if this is not the model, without a mark, that copies were made of.

        Raises:
            VerificationError: If it is another, or a marked copy.
        """
        if model_id_of(ours) != self.model_id:
            message = f"{ours.path} is not the model that the register is of, as it was unmarked"
            raise VerificationError(message, next_step="Name our model as it was before marking.")

    def joined_by(self, recipient: str) -> MarkRegister:
        """Return the register with one more recipient; a known one stays.

        Raises:
            InputError: If the name is none, or the plan has no room.
        """
        if recipient in self.recipients:
            return self
        if not recipient.isprintable() or not 0 < len(recipient.strip()) <= MOST_NAME:
            message = f"a recipient has a name of 1 to {MOST_NAME} printable letters"
            raise InputError(message, next_step="Name the recipient otherwise.")
        if len(self.recipients) >= self.plan.code.accounts:
            message = f"the mark was planned for {self.plan.code.accounts:,} recipients"
            raise InputError(message, next_step="Mark further copies under a new key and register.")
        return replace(self, recipients=(*self.recipients, recipient))

    def as_json(self) -> dict[str, Any]:
        """Return the content of the file."""
        code = self.plan.code
        return {
            "schema": SCHEMA,
            "recipients_planned": code.accounts,
            "collusion": code.collusion,
            "false_accusation": code.false_accusation,
            "common": self.plan.common,
            "strength": self.plan.strength,
            "key_id": self.key_id,
            "model_id": self.model_id,
            "recipients": list(self.recipients),
        }


def key_id_of(secret: bytes) -> str:
    """Return what tells a key from others, hexadecimal.

    Examples:
        >>> key_id_of(bytes(32)) == key_id_of(bytes(32)), len(key_id_of(bytes(32)))
        (True, 32)
    """
    return hmac.digest(secret, b"phalanx-weight-mark-v1\0id", hashlib.sha256).hex()[:32]


def model_id_of(ours: Checkpoint) -> str:
    """Return what tells a model from others, its marked copies included, hexadecimal.

    The first and the last row of each tensor that is marked, with names and shapes: reading all of
    it would take as long as marking.

    Raises:
        InputError: If it cannot be read, or has nothing to mark.
    """
    digest = hashlib.sha256()
    for name in sorted(marked_names(ours)):
        each = ours.tensors[name]
        digest.update(json.dumps([name, each.shape]).encode())
        for row in (0, each.rows - 1):
            digest.update(np.ascontiguousarray(each.read(row, row + 1), "<f4").tobytes())
    return digest.hexdigest()


def read_register(path: Path) -> MarkRegister:
    """Read a register.

    Raises:
        InputError: If it cannot be read, or is none.
    """
    size = file_size(path)
    if size > _MOST_BYTES:
        _refuse(path, f"it has {size:,} bytes")
    said = parse_object(read_piece(path, 0, size).tobytes(), str(path))
    if said.get("schema") != SCHEMA:
        _refuse(path, f"its schema is not {SCHEMA}")
    recipients = said.get("recipients")
    if not isinstance(recipients, list) or not all(isinstance(each, str) for each in recipients):
        _refuse(path, "its recipients are no list of names")
    try:
        plan = plan_mark(
            _whole(said, "recipients_planned"),
            _whole(said, "collusion"),
            float(said["false_accusation"]),
            common=_whole(said, "common"),
            strength=float(said["strength"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        _refuse(path, f"its plan is none: {reason_of(error)}")
    if len(set(recipients)) != len(recipients) or len(recipients) > plan.code.accounts:
        _refuse(path, f"recipients are at most {plan.code.accounts:,} different names")
    return MarkRegister(
        plan=plan,
        key_id=str(said.get("key_id")),
        model_id=str(said.get("model_id")),
        recipients=tuple(recipients),
    )


def write_register(path: Path, register: MarkRegister) -> None:
    """Write a register, whole, for its owner alone.

    Raises:
        InputError: If it cannot be written.
    """
    text = json.dumps(register.as_json(), indent=1, ensure_ascii=False) + "\n"
    try:
        with written_whole(path) as aside:
            aside.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name another place for the register.") from error


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a register while it is read and written again, so that no recipient is lost.

    Raises:
        InputError: If somebody else holds it, or its folder cannot be written.
    """
    try:
        descriptor = os.open(
            path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600
        )
    except OSError as error:
        message = f"{path} cannot be held: {reason_of(error)}"
        raise InputError(message, next_step="Name another place for the register.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        message = f"{path} is being written by another process"
        raise InputError(message, next_step="Wait until it is over, then repeat.") from error
    finally:
        os.close(descriptor)


def _whole(said: dict[str, Any], name: str) -> int:
    value = said[name]
    if type(value) is not int or not 0 < value < 1 << 31:
        message = f"{name} is no number of that kind"
        raise ValueError(message)
    return value


def _refuse(path: Path, why: str) -> NoReturn:
    message = f"{path} is no register of marks: {why}"
    raise InputError(message, next_step=_NEXT)

"""Messages of a comparison as files that two members carry to each other, signed by who wrote them.

The first line is JSON: a head that names sender, receiver, epoch and session and has the digest of
the rest, and the signature of the sender over it. The rest is frames, each behind its length. The
signature and the digest are verified before a frame is read.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.owned import written_whole
from phalanx.share.blinding.psi import LARGEST_FRAME_BYTES, LARGEST_SET
from phalanx.share.exchange.house import House
from phalanx.share.wire import Signature, sign, timestamp, verify

SCHEMA = "phalanx.share.comparison/1"
"""Identifier of the form, with its major version."""

_LENGTH = struct.Struct(">I")
_MOST_HEAD_BYTES = 8_192
_MOST_BYTES = LARGEST_SET * 48 + (1 << 20)
"""An answer: elements of 32 bytes and digests of 16, with room for the heads of frames."""

_NEXT = "Ask the other member for the file again, as it was written."
_Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Session = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a message is, and between whom."""

    schema: Literal["phalanx.share.comparison/1"]
    id: str
    part: Literal["question", "answer"]
    created: str
    created_by_ref: str
    """The member who wrote it."""

    receiver: str
    """The member who may read it."""

    epoch: Annotated[int, msgspec.Meta(ge=0, le=99_999)]
    """Of the tokens that are compared."""

    session: _Session
    body_sha256: _Hash


class _Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    head: msgspec.Raw
    signature: Signature


@dataclass(frozen=True, slots=True)
class Message:
    """A message whose signature and digest hold."""

    head: Head
    body: bytes

    def frames(self) -> Iterator[bytes]:
        """Yield the frames.

        Raises:
            InputError: If the body is cut short.
        """
        place = 0
        while place < len(self.body):
            ends = place + _LENGTH.size
            length = int.from_bytes(self.body[place:ends], "big")
            if length > LARGEST_FRAME_BYTES or ends + length > len(self.body):
                message = "a frame of the comparison has an impossible size"
                raise InputError(message, next_step=_NEXT)
            yield self.body[ends : ends + length]
            place = ends + length


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One question and its answer, as the member sees it who writes."""

    other: str
    """Identifier of the member who is written to."""

    epoch: int
    """Of the tokens."""

    session: bytes


def message_of(
    house: House, part: Literal["question", "answer"], session: Session, frames: Iterable[bytes]
) -> bytes:
    """Return a message as it is carried.

    Parameters:
        house: The member who writes it.
        part: Which of the two it is.
        session: That it belongs to.
        frames: What is said.
    """
    body = b"".join(_LENGTH.pack(len(each)) + each for each in frames)
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "id": f"comparison--{session.session.hex()}-{part}",
        "part": part,
        "created": timestamp(house.now),
        "created_by_ref": house.member,
        "receiver": session.other,
        "epoch": session.epoch,
        "session": session.session.hex(),
        "body_sha256": hashlib.sha256(body).hexdigest(),
    }
    signature = msgspec.to_builtins(sign(head, house.member, house.key))
    return msgspec.json.encode({"head": head, "signature": signature}) + b"\n" + body


def read_message(house: House, path: Path, part: Literal["question", "answer"]) -> Message:
    """Read a message that was carried to a member, and verify who wrote it, and to whom.

    Parameters:
        house: The member.
        path: Of the file.
        part: Which of the two is expected.

    Raises:
        InputError: If it is no such message.
        VerificationError: If no member wrote it as it is, or it is for another one.
    """
    line, body = _split(path)
    try:
        signed = msgspec.json.decode(line, type=_Signed)
        head = msgspec.json.decode(signed.head, type=Head)
        plain = msgspec.json.decode(signed.head, type=dict)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _none(path) from error
    if head.part != part:
        raise _none(path, f"it is the {head.part}, where the {part} is needed")
    verify(plain, signed.signature, house.pinned)
    if hashlib.sha256(body).hexdigest() != head.body_sha256:
        message = f"{path}: what follows the signed head is not what was signed"
        raise VerificationError(message, next_step=_NEXT)
    if head.receiver != house.member:
        message = f"{path}: is for another member"
        raise VerificationError(message, next_step="Give it to whom it is for.")
    return Message(head, body)


def write_message(raw: bytes, path: Path) -> None:
    """Write a message, whole or not at all, for its owner alone.

    Raises:
        InputError: If it cannot be written.
    """
    try:
        with written_whole(path) as aside:
            aside.write_bytes(raw)
    except OSError as error:
        message = f"{path}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name another path with --output.") from error


def _split(path: Path) -> tuple[bytes, bytes]:
    try:
        with path.open("rb") as file:
            line = file.readline(_MOST_HEAD_BYTES)
            body = file.read(_MOST_BYTES + 1) if line.endswith(b"\n") else b""
    except OSError as error:
        message = f"{path}: {reason_of(error)}"
        raise InputError(
            message, next_step="Name the file that the other member gave you."
        ) from error
    if not body or len(body) > _MOST_BYTES:
        raise _none(path)
    return line, body


def _none(path: Path, reason: str = "its first line is no signed head") -> InputError:
    return InputError(f"{path}: no message of a comparison: {reason}", next_step=_NEXT)

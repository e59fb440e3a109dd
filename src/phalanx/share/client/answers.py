"""What a server of TAXII answers, as far as it is believed.

Each text has a bound, and what does not fit is an answer that cannot be read: the server may be
hostile, or something else altogether.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

import msgspec

from phalanx.errors import VerificationError

MOST_LISTED = 10_000
"""API roots, collections, or records, in one list."""

Short = Annotated[str, msgspec.Meta(max_length=256)]
Long = Annotated[str, msgspec.Meta(max_length=20_000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Answer = TypeVar("_Answer")
_Many = msgspec.Meta(max_length=MOST_LISTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What a server says of itself."""

    title: Long
    description: Long | None = None
    contact: Long | None = None
    default: Long | None = None
    """URL of the API root to use where the member does not choose."""

    api_roots: Annotated[tuple[Long, ...], _Many] = ()
    """URLs; they may name another server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoot:
    """A group of collections."""

    title: Long
    max_content_length: Annotated[int, msgspec.Meta(ge=1)]
    """Bytes of a request that it takes."""

    versions: Annotated[tuple[Short, ...], _Many] = ()
    description: Long | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionInfo:
    """What a server says of a collection, to the member that asks."""

    id: Short
    title: Long
    can_read: bool
    can_write: bool
    alias: Short | None = None
    description: Long | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collections:
    """All collections of an API root that the member knows of."""

    collections: Annotated[tuple[CollectionInfo, ...], _Many] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A version of an object, without its body."""

    id: Short
    date_added: Short
    version: Short
    media_type: Short | None = None
    x_phalanx_revoked: bool = False
    """Whether it is the last one, and takes the object back; other servers do not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgements:
    """How many members did what about a tombstone; not which."""

    readers: Count
    removed: Count
    kept: Count
    not_held: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """Something that is gone from a collection."""

    number: Count
    object_id: Short
    kind: Literal["deleted", "retracted", "removed"]
    date_added: Short

    version: Short | None = None
    """Null means all of them."""

    reason: Long | None = None
    acknowledged: Literal["removed", "kept", "not-held"] | None = None
    """What this member did about it."""

    acknowledgements: Acknowledgements | None = None
    """For the member whose object it was, and only where one tombstone is asked for."""


class Listed(msgspec.Struct, frozen=True, rename={"next_token": "next"}):
    """A page of a list; its items are read one by one."""

    more: bool = False
    next_token: Annotated[str, msgspec.Meta(max_length=32_000)] | None = None
    objects: Annotated[tuple[msgspec.Raw, ...], _Many] = ()
    tombstones: Annotated[tuple[Tombstone, ...], _Many] = ()


class Detail(msgspec.Struct, frozen=True):
    """What became of one object that was sent."""

    id: Short
    version: Short | None = None
    message: Long = ""


class Status(msgspec.Struct, frozen=True):
    """What became of a request to add objects."""

    id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    status: Literal["complete", "pending"]
    total_count: Count = 0
    success_count: Count = 0
    failure_count: Count = 0
    pending_count: Count = 0
    successes: Annotated[tuple[Detail, ...], _Many] = ()
    failures: Annotated[tuple[Detail, ...], _Many] = ()
    pendings: Annotated[tuple[Detail, ...], _Many] = ()


def read(kind: type[_Answer], body: bytes) -> _Answer:
    """Read an answer.

    Raises:
        VerificationError: If it is not of that kind.

    Examples:
        >>> read(ApiRoot, b'{"title": "The alliance", "max_content_length": 10}').title
        'The alliance'
        >>> read(ApiRoot, b"<html>")
        Traceback (most recent call last):
        phalanx.errors.VerificationError: the TAXII server's answer cannot be read: ...
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise unreadable(str(error)) from error


def unreadable(reason: str) -> VerificationError:
    """Return that an answer is none of TAXII 2.1."""
    message = f"the TAXII server's answer cannot be read: {reason[:200]}"
    return VerificationError(message, next_step="Check the URL, and that it speaks TAXII 2.1.")

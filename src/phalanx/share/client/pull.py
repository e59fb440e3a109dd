"""Reading what is new: what is gone first, then what was added, each object as its bytes.

An object that was deleted and added again stands in both lists. So tombstones come first, and
what they name is asked for again: what is still there, or there again, comes with them. Whoever
applies the parts in their order, and in each part tombstones before objects, holds in the end
what the collection holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from phalanx.errors import InputError
from phalanx.share.client.answers import Record, Tombstone, read, unreadable
from phalanx.share.client.pages import moment, pages_of
from phalanx.share.client.server import Collection
from phalanx.share.wire import Document, Object

IDS_AT_ONCE = 100
"""Identifiers in one request, so that its URL stays short."""

_IDENTIFIER = re.compile(r"([a-z0-9][a-z0-9-]{0,62})--[0-9a-f-]{36}", re.ASCII)
_READ = msgspec.json.Decoder(dict[str, Any]).decode
_MICROSECOND = timedelta(microseconds=1)
_NO_LIST = frozenset({400, 404, 405, 406, 501})
"""What servers answer that have no list of tombstones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Up to where a collection was read: two moments of its clock; empty reads it from the first.

    Both are texts that compare as moments do, and may be kept as they are.
    """

    objects_after: str = ""
    tombstones_after: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something in a collection that is no object of STIX."""

    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """A part of what is new. Take tombstones first, then documents, then keep the cursor."""

    cursor: Cursor
    """With which the next reading begins, once this part is kept."""

    tombstones: tuple[Tombstone, ...] = ()
    documents: tuple[Document, ...] = ()
    """In the order in which they were added; the same one may come again."""

    rejected: tuple[Rejected, ...] = ()


def pull(
    collection: Collection, cursor: Cursor | None = None, *, types: Iterable[str] = ()
) -> Iterator[Pulled]:
    """Read what is new in a collection, part by part.

    Of each object the last version comes, and the claim of each member on an observable. What is
    kept in full before it is left may go on from the cursor of its last part.

    Parameters:
        collection: To read.
        cursor: Where the last reading ended.
        types: Only objects of these types; none means all.

    Yields:
        Parts in their order; the last one's cursor stands at the end of the collection.

    Raises:
        InputError: If there is no such collection, for this member.
        VerificationError: If an answer cannot be read.
        PolicyError: If the server refuses.
        ServiceError: If it does not answer.
    """
    at, wanted = cursor or Cursor(), tuple(types)
    for tombstones in tombstones_of(collection, at.tombstones_after):
        last = moment(tombstones[-1].date_added)
        at = replace(at, tombstones_after=max(last, at.tombstones_after))
        again = {each.object_id: None for each in tombstones if each.kind != "retracted"}
        # From the first object on, whatever is there is read anyway.
        there = fetch(collection, again, types=wanted) if at.objects_after else Pulled(cursor=at)
        yield replace(there, cursor=at, tombstones=tombstones)
    for page in pages_of(collection, "objects", _of_types(wanted), at.objects_after):
        if not page.listed.objects:
            continue
        if not page.last_added:
            reason = "it does not say when the objects were added"
            raise unreadable(reason)
        # Where a list goes on, others may have been added at the very same moment: it is read
        # again if the reading ends here.
        after = _just_before(page.last_added) if page.listed.more else page.last_added
        at = replace(at, objects_after=max(after, at.objects_after))
        yield replace(_documents(page.listed.objects), cursor=at)


def fetch(collection: Collection, ids: Iterable[str], *, types: Iterable[str] = ()) -> Pulled:
    """Return the last versions of objects by their identifiers, as far as they are there.

    Parameters:
        collection: To read.
        ids: Of the objects; what is no identifier is left out.
        types: Only objects of these types; none means all.

    Returns:
        A part whose cursor says nothing.

    Raises:
        PhalanxError: As `pull`.
    """
    names = [each for each in dict.fromkeys(ids) if _IDENTIFIER.fullmatch(each)]
    only, parts = _of_types(types), []
    for start in range(0, len(names), IDS_AT_ONCE):
        filters = {"match[id]": ",".join(names[start : start + IDS_AT_ONCE])}
        pages = pages_of(collection, "objects", filters | only, "")
        parts += [_documents(page.listed.objects) for page in pages]
    return Pulled(
        cursor=Cursor(),
        documents=tuple(each for part in parts for each in part.documents),
        rejected=tuple(each for part in parts for each in part.rejected),
    )


def manifest(
    collection: Collection, added_after: str = "", *, types: Iterable[str] = ()
) -> Iterator[Record]:
    """Read which versions were added, without their bodies.

    Raises:
        PhalanxError: As `pull`.
    """
    for page in pages_of(collection, "manifest", _of_types(types), added_after):
        for each in page.listed.objects:
            yield read(Record, bytes(each))


def tombstones_of(collection: Collection, added_after: str = "") -> Iterator[tuple[Tombstone, ...]]:
    """Read what is gone since a moment, page by page; nothing from a server that has no such list.

    Raises:
        PhalanxError: As `pull`.
    """
    # Asked once beforehand, so that the lack of a list is told from an error within one.
    path, parameters = f"{collection.path}x-tombstones/", {"limit": "1"}
    if collection.server.try_asking("GET", path, parameters=parameters).status in _NO_LIST:
        return
    for page in pages_of(collection, "x-tombstones", {}, added_after):
        if page.listed.tombstones:
            yield page.listed.tombstones


def _of_types(types: Iterable[str]) -> dict[str, str]:
    only = ",".join(types)
    return {"match[type]": only} if only else {}


def _documents(raws: Iterable[msgspec.Raw]) -> Pulled:
    documents, rejected = [], []
    for raw in map(bytes, raws):
        try:
            documents.append(Document(raw, _fields(raw)))
        except (msgspec.MsgspecError, ValueError, RecursionError, InputError) as error:
            rejected.append(Rejected(raw, str(error)[:200]))
    return Pulled(cursor=Cursor(), documents=tuple(documents), rejected=tuple(rejected))


def _fields(raw: bytes) -> Object:
    """Read an object as far as its name; whether it is one of ours is for others to check."""
    fields = _READ(raw)
    name = fields.get("id")
    match = _IDENTIFIER.fullmatch(name) if isinstance(name, str) else None
    version = fields.get("modified", fields.get("created", ""))
    if match is None or fields.get("type") != match[1] or not isinstance(version, str):
        message = "`id`, `type` and `modified` are not those of a STIX object"
        raise InputError(message, next_step="Tell who added it.")
    return fields


def _just_before(added: str) -> str:
    before = datetime.fromisoformat(added) - _MICROSECOND
    return f"{before:%Y-%m-%dT%H:%M:%S.%f}Z".rjust(27, "0")

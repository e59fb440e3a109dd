r"""Objects as they were read: what a receiver does not understand is not its to drop.

A version of an object is kept and passed on as the bytes that its author wrote. Nothing is
written again, so that fields which this version of Phalanx does not know, the order of
fields and the spelling of numbers survive, and a signature over the content still holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from phalanx.errors import InputError
from phalanx.share.wire.identifiers import Object


@dataclass(frozen=True, slots=True)
class Document:
    """One object: its bytes, and what they say."""

    raw: bytes
    """As its author wrote it."""

    fields: Object = field(compare=False)
    """The same, read; not to be changed."""

    @property
    def id(self) -> str:
        """Identifier of the object."""
        return str(self.fields["id"])

    @property
    def type(self) -> str:
        """STIX type of the object."""
        return str(self.fields["type"])

    @property
    def version(self) -> str:
        """Which version this is: `modified`, or `created`, or nothing for an observable."""
        return str(self.fields.get("modified") or self.fields.get("created") or "")


class _Envelope(msgspec.Struct):
    objects: list[msgspec.Raw] = []  # msgspec copies defaults


def document(item: Object) -> Document:
    """Write an object of ours, once.

    Examples:
        >>> document({"id": "x--1", "type": "x"}).raw
        b'{"id":"x--1","type":"x"}'
    """
    return Document(msgspec.json.encode(item), item)


def split(raw: bytes, *, maximum_objects: int) -> tuple[bytes, ...]:
    r"""Return the bytes of each object in a bundle or a TAXII envelope.

    Parameters:
        raw: The whole, UTF-8.
        maximum_objects: How many are taken.

    Raises:
        InputError: If it is no bundle, or holds more.

    Examples:
        >>> split(b'{"objects": [ {"a" : 1.0}, {"b":2}]}', maximum_objects=10)
        (b'{"a" : 1.0}', b'{"b":2}')
    """
    try:
        envelope = msgspec.json.decode(raw, type=_Envelope)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        message = f"no bundle of objects: {str(error)[:200]}"
        raise InputError(message, next_step="Send JSON with a list `objects`.") from error
    if len(envelope.objects) > maximum_objects:
        message = f"{len(envelope.objects):,} objects where {maximum_objects:,} are taken"
        raise InputError(message, next_step="Send them in several parts.")
    return tuple(bytes(each) for each in envelope.objects)


def joined(bundle_id: str, raws: Iterable[bytes]) -> bytes:
    """Return a bundle that holds objects as they were written.

    Parameters:
        bundle_id: Its identifier.
        raws: Bytes of each object.

    Examples:
        >>> joined("bundle--1", [b'{"a" : 1.0}'])
        b'{"type":"bundle","id":"bundle--1","objects":[{"a" : 1.0}]}'
    """
    head = msgspec.json.encode({"type": "bundle", "id": bundle_id})
    return head[:-1] + b',"objects":[' + b",".join(raws) + b"]}"

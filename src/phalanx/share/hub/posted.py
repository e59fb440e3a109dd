"""What was sent to be added: its parts, each with its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import msgspec

from phalanx.errors import InputError, PhalanxError
from phalanx.share.hub.moments import parse_moment
from phalanx.share.hub.structure import IDENTIFIER, Check
from phalanx.share.wire.document import split
from phalanx.share.wire.feedback import OpinionValue

MOST_OBJECTS = 10_000
"""In one request."""

MOST_REFERENCES = 1_000
"""Objects that one opinion is about; further ones are not counted."""

_OPINIONS = frozenset(get_args(OpinionValue))


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A version of an object that may be stored."""

    body: str
    """As it was sent; JSON is UTF-8, so that nothing is lost in it."""

    size_bytes: int
    object_id: str
    object_type: str
    spec_version: str

    version: str
    """As it was written; empty where the object has none, as observables."""

    version_at: int
    """The same in microseconds; 0 where there is none."""

    is_revoked: bool
    opinion: str
    """What it says, if it is an opinion; else empty."""

    about: tuple[str, ...]
    """Objects that the opinion is about."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that is not stored."""

    object_id: str
    """As far as it could be read."""

    version: str
    reason: str


def read_envelope(body: bytes, check: Check) -> list[Posted | Refused]:
    """Read an envelope of TAXII, and check each object in it.

    Parameters:
        body: Of the request.
        check: Reads and checks one object.

    Returns:
        What was sent, in its order.

    Raises:
        InputError: If it is no envelope, or holds nothing or too much.
    """
    raws = split(body, maximum_objects=MOST_OBJECTS)
    if not raws:
        message = "it has no list `objects`, or an empty one"
        raise InputError(message, next_step="Send an envelope with at least one object.")
    return [_posted(raw, check, at) for at, raw in enumerate(raws, start=1)]


def _posted(raw: bytes, check: Check, at: int) -> Posted | Refused:
    try:
        fields = check(raw)
        version = fields.get("modified", fields.get("created", ""))
        if not isinstance(version, str):
            return Refused(fields["id"], "", "`modified` is no timestamp")
        values = fields["opinion"] if fields["type"] == "opinion" else ""
        opinion = values if isinstance(values, str) and values in _OPINIONS else ""
        return Posted(
            body=raw.decode(),
            size_bytes=len(raw),
            object_id=fields["id"],
            object_type=fields["type"],
            # STIX 2.0 has no observables of their own, and does not name its version.
            spec_version=fields.get("spec_version", "2.0" if version else "2.1"),
            version=version,
            version_at=parse_moment(version) if version else 0,
            is_revoked=fields.get("revoked") is True,
            opinion=opinion,
            about=_about(fields) if opinion else (),
        )
    except (PhalanxError, KeyError, UnicodeDecodeError) as error:
        return Refused(*_name_of(raw, at), str(error))


def _about(fields: Mapping[str, Any]) -> tuple[str, ...]:
    refs = fields.get("object_refs", ())
    if not isinstance(refs, list):
        return ()
    named = (ref for ref in refs[:MOST_REFERENCES] if isinstance(ref, str))
    return tuple(dict.fromkeys(ref for ref in named if IDENTIFIER.fullmatch(ref)))


class _Name(msgspec.Struct):
    id: str = ""
    modified: str = ""
    created: str = ""


_NAME = msgspec.json.Decoder(_Name)


def _name_of(raw: bytes, at: int) -> tuple[str, str]:
    """Return how a refused object is called in the answer."""
    try:
        name = _NAME.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return f"object {at}", ""
    known = name.id if IDENTIFIER.fullmatch(name.id) else f"object {at}"
    return known, (name.modified or name.created)[:40]

"""Is this an object that the hub can hold? The check that stands where no stricter one is given.

It takes every type, known or not, since a hub of a trust group carries more than what this
version of Phalanx knows. It refuses what has no identifier, and what two readers would read
differently: a name that stands twice, numbers that are none, nesting without end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from phalanx.errors import InputError

MOST_DEPTH = 32
"""Objects and lists within each other."""

IDENTIFIER = re.compile(
    r"([a-z0-9][a-z0-9-]{1,61}[a-z0-9])--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
_SPECIFICATION = re.compile(r"[0-9]\.[0-9]", re.ASCII)
_APART = re.compile(rb'"\s+:')
_READ = msgspec.json.Decoder().decode
_NEXT = "Mend the object and send it again; the others are not affected."


class Check(Protocol):
    """Reads one object from its bytes, and refuses what is none or must not be here."""

    def __call__(self, raw: bytes, /) -> Mapping[str, Any]:
        """Return what the bytes say.

        Raises:
            PhalanxError: With the reason, which its sender is told.
        """
        ...


def read_object(raw: bytes, /) -> Mapping[str, Any]:
    """Read one object, and refuse what has no place in a collection.

    Parameters:
        raw: As it was sent.

    Raises:
        InputError: With the reason.

    Examples:
        >>> read_object(b'{"id": "x"}')
        Traceback (most recent call last):
        phalanx.errors.InputError: `id` is not a type, -- and a UUID
    """
    try:
        fields = _READ(raw)
        wrong = _wrong_head(fields) or _wrong_inside(fields, raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        wrong = f"no JSON: {str(error)[:100]}"
    if wrong:
        raise InputError(wrong, next_step=_NEXT)
    read: Mapping[str, Any] = fields
    return read


def _wrong_head(fields: object) -> str:
    if not isinstance(fields, dict):
        return "JSON, but not an object"
    name = fields.get("id")
    match = IDENTIFIER.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        return "`id` is not a type, -- and a UUID"
    if fields.get("type") != match[1]:
        return "`type` is not that of `id`"
    version = fields.get("spec_version", "2.1")
    if not (isinstance(version, str) and _SPECIFICATION.fullmatch(version)):
        return "`spec_version` is none"
    if not isinstance(fields.get("revoked", False), bool):
        return "`revoked` is neither true nor false"
    return ""


def _wrong_inside(fields: object, raw: bytes) -> str:
    names = _names_within(fields)
    if names < 0:
        return f"nested deeper than {MOST_DEPTH}"
    if names != _names_written(raw) and _stands_twice(raw):
        return "a name stands twice in it"
    return ""


def _names_within(fields: Any) -> int:  # noqa: ANN401 - what JSON holds
    """Count names, level by level; -1 if there are too many levels."""
    names = 0
    level = [fields]
    for _ in range(MOST_DEPTH):
        below = []
        for each in level:
            values = each
            if isinstance(each, dict):
                names += len(each)
                values = each.values()
            below += [value for value in values if isinstance(value, dict | list)]
        if not below:
            return names
        level = below
    return -1


def _names_written(raw: bytes) -> int:
    """Count names where that is easy: a colon follows each; -1 where it is not."""
    if b'\\\\":' in raw or _APART.search(raw):
        return -1
    return raw.count(b'":') - raw.count(b'\\":')


def _stands_twice(raw: bytes) -> bool:
    found = False

    def counted(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal found
        read = dict(pairs)
        found = found or len(read) != len(pairs)
        return read

    json.loads(raw, object_pairs_hook=counted)
    return found

"""Is this an object? A check of structure that a server can afford for each one it is sent.

It holds no opinion of the content: that is for the gate. Everything is bounded: bytes, nesting,
names, texts, lists, patterns. What JSON leaves open and receivers would read differently is
refused: a name twice in one object, numbers that not every reader holds, nulls and empty lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from phalanx.errors import InputError
from phalanx.share.wire.document import Document
from phalanx.share.wire.identifiers import Object
from phalanx.share.wire.patterns import MAXIMUM_LENGTH, PatternError, is_plain, read_pattern
from phalanx.share.wire.vocabulary import IN_ORDER, MOMENTS, REQUIRED

_IDENTIFIER = re.compile(
    r"([a-z][a-z0-9-]{1,61}[a-z0-9])--"
    r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)
_MOMENT = re.compile(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?Z"
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,250}")
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_APART = re.compile(rb'"\s+:')
_LARGEST = 2**53
_PLAIN_NAMES = frozenset(
    {
        *(name for names in REQUIRED.values() for name in names),
        *MOMENTS,
        *("type", "id", "confidence", "external_references", "source_name", "external_id"),
        *("description", "labels", "indicator_types", "pattern_version", "extension_type"),
    }
) - {name for names in REQUIRED.values() for name in names if name.endswith(("_ref", "_refs"))}
"""Names that need no look: short, and what they hold is no identifier."""

_READ = msgspec.json.Decoder().decode

_NEXT = "Mend the object and send it again; the others are not affected."


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a server takes."""

    object_bytes: int = 262_144
    """Of one object as it was sent."""

    depth: int = 12
    """Objects and lists within each other."""

    text_characters: int = 65_536
    """Of one text."""

    list_items: int = 10_000
    """Of one list."""

    pattern_characters: int = MAXIMUM_LENGTH
    """Of the pattern of an indicator."""

    allow_matches: bool = False
    """Whether patterns may hold regular expressions, which every receiver would have to run."""

    types: frozenset[str] = frozenset(REQUIRED)
    """Which are taken; no other than those of `REQUIRED`."""


DEFAULT = Limits()


def check(raw: bytes, limits: Limits = DEFAULT) -> Document:
    """Read one object and refuse what is none.

    Parameters:
        raw: As it was sent.
        limits: What is taken.

    Returns:
        The object with its bytes.

    Raises:
        InputError: With the reason.

    Examples:
        >>> check(b'{"type":"domain-name"}')
        Traceback (most recent call last):
        phalanx.errors.InputError: no object: it has no `id`
    """
    reason, fields = _examine(raw, limits)
    if reason:
        message = f"no object: {reason}"
        raise InputError(message, next_step=_NEXT)
    return Document(raw, fields)


def _examine(raw: bytes, limits: Limits) -> tuple[str, Object]:
    if len(raw) > limits.object_bytes:
        return f"{len(raw):,} bytes where {limits.object_bytes:,} are taken", {}
    try:
        fields = _READ(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        return f"no JSON: {str(error)[:100]}", {}
    if not isinstance(fields, dict):
        return "JSON, but not an object", {}
    return _wrong_head(fields, limits) or _wrong_inside(fields, raw, limits) or _wrong_moment(
        fields
    ) or _wrong_pattern(fields, limits), fields


def _wrong_head(fields: Object, limits: Limits) -> str:
    """Return what is wrong with type, identifier and required properties."""
    for name in ("id", "type"):
        if not isinstance(fields.get(name), str):
            return f"it has no `{name}`"
    kind = fields["type"]
    if kind not in limits.types or kind not in REQUIRED:
        return f"type {kind[:60]!r} is not taken"
    match = _IDENTIFIER.fullmatch(fields["id"])
    if match is None or match[1] != kind:
        return f"`id` is not {kind}-- and a UUID"
    missing = [name for name in REQUIRED[kind] if name not in fields]
    if missing:
        return f"{kind} without `{missing[0]}`"
    if fields.get("spec_version", "2.1") != "2.1":
        return "`spec_version` is not 2.1"
    return ""


def _wrong_moment(fields: Object) -> str:
    """Return which moment is none, or stands before another that it should follow."""
    moments: dict[str, datetime] = {}
    for name in MOMENTS:
        if name not in fields:
            continue
        text = fields[name]
        try:
            if not (isinstance(text, str) and _MOMENT.fullmatch(text)):
                return f"`{name}` is no moment in UTC"
            moments[name] = datetime.fromisoformat(text)
        except ValueError:
            return f"`{name}` is no moment in UTC"
    for first, second in IN_ORDER:
        if first in moments and second in moments and moments[second] < moments[first]:
            return f"`{second}` is before `{first}`"
    if "valid_until" in moments and moments["valid_until"] <= moments.get(
        "valid_from", moments["valid_until"]
    ):
        return "`valid_until` is not after `valid_from`"
    return ""


def _wrong_pattern(fields: Object, limits: Limits) -> str:
    """Return what is wrong with the pattern of an indicator."""
    if fields["type"] != "indicator":
        return ""
    pattern = fields["pattern"]
    if not isinstance(pattern, str) or fields["pattern_type"] != "stix":
        return "an indicator whose pattern is no text of `pattern_type` stix"
    if len(pattern) <= limits.pattern_characters and is_plain(pattern):
        return ""
    try:
        compared = read_pattern(pattern, maximum_length=limits.pattern_characters)
    except PatternError as error:
        return str(error)
    if not limits.allow_matches and any(each.operator == "MATCHES" for each in compared):
        return "pattern with a regular expression, which receivers would have to run"
    return ""


def _wrong_inside(fields: Object, raw: bytes, limits: Limits) -> str:
    """Return what is wrong anywhere inside, going down no deeper than the limit."""
    names = 0
    level: list[Any] = [fields]
    for _ in range(limits.depth):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                names += len(each)
                wrong = _wrong_names(each) or _wrong_values(each.values(), below, limits)
            elif 0 < len(each) <= limits.list_items:
                wrong = _wrong_values(each, below, limits)
            else:
                wrong = "a list is empty or too long"
            if wrong:
                return wrong
        if not below:
            return "a name stands twice in it" if _has_more(raw, names) else ""
        level = below
    return f"nested deeper than {limits.depth}"


def _wrong_values(values: Iterable[Any], below: list[Any], limits: Limits) -> str:
    """Return what is wrong with values, and put those that hold others aside."""
    for value in values:
        if isinstance(value, str):
            if len(value) > limits.text_characters:
                return f"a text of more than {limits.text_characters:,} characters"
        elif isinstance(value, dict | list):
            below.append(value)
        elif value is None:
            return "null, which STIX does not have"
        elif not -_LARGEST <= value <= _LARGEST:
            return "a number that not every reader can hold"
    return ""


def _has_more(raw: bytes, names: int) -> bool:
    """Tell whether JSON holds more names than were read: then one stands twice."""
    if _APART.search(raw) is None:
        # A colon follows the quotation mark of each name, and of a text that begins with one.
        # Inside of texts the mark is escaped; no name that is taken ends in a backslash.
        at_most = raw.count(b'":') - raw.count(b'\\":')
        if at_most == names:
            return False
    return _TEXT.sub(b"", raw).count(b":") != names


def _wrong_names(each: Object) -> str:
    """Return what is wrong with the names of an object, and with what its names say is held."""
    for name, value in each.items():
        if name in _PLAIN_NAMES:
            continue
        if not _NAME.fullmatch(name):
            return f"{name[:60]!r} is no name of a property"
        if name.endswith("_ref"):
            if not (isinstance(value, str) and _IDENTIFIER.fullmatch(value)):
                return f"`{name[:60]}` is no identifier"
        elif name.endswith("_refs") and not (
            isinstance(value, list)
            and all(isinstance(ref, str) and _IDENTIFIER.fullmatch(ref) for ref in value)
        ):
            return f"`{name[:60]}` is no list of identifiers"
    return ""

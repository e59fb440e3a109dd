"""What a field may hold: the kinds of value that the policy names, each a closed shape.

A value that is not of the shape of its field is refused, whatever it says. Only texts are open,
and they go through `texts`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from phalanx.share.gate.desk import TEXT_RULES, Desk
from phalanx.share.gate.domains import judge_domain
from phalanx.share.gate.findings import Finding
from phalanx.share.gate.moments import STEPPED, judge_of_steps, moment_of
from phalanx.share.gate.opaque import is_opaque_hexadecimal, is_opaque_token
from phalanx.share.gate.texts import judge_exemplar, judge_name, judge_text
from phalanx.share.gate.vocabulary import rules_in
from phalanx.share.wire import (
    PatternError,
    bucket_floor,
    bucket_name,
    member_id,
    pattern_of,
    read_pattern,
    tlp_of,
)
from phalanx.share.wire.buckets import EDGES
from phalanx.share.wire.patterns import is_plain

_IDENTIFIER = re.compile(
    r"([a-z][a-z0-9-]{1,40})--[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)
_DIGITS = re.compile(r"[0-9]{1,15}")
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_FOUR_BYTES = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}")
_SHAPES = {
    "reference": re.compile(
        r"AML\.(?:T|CS|M)[0-9]{4}(?:\.[0-9]{3})?|case-(?=[0-9]*[a-f])[0-9a-f]{8,32}"
    ),
    "bucket": re.compile("|".join(re.escape(bucket_name(edge)) for edge in EDGES)),
    "pseudonym": re.compile(r"member-[a-z]{3,12}-[a-z]{3,12}"),
}

Judged = tuple[list[Finding], Any]
"""What was found, and the value after."""

Judge = Callable[[Desk, str, Any], Judged]
"""Judges the value of a field, of which the path is given."""


@lru_cache(maxsize=256)
def judge_of(shape: str) -> Judge:
    """Return what judges values of a shape.

    Parameters:
        shape: As the policy names it: `integer:0:100`.
    """
    name, _, argument = shape.partition(":")
    if name in _SHAPES:
        return partial(_shaped, name, _SHAPES[name])
    if name in _BOUNDED:
        kind, judge = _BOUNDED[name]
        low, high = map(kind, argument.split(":"))
        return partial(judge, low, high)
    if name in STEPPED and argument:
        return judge_of_steps(name, int(argument))
    if name == "word":
        return partial(_word, tuple(argument.split("|")))
    if name in _NAMED:
        return partial(_NAMED[name], argument)
    return _JUDGES[name]


def _shaped(name: str, expected: re.Pattern[str], desk: Desk, path: str, value: object) -> Judged:
    if not (isinstance(value, str) and expected.fullmatch(value)):
        return _wrong(desk, path, name, value)
    if name == "pseudonym" and not desk.item.get("id") == member_id(value) == desk.context.member:
        reason = "an identity other than the sender's"
        return [desk.find("A16", path, reason, action="refuse")], value
    return [], value


def _wrong(desk: Desk, path: str, name: str, value: object) -> Judged:
    return [desk.find("A0", path, f"it is no {name}")], value


def _word(words: tuple[str, ...], desk: Desk, path: str, value: object) -> Judged:
    # The type of an object was looked up before.
    if value in words or (path == "type" and not any(words)):
        return [], value
    return _wrong(desk, path, "word of the list", value)


def _identifier(kind: str, desk: Desk, path: str, value: object) -> Judged:
    match = _IDENTIFIER.fullmatch(value) if isinstance(value, str) else None
    kind = kind or (str(desk.item["type"]) if path == "id" else "")
    if match is None or kind not in {"", match[1]}:
        return _wrong(desk, path, "identifier", value)
    if match[1] in desk.share.blinded_types:
        return [desk.find("A4", path, "it refers to an account in clear", action="refuse")], value
    if kind == "" and match[1] != "attack-pattern" and not desk.share.policy.allows(match[1]):
        return _wrong(desk, path, "identifier of what may leave", value)
    return [], value


def _author(desk: Desk, path: str, value: object) -> Judged:
    if value == desk.context.member:
        return [], value
    reason = "somebody other than the pseudonym of the sender"
    return [desk.find("A16", path, reason, action="refuse")], value


def _past(desk: Desk, path: str, value: object) -> Judged:
    moment = moment_of(value)
    if moment is None:
        return _wrong(desk, path, "moment", value)
    if moment > desk.context.now:
        return [desk.find("A3", path, "a moment that lies ahead")], value
    return [], value


def _end(desk: Desk, path: str, value: object) -> Judged:
    return _wrong(desk, path, "moment", value) if moment_of(value) is None else ([], value)


def _integer(low: int, high: int, desk: Desk, path: str, value: object) -> Judged:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        return _wrong(desk, path, f"integer from {low} to {high}", value)
    return [], value


def _number(low: float, high: float, desk: Desk, path: str, value: object) -> Judged:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return _wrong(desk, path, f"number from {low:g} to {high:g}", value)
    return [], value


def _boolean(desk: Desk, path: str, value: object) -> Judged:
    return ([], value) if isinstance(value, bool) else _wrong(desk, path, "boolean", value)


def _volume(desk: Desk, path: str, value: object) -> Judged:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10**12:
        return _wrong(desk, path, "count", value)
    if value in EDGES:
        return [], value
    return [desk.find("A5", path, "an exact volume")], bucket_floor(value)


def _address(version: str, desk: Desk, path: str, value: object) -> Judged:
    if version == "4" and isinstance(value, str) and _FOUR_BYTES.fullmatch(value):
        return [], value
    # What follows a percent sign is a name that anybody may give.
    if isinstance(value, str) and "%" not in value:
        try:
            network = ipaddress.ip_network(value)
        except ValueError:
            return _wrong(desk, path, "address", value)
        written = {str(network), f"{network.network_address}"}
        alone = network.prefixlen == network.max_prefixlen
        if value in written and (alone or "/" in value) and str(network.version) == version:
            return [], value
    return _wrong(desk, path, f"address of version {version}", value)


def _token(desk: Desk, path: str, value: object) -> Judged:
    if isinstance(value, str) and is_opaque_token(value):
        return [], value
    return _wrong(desk, path, "output of a blinded function", value)


def _hexadecimal(low: int, high: int, desk: Desk, path: str, value: object) -> Judged:
    if isinstance(value, str) and low <= len(value) <= high and is_opaque_hexadecimal(value):
        # Eight bytes are too few to tell by counting: what reads as text is looked at as one.
        text = bytes.fromhex(value).decode("latin-1")
        if not (text.isprintable() and _holds_words(desk, text)):
            return [], value
    return _wrong(desk, path, "sketch in hexadecimal", value)


def _holds_words(desk: Desk, text: str) -> bool:
    return not rules_in(text, desk.share.lexicon).isdisjoint(TEXT_RULES)


def _text(desk: Desk, path: str, value: object) -> Judged:
    if not isinstance(value, str):
        return _wrong(desk, path, "text", value)
    return judge_text(desk, path, value)


def _attribution(desk: Desk, path: str, value: object) -> Judged:
    if not isinstance(value, str):
        return _wrong(desk, path, "text", value)
    return judge_name(desk, path, value), value


def _exemplar(desk: Desk, path: str, value: object) -> Judged:
    if not isinstance(value, str) or tlp_of(desk.item.get("object_marking_refs")) != "red":
        return [desk.find("A8", path, "an exemplar that is not TLP:RED")], value
    return judge_exemplar(desk, path, value), value


def _pattern(desk: Desk, path: str, value: object) -> Judged:
    if not (isinstance(value, str) and is_plain(value)):
        return _wrong(desk, path, "pattern of equalities and sets", value)
    try:
        compared = read_pattern(value)
    except PatternError:
        return _wrong(desk, path, "pattern within bounds", value)
    shapes = desk.share.policy.fields["pattern"]
    in_clear = [desk.share.blinded.get(each.path.replace(":", ".")) for each in compared]
    if all(in_clear):
        return _blinded_pattern(
            desk,
            path,
            [
                (str(kind), raw)
                for kind, each in zip(in_clear, compared, strict=True)
                for raw in each.values
            ],
            value,
        )
    found: list[Finding] = []
    for each in compared:
        if each.path not in shapes:
            found.append(desk.find("A0", path, "a comparison that no line allows"))
            continue
        shape = shapes[each.path]
        judge, place = judge_of(shape), f"{path}[{each.path}]"
        for literal in each.values:
            is_number = shape.startswith("integer") and _DIGITS.fullmatch(literal)
            typed: object = int(literal) if is_number else literal
            found += judge(desk, place, typed)[0]
    return found, value


def _blinded_pattern(desk: Desk, path: str, raw: list[tuple[str, str]], value: str) -> Judged:
    tokens = [desk.share.fingerprint_of(*each) for each in raw]
    known = [token for token in tokens if token is not None]
    if len(known) < len(tokens):
        reason = "accounts in clear, without fingerprints to take their place"
        return [desk.find("A4", path, reason, action="refuse")], value
    return [desk.find("A4", path, "accounts in clear")], pattern_of(known)


_BOUNDED: Mapping[str, tuple[Callable[[str], Any], Callable[..., Judged]]] = {
    "integer": (int, _integer),
    "number": (float, _number),
    "hexadecimal": (int, _hexadecimal),
}
"""Shapes with two bounds: how these are read, and what judges."""

_NAMED: Mapping[str, Callable[..., Judged]] = {
    "identifier": _identifier,
    "address": _address,
}
"""Shapes that say which type or version."""

_JUDGES: Mapping[str, Judge] = {
    "author": _author,
    "past": _past,
    "end": _end,
    "boolean": _boolean,
    "volume": _volume,
    "token": _token,
    "domain": judge_domain,
    "text": _text,
    "attribution": _attribution,
    "exemplar": _exemplar,
    "pattern": _pattern,
}

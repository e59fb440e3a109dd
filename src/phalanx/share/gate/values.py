"""What a field may hold: the kinds of value that the policy names, each a closed shape.

A value that is not of the shape of its field is refused, whatever it says. Only texts are open,
and they go through `texts`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from phalanx.share.gate.domains import judge_domain
from phalanx.share.gate.findings import Desk, Finding
from phalanx.share.gate.opaque import is_opaque_hexadecimal, is_opaque_token
from phalanx.share.gate.texts import judge_exemplar, judge_name, judge_text, lexicon
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
_MOMENT = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_DIGITS = re.compile(r"[0-9]{1,15}")
_SHAPES = {
    "reference": re.compile(
        r"AML\.(?:T|CS|M)[0-9]{4}(?:\.[0-9]{3})?|case-(?=[0-9]*[a-f])[0-9a-f]{8,32}"
    ),
    "bucket": re.compile("|".join(re.escape(bucket_name(edge)) for edge in EDGES)),
    "pseudonym": re.compile(r"member-[a-z]{3,12}-[a-z]{3,12}"),
}

Judged = tuple[list[Finding], Any]
"""What was found, and the value after."""


def judge_value(desk: Desk, path: str, shape: str, value: object) -> Judged:
    """Return what is found in a value, and what may take its place.

    Parameters:
        desk: Policy and circumstances.
        path: Of the field.
        shape: As the policy names it: `integer:0:100`.
        value: A text, number or boolean.
    """
    name, _, argument = shape.partition(":")
    judge = _JUDGES.get(name)
    if judge is not None:
        return judge(desk, path, argument, value)
    expected = _SHAPES.get(name)
    if expected is None or not (isinstance(value, str) and expected.fullmatch(value)):
        return _wrong(desk, path, name, value)
    if name == "pseudonym" and not desk.item.get("id") == member_id(value) == desk.context.member:
        return [
            desk.find("A16", path, "an identity other than the sender's", action="refuse")
        ], value
    return [], value


def _wrong(desk: Desk, path: str, name: str, value: object) -> Judged:
    return [desk.find("A0", path, f"it is no {name}")], value


def _word(desk: Desk, path: str, argument: str, value: object) -> Judged:
    # The type of an object was looked up before.
    if value in argument.split("|") or (not argument and path == "type"):
        return [], value
    return _wrong(desk, path, "word of the list", value)


def _identifier(desk: Desk, path: str, argument: str, value: object) -> Judged:
    match = _IDENTIFIER.fullmatch(value) if isinstance(value, str) else None
    kind = argument or (str(desk.item["type"]) if path == "id" else "")
    if match is None or kind not in {"", match[1]}:
        return _wrong(desk, path, "identifier", value)
    if match[1] in desk.blinded_types:
        return [desk.find("A4", path, "it refers to an account in clear", action="refuse")], value
    if kind == "" and match[1] != "attack-pattern" and desk.policy.fields_of(match[1]) is None:
        return _wrong(desk, path, "identifier of what may leave", value)
    return [], value


def _author(desk: Desk, path: str, _: str, value: object) -> Judged:
    if value == desk.context.member:
        return [], value
    reason = "somebody other than the pseudonym of the sender"
    return [desk.find("A16", path, reason, action="refuse")], value


def _past(desk: Desk, path: str, _: str, value: object) -> Judged:
    moment = moment_of(value)
    if moment is None:
        return _wrong(desk, path, "moment", value)
    if moment > desk.context.now:
        return [desk.find("A3", path, "a moment that lies ahead")], value
    return [], value


def _end(desk: Desk, path: str, _: str, value: object) -> Judged:
    return _wrong(desk, path, "moment", value) if moment_of(value) is None else ([], value)


def moment_of(value: object) -> datetime | None:
    """Return the moment that a text says, or nothing."""
    if not (isinstance(value, str) and _MOMENT.fullmatch(value)):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _integer(desk: Desk, path: str, argument: str, value: object) -> Judged:
    low, high = map(int, argument.split(":"))
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        return _wrong(desk, path, f"integer from {low} to {high}", value)
    return [], value


def _number(desk: Desk, path: str, argument: str, value: object) -> Judged:
    low, high = map(float, argument.split(":"))
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return _wrong(desk, path, f"number from {low:g} to {high:g}", value)
    return [], value


def _boolean(desk: Desk, path: str, _: str, value: object) -> Judged:
    return ([], value) if isinstance(value, bool) else _wrong(desk, path, "boolean", value)


def _volume(desk: Desk, path: str, _: str, value: object) -> Judged:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10**12:
        return _wrong(desk, path, "count", value)
    if value in EDGES:
        return [], value
    return [desk.find("A5", path, "an exact volume")], bucket_floor(value)


def _address(desk: Desk, path: str, argument: str, value: object) -> Judged:
    # What follows a percent sign is a name that anybody may give.
    if isinstance(value, str) and "%" not in value:
        try:
            network = ipaddress.ip_network(value)
        except ValueError:
            return _wrong(desk, path, "address", value)
        written = {str(network), f"{network.network_address}"}
        alone = network.prefixlen == network.max_prefixlen
        if value in written and (alone or "/" in value) and str(network.version) == argument:
            return [], value
    return _wrong(desk, path, f"address of version {argument}", value)


def _token(desk: Desk, path: str, _: str, value: object) -> Judged:
    if isinstance(value, str) and is_opaque_token(value):
        return [], value
    return _wrong(desk, path, "output of a blinded function", value)


def _hexadecimal(desk: Desk, path: str, argument: str, value: object) -> Judged:
    low, high = map(int, argument.split(":"))
    if isinstance(value, str) and low <= len(value) <= high and is_opaque_hexadecimal(value):
        # Eight bytes are too few to tell by counting: what reads as text is looked at as one.
        text = bytes.fromhex(value).decode("latin-1")
        if not (text.isprintable() and rules_in(text, lexicon(desk))):
            return [], value
    return _wrong(desk, path, "sketch in hexadecimal", value)


def _text(desk: Desk, path: str, _: str, value: object) -> Judged:
    if not isinstance(value, str):
        return _wrong(desk, path, "text", value)
    return judge_text(desk, path, value)


def _attribution(desk: Desk, path: str, _: str, value: object) -> Judged:
    if not isinstance(value, str):
        return _wrong(desk, path, "text", value)
    return judge_name(desk, path, value), value


def _exemplar(desk: Desk, path: str, _: str, value: object) -> Judged:
    if not isinstance(value, str) or tlp_of(desk.item.get("object_marking_refs")) != "red":
        return [desk.find("A8", path, "an exemplar that is not TLP:RED")], value
    return judge_exemplar(desk, path, value), value


def _pattern(desk: Desk, path: str, _: str, value: object) -> Judged:
    if not (isinstance(value, str) and is_plain(value)):
        return _wrong(desk, path, "pattern of equalities and sets", value)
    try:
        compared = read_pattern(value)
    except PatternError:
        return _wrong(desk, path, "pattern within bounds", value)
    shapes = desk.policy.fields["pattern"]
    blinded = desk.rules["A4"].parameters["blinded"]
    in_clear = [blinded.get(each.path.replace(":", ".")) for each in compared]
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
        for literal in each.values:
            shape = shapes[each.path]
            is_number = shape.startswith("integer") and _DIGITS.fullmatch(literal)
            typed: object = int(literal) if is_number else literal
            found += judge_value(desk, f"{path}[{each.path}]", shape, typed)[0]
    return found, value


def _blinded_pattern(desk: Desk, path: str, raw: list[tuple[str, str]], value: str) -> Judged:
    tokens = [desk.fingerprint_of(*each) for each in raw]
    known = [token for token in tokens if token is not None]
    if len(known) < len(tokens):
        reason = "accounts in clear, without fingerprints to take their place"
        return [desk.find("A4", path, reason, action="refuse")], value
    return [desk.find("A4", path, "accounts in clear")], pattern_of(known)


_JUDGES: dict[str, Callable[[Desk, str, str, Any], Judged]] = {
    "word": _word,
    "identifier": _identifier,
    "author": _author,
    "past": _past,
    "end": _end,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "volume": _volume,
    "address": _address,
    "token": _token,
    "hexadecimal": _hexadecimal,
    "domain": judge_domain,
    "text": _text,
    "attribution": _attribution,
    "exemplar": _exemplar,
    "pattern": _pattern,
}

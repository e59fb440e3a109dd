"""Profiles of known actors as text: TOML or JSON in, TOML or JSON out."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from phalanx.detect.attribution.hours import HOURS
from phalanx.errors import InputError
from phalanx.model import ActorProfile, ProfileSource, RequestSettings, Trait

SCHEMA = "phalanx.profile/1"
MOST_CHARACTERS = 1 << 20
"""A longer profile is refused."""

MOST_VALUES = 10_000
"""Values of one family, likewise."""

_LONGEST_NAME = 200
_URL = re.compile(r"https?://[\w.~:/?#@!$&()*+,;=%\[\]-]{1,2000}", re.ASCII)
_NUMBERS_A_LINE = 12
_LARGEST_COUNT = 1 << 31
_ADAPTER: TypeAdapter[ActorProfile] = TypeAdapter(ActorProfile)
_PARTS: Mapping[str, type] = {
    "sources": ProfileSource,
    "traits": Trait,
    "settings": RequestSettings,
}
_NEXT_STEP = "`docs/how-to/attribute-a-campaign.md` says what a profile holds."


def parse_profile(text: str, where: str, *, is_json: bool) -> ActorProfile:
    """Read one profile.

    Parameters:
        text: TOML or JSON, at most 2^20 characters.
        where: Name of the file, for messages.
        is_json: Which of the two.

    Raises:
        InputError: If it is no profile, names nobody, or has no source.

    Examples:
        >>> made = parse_profile('''
        ... schema = "phalanx.profile/1"
        ... name = "North Lab"
        ... sources = [{ title = "Report on North Lab", date = 2026-02-12 }]
        ... traits = [{ family = "email", values = ["north.example"] }]
        ... ''', "north.toml", is_json=False)
        >>> made.name, made.traits[0].persistence
        ('North Lab', 0.5)
    """
    if len(text) > MOST_CHARACTERS:
        _refuse(where, f"{len(text):,} characters, more than 2^20")
    try:
        value = json.loads(text) if is_json else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        _refuse(where, f"not {'JSON' if is_json else 'TOML'}: {error}")
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        found = value.get("schema") if isinstance(value, dict) else type(value).__name__
        _refuse(where, f"it says it is {found!r}, not {SCHEMA!r}")
    _forbid_unknown(where, value)
    try:
        profile = _ADAPTER.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        _refuse(where, f"{place}: {first['msg']}")
    _check(where, profile)
    try:
        profile_json(profile).encode()
    except UnicodeEncodeError:
        _refuse(where, "a text holds half of a surrogate pair")
    return profile


def _forbid_unknown(where: str, value: Mapping[str, Any]) -> None:
    """A misspelt field would silently say nothing."""
    rows: list[tuple[str, Mapping[str, Any], type]] = [("", value, ActorProfile)]
    for name, noun in _PARTS.items():
        part = value.get(name, ())
        listed = part if isinstance(part, list) else ()
        rows += [(f"{name}: ", row, noun) for row in listed if isinstance(row, dict)]
    for place, row, noun in rows:
        unknown = set(row) - {each.name for each in fields(noun)}
        if unknown:
            _refuse(where, f"{place}unknown field {min(unknown)!r}")


def _check(where: str, profile: ActorProfile) -> None:
    """Refuse what the types allow and a comparison cannot use."""
    for is_wrong, reason in (*_wrong_head(profile), *_wrong_traits(profile)):
        if is_wrong:
            _refuse(where, reason)


def _wrong_head(profile: ActorProfile) -> Iterator[tuple[bool, str]]:
    named = len(profile.name.strip()) > 0 and len(profile.name) <= _LONGEST_NAME
    yield not named, "name: 1 to 200 characters are expected"
    titled = all(source.title.strip() for source in profile.sources)
    yield (
        not profile.sources,
        "sources: at least one, with title and date, says what a name rests on",
    )
    yield not titled, "sources: a title is empty"
    linked = all(not source.url or _URL.fullmatch(source.url) for source in profile.sources)
    yield not linked, "sources: a url is no address of the web"


def _wrong_traits(profile: ActorProfile) -> Iterator[tuple[bool, str]]:
    families = [trait.family for trait in profile.traits]
    yield len(set(families)) < len(families), "traits: one entry for each family"
    for trait in profile.traits:
        values = len(trait.values) + len(trait.hashes)
        yield (
            not 0.0 < trait.persistence < 1.0,
            f"traits: persistence of {trait.family} not in (0, 1)",
        )
        yield values > MOST_VALUES, f"traits: more than {MOST_VALUES:,} values of {trait.family}"
        yield trait.family == "hours" and values > 0, "traits: hours stand in hours_of_week"
        in_clear = trait.family == "parameters" and bool(trait.values)
        yield in_clear, "traits: settings in clear stand in settings"
    yield len(profile.settings) > MOST_VALUES, f"settings: more than {MOST_VALUES:,}"
    counts = [each for one in profile.settings for each in (one.n, one.max_tokens)]
    in_range = all(count is None or abs(count) < _LARGEST_COUNT for count in counts)
    yield not in_range, "settings: n and max_tokens lie below 2^31"
    hours = profile.hours_of_week
    is_week = len(hours) == HOURS and all(0.0 <= share < math.inf for share in hours)
    yield (
        bool(hours) and not (is_week and math.fsum(hours) > 0.0),
        (f"hours_of_week: {HOURS} numbers of at least 0, one of them above"),
    )
    yield (
        not _is_window(profile.drafted_from, profile.drafted_until),
        "drafted_from, drafted_until: both in this order, or none",
    )
    has_values = any(trait.values or trait.hashes for trait in profile.traits)
    yield not (has_values or profile.settings or hours), "it has no trait to compare"


def _is_window(first: date | None, last: date | None) -> bool:
    if first is None or last is None:
        return first is last
    return first <= last


def _refuse(where: str, reason: str) -> NoReturn:
    message = f"{where}: {reason}"
    raise InputError(message, next_step=_NEXT_STEP)


def profile_json(profile: ActorProfile) -> str:
    """Write a profile as JSON."""
    return json.dumps(_plain(profile), indent=2, ensure_ascii=False) + "\n"


def profile_toml(profile: ActorProfile, comment: str = "") -> str:
    r"""Write a profile as TOML.

    Parameters:
        profile: The profile; it need not be complete.
        comment: Lines for the person who completes it.

    Examples:
        >>> profile = ActorProfile(schema="phalanx.profile/1", name="North \"1\"", sources=())
        >>> print(profile_toml(profile, "Fill in the sources."))
        # Fill in the sources.
        schema = "phalanx.profile/1"
        name = "North \"1\""
        role = "operator"
        <BLANKLINE>
    """
    plain = _plain(profile)
    tables = {name: plain.pop(name) for name in _PARTS if name in plain}
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    lines += [f"{key} = {_toml(value)}" for key, value in plain.items()]
    for name, rows in tables.items():
        for row in rows:
            lines += ["", f"[[{name}]]", *(f"{key} = {_toml(value)}" for key, value in row.items())]
    return "\n".join(lines) + "\n"


def _plain(profile: ActorProfile) -> dict[str, Any]:
    """Return what a profile says, without what it leaves open."""
    value = asdict(profile)
    for name in _PARTS:
        value[name] = [_without_empty(row) for row in value[name]]
    head = {"schema": profile.schema, "name": profile.name}
    return head | _without_empty(value | {"name": ""})


def _without_empty(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in row.items() if value not in (None, "", (), [])}
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in kept.items()}


def _toml(value: object) -> str:
    """Write one value; TOML's basic strings are JSON's, with DEL escaped as well."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Sequence):
        items = [_toml(item) for item in value]
        width = _NUMBERS_A_LINE if all(isinstance(item, float) for item in value) else 1
        lines = [", ".join(items[at : at + width]) for at in range(0, len(items), width)]
        return "[\n  " + ",\n  ".join(lines) + ",\n]" if len(lines) > 1 else f"[{lines[0]}]"
    return repr(value)

"""Events as bytes: canonical JSON (RFC 8785), of which the digest is logged.

An event holds texts, whole numbers and truths only, and its names are ASCII: for these the encoder
of the standard library writes the canonical form, ten times as fast as one that knows all of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from phalanx.errors import InputError, VerificationError
from phalanx.model.event import Event, EventKind
from phalanx.printable import printable

MOST_BYTES = 16 * 1024
"""Of one event."""

KINDS = frozenset(get_args(EventKind))
_FIELDS = frozenset({"kind", "at", "actor", "subject", "digest", "facts"})
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MOST_NAME = 256
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_LARGEST_INTEGER = (1 << 53) - 1
"""That JSON numbers hold exactly everywhere."""


def payload_of(event: Event) -> bytes:
    """Return an event as its digest is made of.

    Raises:
        InputError: If it has no time zone, an empty actor, a fact that is no word, whole number or
            truth, or is too large.

    Examples:
        >>> moment = datetime(2026, 11, 27, 9, tzinfo=UTC)
        >>> payload_of(Event(kind="reveal", at=moment, actor="ana", subject="scan 7"))[:40]
        b'{"actor":"ana","at":"2026-11-27T09:00:00'
    """
    if event.at.tzinfo is None:
        raise _wrong(event, "its moment has no time zone")
    said: dict[str, Any] = {
        "kind": event.kind,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": event.actor,
        "subject": event.subject,
    }
    if event.digest is not None:
        said["digest"] = event.digest
    if event.facts:
        said["facts"] = dict(event.facts)
    if reason := _reason_against(said):
        raise _wrong(event, reason)
    try:
        payload = canonical(said)
    except UnicodeEncodeError as error:
        raise _wrong(event, "a word of it is no text") from error
    if len(payload) > MOST_BYTES:
        raise _wrong(event, f"it has more than {MOST_BYTES:,} bytes")
    return payload


def event_of(said: object, what: str) -> Event:
    """Return the event that a piece of JSON holds, if it is one as `payload_of` writes it.

    Parameters:
        said: As parsed.
        what: What messages call it.

    Raises:
        VerificationError: If it is no event.
    """
    if not isinstance(said, dict) or not said.keys() <= _FIELDS:
        raise _no_event(what)
    try:
        if _reason_against(said):
            raise _no_event(what)
        event = Event(
            kind=said["kind"],
            at=datetime.fromisoformat(said["at"]),
            actor=said["actor"],
            subject=said["subject"],
            digest=said.get("digest"),
            facts=said.get("facts", {}),
        )
        if canonical(said) != payload_of(event):
            raise _no_event(what)
    except (KeyError, TypeError, ValueError, OverflowError, InputError) as error:
        raise _no_event(what) from error
    return event


def canonical(said: Mapping[str, Any]) -> bytes:
    """Return an event, or one with its salt, in its one form.

    Raises:
        UnicodeEncodeError: If a text of it holds half a surrogate pair.
    """
    return _ENCODER.encode(said).encode()


def _reason_against(said: Mapping[str, Any]) -> str | None:
    names = (said["actor"], said["subject"])
    digest, facts = said.get("digest"), said.get("facts", {})
    if said["kind"] not in KINDS:
        return "it is of no known kind"
    if not all(isinstance(each, str) and 0 < len(each) <= _MOST_NAME for each in names):
        return f"actor and subject are 1 to {_MOST_NAME} characters each"
    if digest is not None and not (isinstance(digest, str) and _DIGEST.fullmatch(digest)):
        return "its digest is not SHA-256 in hexadecimal"
    return _reason_against_facts(facts) if isinstance(facts, dict) else "its facts are no table"


def _reason_against_facts(facts: Mapping[Any, Any]) -> str | None:
    for name, value in facts.items():
        is_whole = isinstance(value, int) and abs(value) <= _LARGEST_INTEGER
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return "a fact has a name of small letters, digits and hyphens"
        if not (isinstance(value, str) or is_whole):
            return "a fact is a text, a whole number, or a truth"
    return None


def _wrong(event: Event, reason: str) -> InputError:
    message = f"a {printable(str(event.kind))[:40]} cannot be recorded: {reason}"
    return InputError(message, next_step="Mend what records it.")


def _no_event(what: str) -> VerificationError:
    message = f"{what} holds no event of a ledger"
    return VerificationError(message, next_step="Ask whoever keeps the ledger for it again.")

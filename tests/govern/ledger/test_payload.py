"""Events as bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError, VerificationError
from phalanx.govern.ledger.payload import KINDS, MOST_BYTES, event_of, payload_of
from phalanx.model.event import Event

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMED = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
FACT = st.one_of(TEXT, st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1))
EVENTS = st.builds(
    Event,
    kind=st.sampled_from(sorted(KINDS)),
    at=st.datetimes(timezones=st.just(UTC)),
    actor=NAMED,
    subject=NAMED,
    digest=st.none() | st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    facts=st.dictionaries(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True), FACT),
)


@given(EVENTS)
def test_the_payload_is_canonical_json(event: Event) -> None:
    """As RFC 8785 has it, whatever the texts hold; and it is read back as what it was."""
    payload = payload_of(event)
    said = json.loads(payload)
    assert rfc8785.dumps(said) == payload
    assert event_of(said, "it") == event


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"kind": "gossip"}, "no known kind"),
        ({"actor": ""}, "1 to 256"),
        ({"subject": "x" * 257}, "1 to 256"),
        ({"digest": "AB" * 32}, "SHA-256"),
        ({"facts": {"Größe": 1}}, "small letters"),
        ({"facts": {"share": 0.5}}, "whole number"),
        ({"facts": {"count": 2**53}}, "whole number"),
        ({"facts": {"text": "x" * MOST_BYTES}}, "more than"),
        ({"actor": "\ud800"}, "no text"),
    ],
)
def test_what_no_auditor_could_read_is_not_recorded(said: dict[str, object], why: str) -> None:
    """Told when it happens, and not when somebody verifies."""
    base: dict[str, object] = {"kind": "grant", "at": AT, "actor": "ana", "subject": "it"}
    with pytest.raises(InputError, match=why):
        payload_of(Event(**base | said))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        {},
        {"kind": "grant", "at": "soon", "actor": "a", "subject": "b"},
        {"kind": "grant", "at": "2026-11-27T09:00:00", "actor": "a", "subject": "b"},
        {"kind": "grant", "at": "2026-11-27T10:00:00+01:00", "actor": "a", "subject": "b"},
        {"kind": ["grant"], "at": "2026-11-27T09:00:00+00:00", "actor": "a", "subject": "b"},
        {"kind": "grant", "at": 3, "actor": "a", "subject": "b"},
        {"kind": "grant", "at": "2026-11-27T09:00:00+00:00", "actor": "a", "subject": "b", "c": 1},
    ],
)
def test_what_is_not_written_so_is_not_read(said: object) -> None:
    """One event has one form: another spelling of a moment is another event."""
    with pytest.raises(VerificationError, match="no event of a ledger"):
        event_of(said, "it")

"""A grant counts when both have signed it, for what was asked for, and in its time."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from phalanx.errors import ConfigError, PolicyError, VerificationError
from phalanx.release.envelopes.dsse import Envelope, parse_envelope
from phalanx.release.envelopes.statement import digest_of, parse_payload
from phalanx.release.grants.codeword import commitment_to, is_committed
from phalanx.release.grants.grant import (
    Grant,
    accept_grant,
    issue_grant,
    refuse_untimely,
    verify_grant,
)
from phalanx.release.grants.newest import refuse_superseded, remember
from phalanx.release.grants.receipt import Receipt, make_receipt, verify_receipt
from phalanx.release.grants.request import Request, make_request, verify_request


def test_what_both_signed_is_agreed(deal: Any) -> None:
    """The terms come back as they were granted, through a file."""
    envelope = parse_envelope(deal.agreed.as_bytes(), "it")
    found = verify_grant(envelope, deal.lab.identity, deal.partner.identity)
    assert found.grant.terms == deal.terms
    assert found.grant.commitment == "0" * 64
    assert found.digest == digest_of(deal.issued.payload)
    assert found.request == digest_of(deal.request.payload)


def test_one_signature_is_not_enough(deal: Any) -> None:
    """Neither side alone makes a grant, and a third does not stand in for one."""
    identities = deal.lab.identity, deal.partner.identity
    for signers in ([deal.lab], [deal.partner], [deal.lab, deal.other], []):
        envelope = Envelope(payload=deal.issued.payload)
        for each in signers:
            envelope = envelope.signed(each.signing)
        with pytest.raises(VerificationError, match="not signed by"):
            verify_grant(envelope, *identities)


def test_a_grant_is_between_two(deal: Any) -> None:
    """Another recipient or issuer cannot use a grant, though they sign it."""
    envelope = deal.agreed.signed(deal.other.signing)
    with pytest.raises(VerificationError, match="not one of Lab to Other"):
        verify_grant(envelope, deal.lab.identity, deal.other.identity)
    with pytest.raises(VerificationError, match="not one of Other to Partner"):
        verify_grant(envelope, deal.other.identity, deal.partner.identity)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "m-2"},
        {"purposes": ("training",)},
        {"environment": "somebody's cloud"},
    ],
)
def test_no_grant_goes_beyond_its_request(change: dict[str, Any], deal: Any) -> None:
    """The issuer cannot grant what was not asked for, and the recipient does not accept it."""
    terms = deal.terms.model_copy(update={"asked": deal.asked.model_copy(update=change)})
    with pytest.raises(PolicyError, match="goes beyond"):
        issue_grant(deal.request, deal.partner.identity, deal.lab, terms, deal.now, commitment=None)


def test_less_may_be_granted_and_more_is_not_accepted(deal: Any) -> None:
    """A lower tier than asked for is granted; a higher one that an issuer signs is refused."""
    low = deal.asked.model_copy(update={"tier": "black-box"})
    request = make_request(deal.partner, low, deal.now, random.Random(5).randbytes)
    partner, lab, now = deal.partner, deal.lab, deal.now
    terms = deal.terms.model_copy(update={"asked": low})
    issued = issue_grant(deal.request, partner.identity, lab, terms, now, commitment=None)
    assert len(accept_grant(issued, lab.identity, partner, deal.request, now).signatures) == 4
    with pytest.raises(VerificationError, match="answers another request"):
        accept_grant(deal.issued, lab.identity, partner, request, now)
    payload = json.loads(deal.issued.payload)
    payload["subject"][0]["digest"]["sha256"] = digest_of(request.payload)
    forged = Envelope(payload=rfc8785.dumps(payload)).signed(lab.signing)
    with pytest.raises(PolicyError, match="goes beyond the request: tier"):
        accept_grant(forged, lab.identity, partner, request, now)


def test_a_grant_has_its_time(deal: Any) -> None:
    """Before it begins and from its expiry on, it does not count."""
    grant = verify_grant(deal.agreed, deal.lab.identity, deal.partner.identity).grant
    refuse_untimely(grant, deal.now)
    refuse_untimely(grant, deal.terms.expires_at - timedelta(seconds=1))
    with pytest.raises(PolicyError, match="begins at"):
        refuse_untimely(grant, deal.now - timedelta(seconds=1))
    with pytest.raises(PolicyError, match="expired at"):
        refuse_untimely(grant, deal.terms.expires_at)
    late = deal.terms.expires_at
    with pytest.raises(PolicyError, match="expired at"):
        accept_grant(deal.issued, deal.lab.identity, deal.partner, deal.request, late)


def test_a_request_is_of_its_recipient(deal: Any) -> None:
    """Who signs a request is who asks, under the fingerprint that was pinned."""
    assert verify_request(deal.request, deal.partner.identity).asked == deal.asked
    with pytest.raises(VerificationError, match="not signed by Other"):
        verify_request(deal.request, deal.other.identity)
    stolen = Envelope(payload=deal.request.payload).signed(deal.other.signing)
    with pytest.raises(VerificationError, match="not of Other"):
        verify_request(stolen, deal.other.identity)


def _changed(payload: bytes, change: dict[str, Any]) -> bytes:
    said = json.loads(payload)
    said["predicate"].update(change)
    return rfc8785.dumps(said)


@pytest.mark.parametrize(
    "change",
    [
        {"issued_at": "2026-03-02T09:00:00.5Z"},
        {"issued_at": "2026-03-02T10:00:00+01:00"},
        {"issued_at": 1772442000},
        {"commitment": "0" * 63},
        {"commitment": "0" * 64 + "\n"},
        {"more": 1},
        {"issuer": {"name": "a\u202eb", "fingerprint": "0" * 64}},
        {"terms": {}},
    ],
)
def test_a_grant_has_one_form(change: dict[str, Any], deal: Any) -> None:
    """What reads alike but is written otherwise, or says more, is refused."""
    payload = _changed(deal.issued.payload, change)
    with pytest.raises(VerificationError, match="cannot be understood"):
        parse_payload(payload, Grant, "it")


def test_statements_are_told_apart(deal: Any) -> None:
    """A statement of one kind never passes for another, and spaces make another statement."""
    with pytest.raises(VerificationError, match="another kind of statement"):
        parse_payload(deal.request.payload, Grant, "it")
    with pytest.raises(VerificationError, match="one form"):
        parse_payload(deal.request.payload.replace(b'","', b'", "', 1), Request, "it")
    for payload in (b"", b"[]", b"{}", b'{"subject": []}', b"\xff"):
        with pytest.raises(VerificationError):
            parse_payload(payload, Request, "it")


@pytest.mark.parametrize(
    "change", [{"expires_at": "2026-01-01T00:00:00Z"}, {"delete_by": "2026-04-01T00:00:00Z"}]
)
def test_times_of_terms_are_in_order(change: dict[str, Any], deal: Any) -> None:
    """Terms that end before they begin, or outlast their deletion, are none."""
    said = json.loads(deal.issued.payload)
    said["predicate"]["terms"].update(change)
    with pytest.raises(VerificationError, match="cannot be understood"):
        parse_payload(rfc8785.dumps(said), Grant, "it")


def test_a_commitment_binds_and_hides() -> None:
    """Only the codeword that was committed to opens it, under its own key."""
    made = commitment_to("0101", bytes(32))
    assert is_committed(made, "0101", bytes(32))
    assert not is_committed(made, "01010", bytes(32))
    assert not is_committed(made, "0101", b"1" * 32)
    for codeword, key in (("", bytes(32)), ("012", bytes(32)), ("01", bytes(31))):
        with pytest.raises(ValueError, match="zeros and ones"):
            commitment_to(codeword, key)


def _later(deal: Any, seconds: int, commitment: str | None = None) -> Any:
    now = deal.now + timedelta(seconds=seconds)
    issued = issue_grant(
        deal.request, deal.partner.identity, deal.lab, deal.terms, now, commitment=commitment
    )
    both = accept_grant(issued, deal.lab.identity, deal.partner, deal.request, now)
    return verify_grant(both, deal.lab.identity, deal.partner.identity)


def test_an_old_grant_does_not_come_back(deal: Any, tmp_path: Path) -> None:
    """Once a newer grant was opened, an older one of the same model is refused."""
    memory = tmp_path / "kept" / "grants"
    old, new = _later(deal, 0), _later(deal, 60)
    refuse_superseded(memory, old)
    remember(memory, old)
    remember(memory, old)
    remember(memory, new)
    for act in (refuse_superseded, remember):
        with pytest.raises(PolicyError, match="a newer grant of m-1"):
            act(memory, old)
        with pytest.raises(PolicyError, match="a newer grant of m-1"):
            act(memory, _later(deal, 60, "1" * 64))
    refuse_superseded(memory, new)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b'{"a": ["b"]}'])
def test_a_damaged_memory_is_not_taken_for_an_empty_one(
    content: bytes, deal: Any, tmp_path: Path
) -> None:
    """A memory that cannot be read stops the opening."""
    (tmp_path / "grants").write_bytes(content)
    (tmp_path / "grants").chmod(0o600)
    with pytest.raises(ConfigError, match="cannot be used"):
        refuse_superseded(tmp_path / "grants", _later(deal, 0))


def test_a_receipt_is_of_one_copy(deal: Any) -> None:
    """A receipt names recipient, grant, record and root, and is worth nothing for another."""
    of = {"grant": "1" * 64, "record": "2" * 64, "root": "3" * 64}
    made = make_receipt(
        deal.partner, model="m-1", now=deal.now, checked=("grant",), not_checked=("log",), **of
    )
    assert verify_receipt(made, deal.partner.identity, **of).not_checked == ("log",)
    for field in of:
        with pytest.raises(VerificationError, match="another copy"):
            verify_receipt(made, deal.partner.identity, **{**of, field: "4" * 64})
    with pytest.raises(VerificationError, match="not signed by Other"):
        verify_receipt(made, deal.other.identity, **of)
    assert Receipt.type_uri in made.payload.decode()

"""Every parser of a release, as fuzzing calls it, with good documents to begin from.

Bytes that came from outside may end in words (`PhalanxError`) and in nothing else. What is taken
has also to be the same again when it is written.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

from phalanx.json_text import parse_object
from phalanx.release.accusation import Accusation, Measured
from phalanx.release.contents.pickled import pickle_in
from phalanx.release.envelopes.dsse import parse_envelope
from phalanx.release.envelopes.statement import Predicate, parse_payload, payload_of
from phalanx.release.grants.grant import Grant, accept_grant, issue_grant
from phalanx.release.grants.receipt import Receipt, make_receipt
from phalanx.release.grants.request import Request, make_request, named
from phalanx.release.grants.terms import Asked, Terms
from phalanx.release.manifest import resources
from phalanx.release.manifest.bundle import sign_manifest, verify_manifest
from phalanx.release.names import refuse_clashing
from phalanx.release.packages.record import Record, SealedEntry
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import new_keys
from phalanx.release.sealing.header import Header, parse_header
from phalanx.tensor_layout import LENGTH_BYTES, header_length, parse_layout

NOW = datetime(2026, 3, 2, tzinfo=UTC)
Target = tuple[Callable[[bytes], None], list[bytes]]


@cache
def _deal() -> Any:
    """Return two parties, and what they have signed."""
    lab, partner = (new_keys(name, random.Random(name).randbytes) for name in ("Lab", "Partner"))
    asked = Asked(model="m", purposes=("use",), tier="white-box", environment="e")
    terms = Terms(
        asked=asked, begins_at=NOW, expires_at=NOW.replace(year=2027),
        delete_by=NOW.replace(year=2028), derivatives="none", onward_transfer=False,
        incident_contact="c", export=None, evidence_duties=(),
    )  # fmt: skip
    request = make_request(partner, asked, NOW, random.Random(1).randbytes)
    issued = issue_grant(request, partner.identity, lab, terms, NOW, commitment="0" * 64)
    grant = accept_grant(issued, lab.identity, partner, request, NOW)
    digest = "0" * 64
    receipt = make_receipt(
        partner, model="m", root=digest, grant=digest, record=digest, now=NOW, checked=("a",),
        not_checked=(),
    )  # fmt: skip
    return SimpleNamespace(
        lab=lab, partner=partner, request=request, grant=grant, receipt=receipt, digest=digest
    )


def statements() -> dict[str, Target]:
    """Return the parser of each kind of statement."""
    deal = _deal()
    entry = SealedEntry(name="a", file="000001.sealed", content_bytes=1, header=deal.digest)
    record = Record(
        grant=deal.digest, wrapping="w", wrapped_key="AAAA", sealed_at=NOW,
        manifest=entry.model_copy(update={"file": "manifest.sealed"}), files=(entry,),
    )  # fmt: skip
    accusation = Accusation(
        recipient=named(deal.partner.identity), grant=deal.digest, receipt=None, codeword="01",
        codeword_key="AAAA",
        measured=Measured(
            rule="r", null_hypothesis="n", observation="o", assumptions=("a",), log10_p=-7.0,
            false_accusation=1e-6, recipients_planned=2, recipients=2, collusion=1, suspects=1,
        ),
        traced_at=NOW,
    )  # fmt: skip

    made: dict[type[Predicate], bytes] = {
        Request: deal.request.payload,
        Grant: deal.grant.payload,
        Receipt: deal.receipt.payload,
        Record: payload_of(record, "m", deal.digest),
        Accusation: payload_of(accusation, "s", deal.digest),
    }
    return {kind.__name__.lower(): (_statement_of(kind), [seed]) for kind, seed in made.items()}


def _statement_of(kind: type[Predicate]) -> Callable[[bytes], None]:
    def step(data: bytes) -> None:
        found, subject, about = parse_payload(data, kind, "it")
        assert payload_of(found, subject, about) == data

    return step


def _header_of(data: bytes) -> None:
    size = int.from_bytes(data[:4], "little")
    found = parse_header(data[4:], size, "it")
    assert data[4:].startswith(found.as_bytes())
    assert found.file_bytes == size


def _envelope_of(data: bytes) -> None:
    found = parse_envelope(data, "it")
    assert parse_envelope(found.as_bytes(), "it") == found


def _layout_of(data: bytes) -> None:
    length = header_length(data[:LENGTH_BYTES], len(data), "it")
    found = parse_layout(data[LENGTH_BYTES : LENGTH_BYTES + length], len(data), "it")
    assert sum(each.size for each in found.values()) == len(data) - LENGTH_BYTES - length


def _manifest_of(data: bytes) -> None:
    found = resources.parse_payload(data, "it")
    assert found.root == resources.root_of(found.resources)


def _identity_of(data: bytes) -> None:
    found = Identity.from_json(parse_object(data, "it"))
    assert Identity.from_json(found.as_json()) == found


def _names_of(data: bytes) -> None:
    names = data.decode(errors="surrogateescape").split("\n")
    refuse_clashing(names)
    assert not any(part in {"", ".", ".."} for name in names for part in name.split("/"))


def parsers() -> dict[str, Target]:
    """Return each parser by name, with documents to begin from."""
    deal = _deal()
    header = Header(
        name="a/b", content_bytes=9, salt=bytes(32), grant=bytes(32), commitment=bytes(32)
    )
    manifest = resources.manifest_of("m", {"a/b": bytes(32)}, "sha256")
    layout = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    bundle = sign_manifest(manifest, deal.lab.manifests)
    whole = header.as_bytes() + bytes(25)
    return statements() | {
        "header": (_header_of, [len(whole).to_bytes(4, "little") + whole]),
        "envelope": (
            _envelope_of,
            [each.as_bytes() for each in (deal.request, deal.grant, deal.receipt)],
        ),
        "manifest": (_manifest_of, [resources.payload_of(manifest)]),
        "bundle": (
            lambda data: void(verify_manifest(data, deal.lab.identity.manifests, "it")),
            [bundle],
        ),
        "identity": (_identity_of, [json.dumps(deal.lab.identity.as_json()).encode()]),
        "layout": (_layout_of, [len(layout).to_bytes(8, "little") + layout + bytes(4)]),
        "names": (_names_of, [b"a/b\nc", b"../x", b"a\na/b"]),
        "pickle": (lambda data: void(pickle_in(data)), [b"cos\nsystem\n(S'ls'\ntR.", b"text\n"]),
    }


def void(_: Any) -> None:
    """Take what a parser returned."""

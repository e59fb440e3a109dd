"""Objects that may leave as they are, and objects that must not: each case distinct."""

from __future__ import annotations

import base64
import hashlib
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from phalanx.share.wire import (
    CAPABILITIES,
    EXTENSION_ID,
    AccountFingerprint,
    Address,
    Authorship,
    AutonomousSystem,
    Cluster,
    Domain,
    Handling,
    Indicator,
    Object,
    Place,
    PromptTemplateSketch,
    SharedCampaign,
    Statistic,
    campaign,
    extension_definition,
    grouping,
    indicator,
    infrastructure,
    member_identity,
    observable,
    opinion,
    pattern_of,
    publisher,
    relationship,
    revoked,
    sighting,
    statistic,
    uses_technique,
)

_READ = tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))
TEXTS: dict[str, list[str]] = _READ["refused"]
"""Texts that must not leave as they are, by the rule that is expected to speak."""

TEXTS["A8"].append("x" * 2_500)
TEXTS["A15"].append("accounts match " * 25)
STRIPPED: list[str] = _READ["stripped"]["A9"]
PLAIN: list[str] = _READ["plain"]["any"]


def fingerprint(name: str, kind: Any = "payment") -> AccountFingerprint:
    """Return a fingerprint of a name."""
    value = base64.urlsafe_b64encode(hashlib.sha512(name.encode()).digest()).decode().rstrip("=")
    return AccountFingerprint(kind=kind, epoch=7, value=value)


def sketch(name: str, **changes: Any) -> PromptTemplateSketch:
    """Return a sketch of a name."""
    values: dict[str, Any] = {
        "canonicaliser": "phalanx/1",
        "epoch": 7,
        "minhash": hashlib.shake_128(name.encode()).hexdigest(64),
        "minhash_bits": 4,
        "simhash": hashlib.shake_128(name.encode()).hexdigest(8),
        "shingle_size": 5,
        "length_bucket": 7,
        "capability": "coding",
        "language": "en",
    }
    return PromptTemplateSketch(**(values | changes))


def rule_of(by: Authorship, **changes: Any) -> Object:
    """Return an ordinary indicator, with changes."""
    rule = Indicator(
        key="rule",
        name=PLAIN[0],
        description=PLAIN[2],
        pattern=pattern_of([fingerprint("a"), fingerprint("b", "email")]),
        valid_from=by.created - timedelta(days=3),
        valid_until=by.modified + timedelta(days=60),
    )
    return {**indicator(rule, by), **changes}


def campaign_of(by: Authorship, **changes: Any) -> Object:
    """Return an ordinary campaign, with changes."""
    found = SharedCampaign(
        key="campaign",
        name=PLAIN[0],
        description=PLAIN[3],
        first_seen=by.created - timedelta(days=20),
        last_seen=by.created,
        log10_e=9.5,
        false_discovery_rate=0.01,
    )
    return {**campaign(found, by), **changes}


def statistic_of(by: Authorship, members: list[str], counts: list[int], days: int = 120) -> Object:
    """Return a statistic of some members over a period that ended days ago."""
    counted = Statistic(
        key="s",
        measure="accounts",
        period_end=by.modified - timedelta(days=days) + timedelta(hours=1),
        contributions=dict(zip(members, counts, strict=False)),
        about=(rule_of(by)["id"],),
    )
    return statistic(counted, by)


def passing(by: Authorship) -> Iterator[tuple[str, Object]]:
    """Yield ordinary objects that leave unchanged, each with a name."""
    rule, found = rule_of(by), campaign_of(by)
    yield "rule", rule
    yield "campaign", found
    for place, text in enumerate(PLAIN):
        yield f"rule text {place}", rule_of(by, description=text)
        yield f"campaign text {place}", campaign_of(by, name=text)
    for kind in ("account", "email", "payment", "phone", "device"):
        yield kind, observable(fingerprint(kind, kind), by.handling.references)
    for capability in CAPABILITIES:
        seen = sketch(capability, capability=capability)
        yield capability, observable(seen, by.handling.references)
    for parts in (
        (Address(value="192.0.2.1"),), (Address(value="2001:db8::1"),),
        (Address(value="198.51.100.0/24"),), (AutonomousSystem(number=64_500),),
        (Domain(value="relay.example.net"), Address(value="192.0.2.9")),
    ):  # fmt: skip
        place_of = Place(
            key=str(parts), name=PLAIN[4], parts=parts,
            first_seen=by.created - timedelta(days=2), last_seen=by.modified,
        )  # fmt: skip
        for number, item in enumerate(infrastructure(place_of, by)):
            yield f"{parts[0]} {number}", item
    yield from _passing_relations(by)


def _passing_relations(by: Authorship) -> Iterator[tuple[str, Object]]:
    rule, found = rule_of(by), campaign_of(by)
    members = (found["id"], observable(fingerprint("a"))["id"])
    yield "cluster", grouping(Cluster(key="c", name=PLAIN[0], members=members), by)
    yield "indicates", relationship(rule["id"], "indicates", found["id"], by)
    for technique in ("AML.T0024.002", "AML.T0040", "AML.T0048.004"):
        yield technique, uses_technique(found["id"], technique, by)
    for count in (1, 3, 10, 30, 3_000, 10**6):
        yield f"seen {count}", sighting(rule["id"], count, by.created, by.modified, by)
    for value in ("strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"):
        yield value, opinion(value, rule["id"], by)
    yield "explained", opinion("disagree", rule["id"], by, PLAIN[14])
    yield "taken back", revoked(rule, by.modified + timedelta(minutes=1), by.member)
    for tlp in ("green", "amber", "amber+strict", "red"):
        handling = replace(by.handling, tlp=tlp)
        yield f"TLP {tlp}", rule_of(by, object_marking_refs=handling.references)
    yield "extension", extension_definition()
    yield "publisher", publisher()
    for place, marking in enumerate(by.handling.definitions):
        yield f"marking {place}", marking
    yield "sender", member_identity("member-amber-falcon", by.created, by.handling)


def forbidden(by: Authorship) -> Iterator[tuple[str, str, Object]]:
    """Yield objects that must not leave as they are: a name, the rule expected, the object."""
    for rule_id, texts in TEXTS.items():
        for place, text in enumerate(texts):
            # Each text stands in a place of its own, in turn.
            match place % 4:
                case 0:
                    item = rule_of(by, description=text)
                case 1:
                    item = campaign_of(by, name=text)
                case 2:
                    item = opinion("agree", rule_of(by)["id"], by, text)
                case _:
                    item = {**relationship(*_ends(by), by), "description": text}
            yield f"{rule_id} {text[:30]}", rule_id, item
    for text in STRIPPED:
        yield f"A9 {text}", "A9", campaign_of(by, description=text)
    yield from _fields(by)
    yield from _shapes(by)
    yield from _types(by)


def _ends(by: Authorship) -> tuple[str, str, str]:
    return rule_of(by)["id"], "indicates", campaign_of(by)["id"]


def _fields(by: Authorship) -> Iterator[tuple[str, str, Object]]:
    extension = campaign_of(by)["extensions"][EXTENSION_ID]
    named = {
        "x_price_per_token": "A1", "x_discount": "A1", "x_monthly_revenue": "A1",
        "gpu_count": "A2", "market_share": "A2", "x_total_requests": "A2",
        "x_release_date": "A3", "x_roadmap": "A3", "codename": "A3",
        "customer": "A4", "x_contract_id": "A4", "plan_tier": "A4",
        "prompt": "A8", "response": "A8", "messages": "A8", "completion": "A8",
        "recommended_action": "A10", "x_notes": "A0", "x_vendor_field": "A0",
        "lang": "A0", "labels": "A0", "granular_markings": "A0", "goals": "A0", "share": "A0",
    }  # fmt: skip
    for name, rule_id in named.items():
        yield f"field {name}", rule_id, rule_of(by, **{name: 42})
        deep = {**extension, name: {"deeper": [{"still": "4.50 USD"}]}}
        yield f"inside {name}", rule_id, campaign_of(by, extensions={EXTENSION_ID: deep})
    other = {"extension-definition--" + str(uuid.UUID(int=7, version=4)): {"anything": 1}}
    yield "other extension", "A0", campaign_of(by, extensions=other)
    yield "text for fields", "A0", campaign_of(by, extensions="none")
    yield "fields for text", "A1", campaign_of(by, name={"price": 3})
    yield "list of fields", "A0", campaign_of(by, description=[{"gpu": 1}])


def _shapes(by: Authorship) -> Iterator[tuple[str, str, Object]]:
    seen = sighting(rule_of(by)["id"], 3_000, by.created, by.modified, by)
    for count in (2, 17, 4_321, 24_000, 16_000_001):
        yield f"exact {count}", "A5", {**seen, "count": count}
    told = {EXTENSION_ID: {"extension_type": "property-extension", "count_bucket": "300-999"}}
    yield "wrong bucket", "A5", {**seen, "extensions": told}
    exact = {EXTENSION_ID: {"extension_type": "property-extension", "count_bucket": "4321"}}
    yield "exact bucket", "A0", {**seen, "extensions": exact}
    for name in ("created", "modified", "valid_from"):
        yield f"{name} ahead", "A3", rule_of(by, **{name: "2027-03-01T00:00:00.000Z"})
    yield "seen ahead", "A3", campaign_of(by, last_seen="2027-03-01T00:00:00.000Z")
    for confidence in (4_500_000, -1, "high", True, 80.5):
        yield f"confidence {confidence}", "A0", rule_of(by, confidence=confidence)
    yield (
        "author in clear",
        "A16",
        rule_of(by, created_by_ref="identity--" + str(uuid.UUID(int=11, version=4))),
    )
    yield (
        "seen elsewhere",
        "A16",
        {**seen, "where_sighted_refs": ["identity--" + str(uuid.UUID(int=11, version=4))]},
    )
    reference = [{"source_name": "our pricing page", "external_id": "AML.T0040"}]
    yield "other source", "A0", rule_of(by, external_references=reference)
    reference = [{"source_name": "mitre-atlas", "external_id": "contract 4411"}]
    yield "other reference", "A0", rule_of(by, external_references=reference)
    reference = [{"source_name": "mitre-atlas", "url": "https://example.org"}]
    yield "address in a reference", "A0", rule_of(by, external_references=reference)
    yield "no marking", "A0", {k: v for k, v in rule_of(by).items() if k != "object_marking_refs"}
    yield "no use", "A13", rule_of(by, object_marking_refs=by.handling.references[:2])
    lapsed = Handling(tlp="amber", pap="amber", legal_basis="us-cisa-2015")
    yield "lapsed basis", "A13", rule_of(by, object_marking_refs=lapsed.references)
    print_ = observable(fingerprint("z"), by.handling.references)
    for change in ({"value": "alice@example.org"}, {"value": "5e884898"}, {"scheme": "sha256"},
                   {"kind": "name"}, {"raw": "acct_17"}, {"epoch": 10**7}):  # fmt: skip
        yield f"fingerprint {change}", "A0", {**print_, **change}
    drawn = observable(sketch("z"), by.handling.references)
    for change in ({"capability": "new model"}, {"language": "price"}, {"canonicaliser": "text"},
                   {"minhash": "You are a helpful model"}, {"length_bucket": 4_321}):  # fmt: skip
        yield f"sketch {change}", "A0", {**drawn, **change}
    yield "exemplar", "A8", {**drawn, "exemplar": "You are a careful grader."}


def _types(by: Authorship) -> Iterator[tuple[str, str, Object]]:
    head = {k: rule_of(by)[k] for k in ("spec_version", "created_by_ref", "created", "modified",
                                        "object_marking_refs")}  # fmt: skip

    def of(kind: str, **fields: object) -> Object:
        return {
            "type": kind,
            "id": f"{kind}--{uuid.uuid5(uuid.NAMESPACE_DNS, kind)}",
            **head,
            **fields,
        }

    yield "account", "A4", of("user-account", user_id="acct_99")
    yield "e-mail", "A4", of("email-addr", value="who@example.org")
    yield "message", "A0", of("email-message", is_multipart=False, body="our price")
    yield "artifact", "A0", of("artifact", payload_bin="UHJpY2U=")
    yield "file", "A0", of("file", name="price-list.xlsx")
    yield "address", "A0", of("url", value="https://example.org/pricing")
    yield "report", "A0", of("report", name="Quarter", published="2026-01-01T00:00:00Z")
    yield "location", "A0", of("location", country="CH")
    yield "software", "A0", of("software", name="internal gateway")
    yield "tool", "A0", of("tool", name="scraper")
    yield "advice", "A0", of("course-of-action", name="block all of them")
    yield "note", "A6", of("note", abstract="Statistic", content="Total over all members.",
                           object_refs=[rule_of(by)["id"]])  # fmt: skip
    yield "diary", "A0", of("note", content="GPU shortage", object_refs=[rule_of(by)["id"]])
    yield "nameless type", "A0", {"id": "x"}
    yield "actor", "A11", of("threat-actor", name="Somebody")
    yield "set", "A11", of("intrusion-set", name="Somebody", confidence=70)
    yield (
        "attributed",
        "A11",
        relationship(campaign_of(by)["id"], "attributed-to", of("intrusion-set")["id"], by),
    )
    yield (
        "member in clear",
        "A0",
        of("identity", name="Northwind Labs", identity_class="organization"),
    )
    yield "all there is", "A0", of("all", name="x")
    yield "observed", "A0", of("observed-data", number_observed=4_321)

"""Objects made to get past the gate: what must not leave, in places where nobody looks."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from phalanx.share.wire import (
    EXTENSION_ID,
    Authorship,
    Object,
    observable,
    observable_id,
    opinion,
    relationship,
    sighting,
)
from phalanx.share.wire.markings import TLP_IDS, use_marking

ALLOWED_WORDS = {
    "A2": [
        "requests up over the last week",
        "more users than the week before",
        "total of all requests",
        "one in two accounts is a student",
    ],
    "A3": [
        "the new model is in training",
        "trained until 2026-11-20 as a new model",
        "new systems for the last users",
    ],
    "A8": [
        "Extract the text from the data and judge which is like it",
        "Judge this text. Use one class.",
        "Accounts of one template; look at the text and mark it",
        "copy the code of this library",
    ],
    "A10": [
        "Members have to act together",
        "no more access to this group",
        "No one is to use this reseller",
        "Mark every account of this operator",
        "no service to this network",
        "services use the same limits",
        "not to share with this reseller",
        "accounts refused together",
    ],
    "A15": [
        "accounts of TLP:BOYCOTTTHEMALL",
        "accounts of TLP:PRICEISFOUR",
        "accounts of campaign-20271224",
        "accounts of campaign-00004500",
        "\u01a5\u024d\u012b\u00e7\u00eb",
        "accounts \u01a5\u027e\u01d0\u0255\u0119 match",
        "accounts ... --- ... .-. match",
        "accounts ((())) '' match",
        "ACCOUNTS\u00a0MATCH",
        "accounts  match   of  one",
        "one one one one of many",
        "accounts\tmatch",
    ],
}
"""Texts that hold nothing but allowed words, identifiers and signs; or seem to."""

READABLE_TOKENS = [
    "our-price-is-four-dollars-per-million-tokens-_",
    "OUR_PRICE_IS_FOUR_DOLLARS_PER_MILLION_TOKENS",
    hashlib.sha256(b"alice@example.org").hexdigest(),
    hashlib.sha384(b"alice@example.org").hexdigest()[:86],
    base64.urlsafe_b64encode(b"our price falls to 3 USD in March").decode().rstrip("="),
    base64.urlsafe_b64encode(b"You are a careful grader. Answer the question now").decode(),
    base64.urlsafe_b64encode("price €4, Acme GmbH, +49 170 1234567".encode()).decode(),
    "0123456789" * 5,
    "A" * 43,
    "Aa" * 22,
]
"""Values of 43 to 86 characters that are no output of a blinded function."""

DOMAINS = [
    "our-price-is-4-usd.example.net",
    "ourpriceisfourusd.example.net",
    "boycott-this-operator.example.net",
    "market-share-falls.example.net",
    "customer-contoso.example.net",
    "northwindlabs.example.net",
    "deepseek-accounts.example.net",
    "xn--pric-epa.example.net",
    "launch-on-2027-03-01.example.net",
    "r0admap.example.net",
]


def attacks(corpus: ModuleType, by: Authorship) -> Iterator[tuple[str, str, Object]]:
    """Yield a name, the rule expected if it is one alone, and the object."""
    for rule_id, texts in ALLOWED_WORDS.items():
        for place, text in enumerate(texts):
            item = corpus.campaign_of(by) if place % 2 else corpus.rule_of(by)
            yield f"{rule_id} in allowed words: {text[:30]}", "", {**item, "description": text}
    yield from _fingerprints(corpus, by)
    yield from _patterns(corpus, by)
    yield from _sketches(corpus, by)
    yield from _network(corpus, by)
    yield from _references(corpus, by)
    yield from _names(corpus, by)
    yield from _rest(corpus, by)


def _fingerprints(corpus: ModuleType, by: Authorship) -> Iterator[tuple[str, str, Object]]:
    seen = observable(corpus.fingerprint("z"), by.handling.references)
    for value in READABLE_TOKENS:
        yield f"fingerprint {value[:20]}", "A0", {**seen, "value": value}
        pattern = f"[llm-account-fingerprint:value = '{value}']"
        yield f"pattern over {value[:20]}", "A0", corpus.rule_of(by, pattern=pattern)
    digits = "[llm-account-fingerprint:value = " + "4500" * 12 + "]"
    yield "number for a fingerprint", "A0", corpus.rule_of(by, pattern=digits)
    raw = observable_id("user-account", {"user_id": "acct_17"}).partition("--")[2]
    derived = {**seen, "id": f"llm-account-fingerprint--{raw}"}
    yield "identifier of the account in clear", "A16", derived
    account = {"type": "user-account", "id": f"user-account--{raw}", "user_id": "acct_17"}
    for markings in (5, "x", [5], None):
        yield f"account marked {markings}", "A0", {**account, "object_marking_refs": markings}


def _patterns(corpus: ModuleType, by: Authorship) -> Iterator[tuple[str, str, Object]]:
    for place, (rule_id, pattern) in enumerate(
        [
            ("A4", "[user-account:user_id IN ('acct_17', 'acct_99')]"),
            ("A4", "[email-addr:value = 'who@example.org']"),
            ("A0", "[llm-account-fingerprint:value = 'price is 4 USD']"),
            ("A0", "[llm-account-fingerprint:value = 'alice@example.org']"),
            ("A0", "[llm-account-fingerprint:epoch = 4500000]"),
            ("A0", "[prompt-template-sketch:simhash = 'You are a helpful model']"),
            ("A0", "[prompt-template-sketch:text = 'solve the puzzle']"),
            ("A0", "[url:value = 'https://example.org/?q=margin']"),
            ("A0", "[ipv4-addr:value = '999.1.1.1']"),
            ("A0", "[ipv4-addr:value LIKE '192.%']"),
            ("A0", "[ipv4-addr:value = '192.0.2.1'] REPEATS 4500000 TIMES"),
            ("A0", "[domain-name:value = 'our price is low']"),
            ("A0", "[x-note:text = 'margin of 40 percent']"),
            ("A0", "[domain-name:value = 'a.example' AND user-account:user_id = 'acct_17']"),
            ("A0", "not a pattern"),
        ]
    ):
        yield f"pattern {place}", rule_id, corpus.rule_of(by, pattern=pattern)
    yield "address for a month", "A9", corpus.rule_of(by, pattern="[ipv4-addr:value = '192.0.2.1']")
    far = "2028-01-01T00:00:00.000Z"
    yield "fingerprint for years", "A9", corpus.rule_of(by, valid_until=far)
    endless = corpus.rule_of(by)
    del endless["valid_until"]
    yield "rule for ever", "A9", endless


def _sketches(corpus: ModuleType, by: Authorship) -> Iterator[tuple[str, str, Object]]:
    seen = observable(corpus.sketch("z"), by.handling.references)
    prompt = b"You are a careful grader. Answer the question in one word only.."
    for change in (
        {"minhash": prompt.hex()},
        {"minhash": prompt.hex()[:64], "minhash_bits": 2},
        {"minhash": seen["minhash"] * 4},
        {"minhash": seen["minhash"][:34]},
        {"minhash": "0" * 124 + "4500"},
        {"minhash_bits": 3},
        {"simhash": b"3.50 USD".hex()},
        {"simhash": b"in Q1 27".hex()},
        {"simhash": "0000000000004500"},
        {"simhash": seen["simhash"] * 2},
    ):
        yield f"sketch {str(change)[:40]}", "A0", {**seen, **change}
    for value in (b"3.50 USD".hex(), "0000000000004500", seen["simhash"] * 4):
        pattern = f"[prompt-template-sketch:simhash = '{value}']"
        yield f"pattern over {value[:20]}", "A0", corpus.rule_of(by, pattern=pattern)
    raw = {"value": "You are a careful grader."}
    other = observable_id("prompt-template-sketch", raw)
    yield "identifier of the template in clear", "A16", {**seen, "id": other}


def _network(corpus: ModuleType, by: Authorship) -> Iterator[tuple[str, str, Object]]:
    place = {"spec_version": "2.1", "object_marking_refs": by.handling.references}

    def of(kind: str, value: str) -> Object:
        return {
            "type": kind,
            "id": observable_id(kind, {"value": value}),
            "value": value,
            **place,
        }

    for value in ("fe80::1%price-is-4-usd", "fe80::1%boycott-them/128", "::1%2027-03-01"):
        yield f"address {value}", "A0", of("ipv6-addr", value)
        pattern = f"[ipv6-addr:value = '{value}']"
        soon = {"pattern": pattern, "valid_until": by.modified.isoformat()[:19] + "Z"}
        yield f"pattern over {value}", "A0", corpus.rule_of(by, **soon)
    yield "address of another version", "A0", of("ipv4-addr", "2001:db8::1")
    for value in DOMAINS:
        yield f"domain {value}", "", of("domain-name", value)
        pattern = f"[domain-name:value = '{value}']"
        soon = {"pattern": pattern, "valid_until": by.modified.isoformat()[:19] + "Z"}
        yield f"pattern over {value}", "", corpus.rule_of(by, **soon)
    clear = {**of("ipv4-addr", "192.0.2.1"), "id": f"ipv4-addr--{uuid.UUID(int=11, version=4)}"}
    yield "identifier of another address", "A16", clear
    system = {"type": "autonomous-system", "number": 64_500, **place}
    yield (
        "identifier of another system",
        "A16",
        {**system, "id": f"autonomous-system--{uuid.UUID(int=11, version=4)}"},
    )


def _references(corpus: ModuleType, by: Authorship) -> Iterator[tuple[str, str, Object]]:
    found, rule = corpus.campaign_of(by)["id"], corpus.rule_of(by)["id"]
    account = observable_id("user-account", {"user_id": "acct_17"})
    mail = observable_id("email-addr", {"value": "alice@example.org"})
    group = {
        **relationship(found, "related-to", found, by),
        "type": "grouping",
        "id": f"grouping--{uuid.UUID(int=9, version=4)}",
        "context": "suspicious-activity",
    }
    for name in ("relationship_type", "source_ref", "target_ref"):
        del group[name]
    for reference in (account, mail):
        yield f"cluster of {reference}", "A4", {**group, "object_refs": [found, reference]}
        yield f"relation to {reference}", "A4", relationship(found, "related-to", reference, by)
    for kind in ("price-is-4500-usd", "boycott-them", "url", "artifact", "x-note"):
        named = f"{kind}--{uuid.UUID(int=5, version=4)}"
        yield f"cluster of {kind}", "A0", {**group, "object_refs": [named]}
        yield f"relation to {kind}", "A0", relationship(found, "related-to", named, by)
        yield f"sighting of {kind}", "A0", sighting(named, 3, by.created, by.created, by)
    for kind in ("threat-actor", "intrusion-set", "identity"):
        named = f"{kind}--{uuid.UUID(int=5, version=4)}"
        yield f"cluster with {kind}", "A11", {**group, "object_refs": [found, named]}
        yield f"{kind} alone", "", {**group, "object_refs": named}
        yield f"sighting of {kind}", "A11", sighting(named, 3, by.created, by.created, by)
        for relation in ("related-to", "uses", "indicates"):
            yield f"{relation} {kind}", "A11", relationship(rule, relation, named, by)
    yield "relation from an identity", "A11", relationship(by.member, "uses", found, by)
    for value in ("case-20271224", "case-00004500"):
        evidence = [{"source_name": "phalanx-case", "external_id": value}]
        yield value, "A0", corpus.rule_of(by, external_references=evidence)


def _names(corpus: ModuleType, by: Authorship) -> Iterator[tuple[str, str, Object]]:
    for name in ("extensions.share.log10_e", "extensions.share", "external_references.external_id"):
        yield f"field {name}", "A0", corpus.campaign_of(by, **{name: 4.5})
        yield f"object {name}", "A0", corpus.campaign_of(by, **{name: {}})
    for name in ("", " ", "na\u200bme", "n\u0430me", "name ", "NAME", '{"name"}'):
        yield f"field {name!r}", "A0", corpus.campaign_of(by, **{name: "Accounts"})
    extension: Any = {"extension_type": "property-extension"}
    for name in ("total_bucket", "measure", "comment", EXTENSION_ID, "extensions"):
        inner = {EXTENSION_ID: {**extension, name: {"a": [["price"]]}}}
        yield f"inside {name}", "A0", corpus.campaign_of(by, extensions=inner)
    yield "list of extensions", "A0", corpus.campaign_of(by, extensions=[{EXTENSION_ID: {}}])


def _rest(corpus: ModuleType, by: Authorship) -> Iterator[tuple[str, str, Object]]:
    for sentence in ("2028-03-01T00:00:00.000Z", "2099-12-24T00:00:00.000Z"):
        item = corpus.rule_of(by, revoked=True, valid_until=sentence)
        yield f"taken back, valid until {sentence}", "A9", item
    both = [TLP_IDS["clear"], *by.handling.references]
    yield "two labels", "A0", corpus.rule_of(by, object_marking_refs=both)
    twice = [*by.handling.references, *by.handling.references]
    yield "a label twice", "A0", corpus.rule_of(by, object_marking_refs=twice)
    use = use_marking("defence-only", by.handling.legal_basis)
    yield "label of somebody else", "A0", {**use, "id": TLP_IDS["red"]}
    yield "use since another day", "A0", {**use, "created": "2026-02-01T00:00:00.000Z"}
    yield "unknown use", "A0", use_marking("defence-only", "a price agreement")
    red = {**observable(corpus.sketch("z"), by.handling.references), "exemplar": "x" * 5_000}
    yield "long exemplar", "A8", red
    for name, rule_id in (
        ("created_by_ref", "A16"),
        ("id", "A0"),
        ("created", "A0"),
        ("pattern_type", "A0"),
    ):
        lacking = corpus.rule_of(by)
        del lacking[name]
        yield f"rule without {name}", rule_id, lacking
    whose = opinion("strongly-agree", f"identity--{uuid.UUID(int=5, version=4)}", by)
    yield "opinion of a party", "A11", whose

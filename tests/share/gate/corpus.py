"""Objects that may leave as they are, and objects that must not: each case distinct."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
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
    uses_technique,
)

TEXTS = {
    "A1": [
        "They resell access at $3.50 per million tokens",
        "Each seat was sold for 20 USD a month",
        "our list price for output tokens was undercut",
        "they got a 40 % discount through the reseller",
        "lost revenue of this campaign is in the millions",
        "gross margin on these accounts is negative",
        "campaign cost us EUR 1.2m in inference",
        "paid with promotional credits",
        "they exploit the free tier quota until it is billed",
        "invoice 4411 was never settled",
        "we spend more on refunds than on fraud tooling",
        "cheaper than our pricing by half",
        "12 euros per thousand requests",
        "charged back £900",
        "sold for ¥25 a piece",
        "sold at 300 rupees",
        "Preise der Anbieter liegen darunter",
        "le prix moyen reste stable",
        "el precio por token bajó",
        "цена за токен снизилась",
        "每百万个令牌的价格是八元",
        "トークンの価格を下げた",
        "토큰 가격이 내려갔다",
        "سعر الرمز انخفض",
        "टोकन की कीमत घट गई",
        "\uff30\uff32\uff29\uff23\uff25 of the resold accounts",
        "pri\u200bce of the resold accounts",
        "\u0440r\u0456\u0441\u0435 of the resold accounts",
        "p r i c e of the resold accounts",
        "p.r.i.c.e. of the resold accounts",
        "pr1c3 of the resold accounts",
        "di\u0301scount for bulk accounts",
        "\U0001d4f9\U0001d4fb\U0001d4f2\U0001d4ec\U0001d4ee of the resold accounts",
        "\u20ac\uff14\uff15\uff10 for ten accounts",
        "their pri-cing page changed",
    ],
    "A2": [
        "this campaign took a tenth of our inference fleet",
        "requests were throttled for lack of H100s",
        "we run 16,000 GPUs in that region",
        "total traffic fell after the block",
        "capacity in eu-west is exhausted until the new data center opens",
        "they make up 3 % of our market share",
        "peak throughput was 90k requests per second",
        "utilisation is at 80 percent at night",
        "monthly active users dropped",
        "the campaign used 2 megawatts",
        "tokens per day doubled",
        "Kapazität und Auslastung sind betroffen",
        "notre part de marché recule",
        "算力不足",
        "доля рынка упала",
        "G P U shortage",
        "c\u0430pacity is short",
        "our headroom is gone",
    ],
    "A3": [
        "they probe the unreleased reasoning model",
        "seen on the preview model codenamed Heron",
        "we launch the next model on 2027-02-01",
        "will be fixed in the next release",
        "the new refusal policy starts in Q1",
        "we plan to loosen the safety threshold for chemistry",
        "release date moved to March 2027",
        "the roadmap has tool use in spring",
        "active until 2026-12-24",
        "general availability is near",
        "we are deprecating the old endpoint",
        "training run seven was copied",
        "next generation agents are targeted",
        "das nächste Modell ist geplant",
        "la feuille de route est connue",
        "下一代模型即将发布",
        "ロードマップが漏れた",
        "ro\u0430dmap was leaked",
        "in 2027 they come back",
        "r o a d m a p",
    ],
    "A4": [
        "they also hit one of our enterprise customers",
        "customer Contoso reported it first",
        "accounts on the max plan only",
        "the client signed a two year contract",
        "account manager of the reseller was told",
        "linked to a master services agreement",
        "three subscribers complained",
        "renewal of the reseller is due",
        "unser Kunde hat den Vertrag gekündigt",
        "le contrat de notre client",
        "客户的合同被取消",
        "顧客の契約",
        "cust0mer of ours",
        "the buyer is known to us",
    ],
    "A8": [
        "prompt reads: You are a careful mathematician",
        "You are an expert. Answer the following question step by step.",
        "the model replied with a full chain of thought",
        "system prompt: respond in JSON",
        "```python\nimport os\n```",
        "<|user|> solve the puzzle <|assistant|>",
        "Human: hi\nAssistant: hello",
        "Translate the text into French and explain how",
        "ignore previous instructions",
        "{{question}} with rubric",
        "Write a poem about rain",
        "你是一个数学专家",
        "x" * 2_500,
    ],
    "A10": [
        "we recommend to block these accounts",
        "members should ban this operator",
        "all of us must refuse service",
        "please block them at once",
        "let us agree to cut off the reseller",
        "boycott this proxy network",
        "jointly raise the bar for resellers",
        "do not serve accounts from this network",
        "blacklist the whole range",
        "everyone else has suspended them",
        "suggest to terminate on sight",
        "a coordinated response is needed",
        "wir empfehlen eine Sperre",
        "nous recommandons de bloquer ensemble",
        "recomendamos bloquear juntos",
        "建议联合封禁",
        "共同で対応を推奨する",
        "рекомендуем бойкот",
        "b0ycott this network",
        "r\u0435comm\u0435nd a ban",
    ],
    "A11": [
        "operated by DeepSeek",
        "the accounts belong to Example Robotics GmbH",
        "tied to Alibaba and its Qwen group",
        "employees of a university laboratory",
        "Moon shot accounts", "M1niMax accounts",
        "由深度求索运营",
        "registered by a holding of Tencent",
    ],
    "A15": [
        "the campaign made 4,321,117 requests",
        "about 24000 accounts",
        "twelve thousand exchanges in one night",
        "seen on 3 March",
        "seen on Dec 24",
        "a fifth of it came from one city",
        "87 per cent of prompts were alike",
        "half of the accounts are aged",
        "our friends in Zurich saw it as well",
        "ask Dana for the details",
        "nothing to see here, move along quietly",
        "Ⅻ accounts", "٤٥ accounts", "accounts \u2460\u2461",
        "the acc\u200bounts match",
        "\uff41\uff43\uff43\uff4f\uff55\uff4e\uff54\uff53 match",
        "アカウントが一致",
        "счета совпадают",
        "accounts match " * 25,
        "accounts match & more",
        "see http://example.org/report",
        "bWFyZ2luIDQwJQ== accounts",
        "twice as many as last week",
        "a number of accounts with the letter Q in front",
        "the spring wave begins soon",
        "volume went from low to very high",
        "the second largest provider saw it",
    ],
    "A16": ["first seen at Northwind Labs", "NORTHWIND-LABS saw it", "n\u043erthwind labs saw it"],
}  # fmt: skip
"""Texts that must not leave as they are, by the rule that is expected to speak."""

STRIPPED = [
    "accounts of alice@example.org match",
    "operator on phone +49 170 1234567",
    "accounts from 203.0.113.77",
    "accounts from 2001:db8:0:0:1:2:3:4",
    "card 4111 1111 1111 1111 used",
    "account acct_17 is part of the campaign",
    "user_9f8e7d6c is part of the campaign",
    "key sk-live_51Habcdef matched",
]
"""Texts with personal data, which is taken out of them."""

PLAIN = [
    "Accounts of campaign-9f3e21ab",
    "Accounts of campaign-cs0056",
    "Matches fingerprints of accounts, and prompts of one template.",
    "Accounts that act together to extract capabilities of a model.",
    "Proxy network of campaign-0a1b2c3d",
    "Matches places in the network that accounts of the campaign came from.",
    "The same template in many accounts (PHX-D001)",
    "Failover from refused accounts to others within minutes",
    "First seen 2026-11-02, last seen 2026-11-20",
    "Residential proxies; disposable email domains; shared payment cards",
    "Technique AML.T0024.002, grade A",
    "Shifts of working hours, weekend included: no",
    "Accounts rotate addresses after every session",
    "Sketches of templates for coding and reasoning",
    "False positive: students of one class",
]
"""Texts that may leave."""


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
    yield from _patterns(by)
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


def _patterns(by: Authorship) -> Iterator[tuple[str, str, Object]]:
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
        yield f"pattern {place}", rule_id, rule_of(by, pattern=pattern)
    yield "address for a month", "A9", rule_of(by, pattern="[ipv4-addr:value = '192.0.2.1']")
    far = "2028-01-01T00:00:00.000Z"
    yield "fingerprint for years", "A9", rule_of(by, valid_until=far)
    endless = rule_of(by)
    del endless["valid_until"]
    yield "rule for ever", "A9", endless


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
    yield "author in clear", "A16", rule_of(by, created_by_ref="identity--" + str(uuid.uuid4()))
    yield (
        "seen elsewhere",
        "A16",
        {**seen, "where_sighted_refs": ["identity--" + str(uuid.uuid4())]},
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

"""A realistic scan to render: three campaigns and everything beside them.

Two weeks, about 5,000 accounts. The numbers are drawn from one seeded generator, so golden
files stay the same. After an intended change of an output, write them again with

    WRITE_GOLDEN=1 .venv/bin/python -m pytest tests/formats -k golden

and read the difference before committing it.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pytest

from phalanx.detect.config import SettingsFile
from phalanx.detect.result import Population, RunRecord, ScanResult, SignalState
from phalanx.model import (
    Action,
    Attribution,
    AuthorisedGroup,
    Campaign,
    CampaignMarks,
    Evidence,
    GroupFacts,
    Harm,
    Hypothesis,
    Judgement,
    LinkedValue,
    MeasuredFeature,
    Member,
    MixedAccount,
    NotJudged,
    ProfileComparison,
    ProfileSource,
    RelatedGroup,
    RoleEvidence,
    SuspiciousParty,
    TraitComparison,
    UndeclaredPool,
)

FIRST_DAY = date(2026, 3, 2)
DAYS = 14
HOSTILE = (
    "</script><script>document.documentElement.dataset.broken=1</script>"
    "<img src=x onerror=document.documentElement.dataset.broken=1>"
    "</noscript></style>\u2028\u2029\"'`{{7*7}}<!--\x07\x1b[31m\u202e\x9b\\"
)
"""What a sender of logs may put wherever text is kept."""

RULES = {
    "PHX-D001": ("Shared template", "template", "software"),
    "PHX-D002": ("Shared payment", "payment", "identity"),
    "PHX-D003": ("Shared network address", "address", "network"),
    "PHX-D004": ("Shared TLS fingerprint", "tls", "software"),
    "PHX-D005": ("Shared e-mail pattern", "email", "identity"),
    "PHX-D006": ("Shared parameter signature", "parameters", "software"),
    "PHX-D007": ("Birth burst", "birth", "birth"),
    "PHX-D008": ("Synchronised activity", "synchrony", "timing"),
}


@dataclass(frozen=True)
class Sketch:
    """What is said about one group before its details are drawn."""

    group_id: str
    accounts: int
    first: int
    """Index of its first day."""
    formed: int
    discovered: int | None
    daily: int
    """Exchanges per account and day."""
    apart: float
    honest: float
    capabilities: dict[str, float]
    models: tuple[str, ...]
    rules: tuple[str, ...]
    templates: tuple[str, ...] = field(default=())


CAMPAIGNS = (
    Sketch(
        "campaign-7f3a19c2", 48, 1, 4, 6, 22, 31.4, 14.2,
        {"reasoning": 0.81, "grading": 0.34, "multilingual": 0.22},
        ("atlas-3-pro", "atlas-3-mini"),
        ("PHX-D001", "PHX-D006", "PHX-D004", "PHX-D003", "PHX-D008"),
        (
            "Solve the problem below. Think aloud, number every step. Problem: <QUOTED>",
            "You are grading two answers to <QUOTED>. Give marks from <NUM> to <NUM>.",
        ),
    ),
    Sketch(
        "campaign-c05d8811", 23, 3, 6, 8, 31, 9.7, 12.9,
        {"coding": 0.74, "tool use": 0.41},
        ("atlas-3-pro",),
        ("PHX-D002", "PHX-D005", "PHX-D007", "PHX-D006"),
        ("Rewrite this function so that it handles <NUM> cases and explain the diff: <CODE>",),
    ),
    Sketch(
        "campaign-1be6f04d", 12, 5, 9, 12, 40, 6.3, 7.1,
        {"rewriting": 0.66, "multilingual": 0.58},
        ("atlas-3-mini", "atlas-2"),
        ("PHX-D003", "PHX-D008", "PHX-D001"),
        ("请将下面的段落改写为中立的语气 <QUOTED>",),
    ),
)  # fmt: skip
AUTHORISED = Sketch(
    "group-e7a1", 8, 0, 3, 5, 55, 18.8, 9.9, {"reasoning": 0.9, "grading": 0.1},
    ("atlas-3-pro",), ("PHX-D001", "PHX-D003"), ("Question <NUM> of the suite: <QUOTED>",),
)  # fmt: skip
POOL = Sketch(
    "group-44b0", 9, 2, 5, None, 12, 11.6, 0.3, {"chat": 0.7, "coding": 0.25},
    ("atlas-3-mini",), ("PHX-D002", "PHX-D003"),
)  # fmt: skip
PARTY = Sketch(
    "party-9d21", 3, 0, 4, None, 60, 0.0, 8.4, {"reasoning": 0.77}, ("atlas-3-pro",), ("PHX-D001",)
)


def evidence_of(sketch: Sketch, draw: random.Random, text: str = "") -> tuple[Evidence, ...]:
    """Draw one line of evidence per rule of a group, and one against honest use."""
    share = sketch.apart / len(sketch.rules)
    lines = [
        Evidence(
            rule_id=rule,
            name=RULES[rule][0],
            family=RULES[rule][1],
            null_hypothesis="These parties are operated apart: they meet on a value no more "
            "often than other parties of the same day, country and volume do.",
            observation=text
            or f"{draw.randint(2, sketch.accounts)} of {sketch.accounts} parties meet on one "
            f"value that {draw.randint(0, 3)} parties outside the group carry.",
            log10_e=round(share * (1.6 - 0.3 * place), 2),
            reachable_log10_e=None,
            sample_size=sketch.accounts,
            reference_size=draw.randint(3800, 4700),
            method="draws from one urn, mixture over common operators, version 1",
            assumptions=("Parties of one day, country and volume are exchangeable.",),
            decisive=place < 3,
        )
        for place, rule in enumerate(sketch.rules)
    ]
    lines.append(
        Evidence(
            rule_id="PHX-D020",
            name="Unlike honest use",
            family="use",
            null_hypothesis="This operator uses the model as honest operators of like volume do.",
            observation="Coverage of new prompts grows by 94 per 100 exchanges (median of the "
            "reference: 31); 3 % of answers lead to a further turn (median: 46 %).",
            log10_e=sketch.honest,
            reachable_log10_e=sketch.honest + 2.1,
            sample_size=sketch.accounts,
            reference_size=4312,
            method="conformal e-value against parties of like volume, version 1",
            assumptions=(
                "The reference holds no more unlike use than the cohort at large.",
                "Days are conditionally exchangeable given the past.",
            ),
            decisive=True,
        )
    )
    return tuple(sorted(lines, key=lambda line: -line.log10_e))


MARKED = 12
"""Accounts of the campaign that another provider's list marks in part."""


def marks_on(sketch: Sketch, text: str) -> tuple[CampaignMarks, ...]:
    """Return marks on the third campaign, on every third account of it; on no other."""
    if sketch.accounts != MARKED:
        return ()
    return (
        CampaignMarks(
            campaign=text or "campaign--1f0c6e0a-3f5a-4f0e-9a3e-2f6d1f9b7c11",
            accounts=4,
            kinds={"email": 3, "payment": 2},
            accounts_of_log=5,
        ),
    )


def facts_of(sketch: Sketch, draw: random.Random, text: str = "") -> GroupFacts:
    """Draw the members of a group and add up what they did."""
    marks = marks_on(sketch, text)
    start = datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(days=sketch.first)
    members = []
    for place in range(sketch.accounts):
        exchanges = max(
            1, round(draw.gauss(sketch.daily, sketch.daily / 5) * (DAYS - sketch.first))
        )
        members.append(
            Member(
                account_id=f"acc_{draw.getrandbits(64):016x}",
                party_id=f"{sketch.group_id}-party-{place:03d}",
                role="harvester" if place % 9 else ("mixed" if place % 2 else "dormant"),
                confidence=round(1.0 - 0.4 * (place / sketch.accounts) ** 2, 3),
                first_seen=start + timedelta(minutes=draw.randint(0, 900)),
                last_seen=start
                + timedelta(days=DAYS - sketch.first - 1, minutes=draw.randint(0, 999)),
                exchanges=exchanges,
                input_tokens=exchanges * draw.randint(180, 420),
                output_tokens=exchanges * draw.randint(700, 1600),
                marks=tuple(each.campaign for each in marks) if place % 3 == 0 else (),
            )
        )
    total = sum(member.exchanges for member in members)
    weights = [0] * sketch.first + [draw.randint(7, 13) for _ in range(DAYS - sketch.first)]
    daily = {
        FIRST_DAY + timedelta(days=index): total * weight // sum(weights)
        for index, weight in enumerate(weights)
        if weight
    }
    daily[max(daily)] += total - sum(daily.values())
    parts = [total * 7 // 10, total - total * 7 // 10] if len(sketch.models) > 1 else [total]
    return GroupFacts(
        members=tuple(members),
        parties=sketch.accounts,
        first_seen=min(member.first_seen for member in members),
        last_seen=max(member.last_seen for member in members),
        exchanges=total,
        input_tokens=sum(member.input_tokens for member in members),
        output_tokens=sum(member.output_tokens for member in members),
        models=dict(zip(sketch.models, parts, strict=True)),
        capabilities=sketch.capabilities,
        daily_exchanges=daily,
        templates=sketch.templates,
        marks=marks,
    )


def noon_of(day: int) -> datetime:
    """Return the middle of a day of the log."""
    return datetime.combine(FIRST_DAY, time(12), UTC) + timedelta(days=day)


def comparison_of(text: str) -> ProfileComparison:
    """Compare a known actor with a group that it matches at grade B."""
    seen = TraitComparison(
        family="email", source="identity", status="seen",
        reason=text or "94% of what members share here is in the profile; 0 of 4,312 unrelated "
        "operators show it",
        probability_if_actor=0.5, probability_if_unrelated=0.00046, log10_likelihood_ratio=3.03,
    )  # fmt: skip
    return ProfileComparison(
        name=text or "North Lab",
        aliases=(text or "NL-7",),
        role="operator",
        sources=(
            ProfileSource(
                title=text or "Report on North Lab", date=date(2026, 2, 12),
                url="https://example.org/north",
            ),
        ),
        traits=(
            replace(seen, family="template", source="software", log10_likelihood_ratio=3.21),
            seen,
            TraitComparison(
                family="payment", source="identity", status="not evaluable",
                reason=text or "its hashes were made under another key",
                probability_if_actor=0.5, probability_if_unrelated=None,
                log10_likelihood_ratio=0.0,
            ),
        ),
        log10_likelihood_ratio=6.24,
        log10_without_strongest=3.03,
        strongest_source="software",
        log10_comparisons=0.9,
        grade="B",
        reason="without its strongest source the corrected ratio is 10^2.1",
    )  # fmt: skip


def attribution_of(sketch: Sketch, text: str = "") -> Attribution:
    """Attribute a group: the largest campaign is named, of the others the kind is known."""
    match = comparison_of(text)
    is_named = sketch.accounts == 48
    if not is_named:
        match = replace(match, grade="D", log10_likelihood_ratio=-0.6, log10_without_strongest=-0.3)
    kind = "distiller" if sketch.honest > 3.0 else "reseller"
    shares = {
        each: 0.936 if each == kind else 0.016
        for each in ("distiller", "reseller", "evaluation farm", "hobbyist pool", "organisation")
    }
    accounts = tuple(f"acc_{place:016x}" for place in range(9))
    return Attribution(
        grade="B" if is_named else "D",
        reason=text or ("North Lab matches" if is_named else f"kind of operator: {kind} at 94%"),
        named=match.name if is_named else None,
        roles=(
            RoleEvidence(
                role="operator",
                accounts=accounts,
                values=(
                    LinkedValue(
                        family="template", value=text or "Explain \u2026 step by step.",
                        hash="00000000000000ab", accounts=9, outsiders=0, log10_p=-31.2,
                    ),
                    LinkedValue(
                        family="parameters", value="00000000000000cd", hash="00000000000000cd",
                        accounts=8, outsiders=1, log10_p=-12.5,
                    ),
                ),
                linked_values=2,
            ),
            RoleEvidence(
                role="network",
                accounts=accounts[:5],
                values=(
                    LinkedValue(
                        family="email", value=text or "mail_5eed", hash="00000000000000ef",
                        accounts=5, outsiders=7, log10_p=-6.1,
                    ),
                ),
                linked_values=1,
            ),
        ),
        related=(
            RelatedGroup(group_id=text or "campaign-e081", content_values=0, network_values=2),
        ),
        hypotheses=tuple(
            Hypothesis(kind=each, prior=0.2, log10_likelihood=-3.4, probability=shares[each])  # type: ignore[arg-type] # the kinds
            for each in sorted(shares, key=lambda name: -shares[name])
        ),
        features=(
            MeasuredFeature(
                name="elicitation", value=0.21, interval="0.03 and more",
                log10_likelihoods={each: -0.3 if each == kind else -1.7 for each in shares},
            ),
            MeasuredFeature(
                name="weekend", value=None, interval="not measured", log10_likelihoods={}
            ),
        ),
        tempering=0.5,
        contamination=0.02,
        hours_of_week=(0.0,) * 160 + (0.125,) * 8,
        profiles=(match,),
    )  # fmt: skip


def judgement_of(sketch: Sketch, draw: random.Random, text: str = "") -> Judgement:
    """Judge a group as its sketch says."""
    return Judgement(
        log10_e=min(sketch.apart, sketch.honest),
        log10_e_apart=sketch.apart,
        log10_e_honest=sketch.honest,
        threshold_log10_e=3.1,
        formed_at=noon_of(sketch.formed),
        discovered_at=None if sketch.discovered is None else noon_of(sketch.discovered),
        served_before_discovery=None if sketch.discovered is None else 40 * sketch.accounts,
        evidence=evidence_of(sketch, draw, text),
        threshold_without_marks_log10_e=4.4 if sketch.accounts == MARKED else None,
        attribution=None if sketch is PARTY else attribution_of(sketch, text),
    )


def campaign_of(sketch: Sketch, draw: random.Random, text: str = "") -> Campaign:
    """Draw a campaign with its harm and the steps that it supports."""
    facts = facts_of(sketch, draw, text)
    return Campaign(
        campaign_id=sketch.group_id,
        facts=facts,
        judgement=judgement_of(sketch, draw, text),
        harm=Harm(
            output_tokens=facts.output_tokens,
            estimated_cost_usd=round(
                (3 * facts.input_tokens + 15 * facts.output_tokens) / 1e6, 2
            ),
            share_of_known_sets={
                "Alpaca (52 k)": round(facts.exchanges / 52_002, 4),
                "OpenThoughts (114 k)": round(facts.exchanges / 113_957, 4),
            },
        ),
        actions=(
            Action(
                kind="verify", accounts=sketch.accounts // 3,
                reason="Below 0.9 confidence: ask who they are before anything is taken away.",
            ),
            Action(
                kind="mark", accounts=sketch.accounts,
                reason="Marks what is still served; costs an honest customer nothing.",
            ),
            Action(
                kind="suspend", accounts=sketch.accounts // 2,
                reason="At least 0.99 confidence and nearly all use is harvest.",
            ),
        ),
        grants=(text or "grant-2026-research-4",) if sketch.accounts == 12 else (),
        granted_accounts=2 if sketch.accounts == 12 else 0,
    )  # fmt: skip


def links_of(groups: list[tuple[str, GroupFacts, Sketch]], draw: random.Random) -> pa.Table:
    """Draw star links: accounts that share a value each join the first that carries it."""
    rows: dict[str, list[object]] = {
        name: []
        for name in (
            "a", "b", "group_id", "family", "rule_id", "value", "sharing_parties",
            "log_likelihood_ratio",
        )
    }  # fmt: skip
    for group_id, facts, sketch in groups:
        accounts = [member.account_id for member in facts.members]
        for rule in sketch.rules:
            for value in range(1 + len(accounts) // 12):
                sharing = draw.sample(accounts, k=min(len(accounts), draw.randint(2, 11)))
                for other in sharing[1:]:
                    cells = (
                        sharing[0], other, group_id, RULES[rule][0], rule,
                        f"{rule[-4:].lower()}-{value}", len(sharing), round(draw.uniform(2, 9), 3),
                    )  # fmt: skip
                    for name, cell in zip(rows, cells, strict=True):
                        rows[name].append(cell)
    return pa.table(rows, schema=LINK_SCHEMA)


LINK_SCHEMA = pa.schema(
    [
        ("a", pa.string()),
        ("b", pa.string()),
        ("group_id", pa.string()),
        ("family", pa.string()),
        ("rule_id", pa.string()),
        ("value", pa.string()),
        ("sharing_parties", pa.int64()),
        ("log_likelihood_ratio", pa.float64()),
    ]
)


def scan_of(sketches: tuple[Sketch, ...], *, seed: int = 7, text: str = "") -> ScanResult:
    """Draw a whole scan with the given campaigns; `text` replaces every free text."""
    draw = random.Random(seed)
    campaigns = tuple(campaign_of(sketch, draw, text) for sketch in sketches)
    authorised = AuthorisedGroup(
        group_id=AUTHORISED.group_id,
        facts=facts_of(AUTHORISED, draw),
        judgement=judgement_of(AUTHORISED, draw, text),
        grant_ids=(text or "grant-2026-evaluation-17",),
    )
    pool = UndeclaredPool(
        group_id=POOL.group_id, facts=facts_of(POOL, draw), judgement=judgement_of(POOL, draw, text)
    )
    party = SuspiciousParty(
        party_id=PARTY.group_id,
        facts=facts_of(PARTY, draw),
        judgement=judgement_of(PARTY, draw, text),
    )
    groups = [
        (campaign.campaign_id, campaign.facts, sketch)
        for campaign, sketch in zip(campaigns, sketches, strict=True)
    ]
    groups += [
        (pool.group_id, pool.facts, POOL),
        (authorised.group_id, authorised.facts, AUTHORISED),
    ]
    daily = [FIRST_DAY + timedelta(days=index) for index in range(DAYS)]
    volume = [round(21_000 + 4_000 * draw.random() - 6_000 * (day.weekday() > 4)) for day in daily]
    taken = [sum(item.facts.daily_exchanges.get(day, 0) for item in campaigns) for day in daily]
    members = [(group, member) for group, facts, _ in groups for member in facts.members]
    midnight = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)
    mixed = members[-1][1]
    return ScanResult(
        mixed_accounts=(
            MixedAccount(
                account_id=mixed.account_id + (text or ""), party_id=mixed.party_id + (text or ""),
                group_id=members[-1][0], exchanges=2_310, principals=23.6, p_value=1 / 684,
                reference_size=683,
            ),
        ),
        campaigns=campaigns,
        authorised=(authorised,),
        undeclared_pools=(pool,),
        suspicious_parties=(party,),
        not_judged=(
            NotJudged(
                group_id="group-a7c3",
                accounts=tuple(f"acc_{draw.getrandbits(64):016x}" for _ in range(6)),
                reason=text
                or "Reference too small: 38 parties of like volume allow at most 10^1.6, and "
                "the list needs 10^3.1.",
                reachable_log10_e=1.59,
                log10_e_apart=4.2,
                log10_e_honest=1.2,
            ),
            NotJudged(
                group_id="group-d801",
                accounts=tuple(f"acc_{draw.getrandbits(64):016x}" for _ in range(5)),
                reason="Formed on the last day: no day is left on which it could be tested.",
                reachable_log10_e=0.0,
                log10_e_apart=0.0,
                log10_e_honest=0.0,
                apart_examined=False,
                use_examined=False,
            ),
        ),
        false_discovery_rate=0.01,
        population=Population(
            exchanges=sum(volume) + sum(taken),
            accounts=5_127,
            parties=4_806,
            rejected_rows=214,
            days=DAYS,
            step_ends=tuple(midnight + timedelta(hours=6 * (step + 1)) for step in range(4 * DAYS)),
            groups_opened=37,
            reference_parties=4_312,
            reachable_log10_e=3.63,
            first_exchange=midnight + timedelta(minutes=2),
            last_exchange=midnight + timedelta(days=DAYS) - timedelta(minutes=1),
        ),
        signals=(
            *(
                SignalState(rule_id=rule, name=name, enabled=True, reason="")
                for rule, (name, _, _) in RULES.items()
            ),
            SignalState(
                rule_id="PHX-D011", name="Failover continuation", enabled=False,
                reason=text or "column status is missing",
            ),
        ),
        run=RunRecord(
            phalanx_version="0.1.0",
            versions={"duckdb": "2.0.0", "numpy": "2.4.6", "pyarrow": "26.0.1"},
            engine="duckdb",
            parameters={
                "false_discovery_rate": 0.01,
                "min_group_parties": 5,
                "seed": 0,
                "trusted": frozenset({"org-b", "org-a"}),
                "pseudonym_key": b"never-written",
            },
            started_at=midnight + timedelta(days=DAYS, hours=6),
            stage_seconds={"read": 3.2, "narrow": 1.1, "sketch": 4.0, "test": 2.5},
            inputs={text or "logs/march.parquet": "9f" * 32},
            columns=("client_ip", "organisation", "payment_fingerprint", "tls_fingerprint"),
            rejects={text or "timestamp without zone": 200, "prompt is empty": 14},
            key_id="k-2026-03",
            readers={text or "logs/march.parquet": "native"},
            files=(SettingsFile(role="grants", path=text or "grants.toml", sha256="3c" * 32),),
            prices_usd_per_million_tokens={"*": (3.0, 15.0)},
            default_prices=True,
            notes={
                text or "timestamp without zone, taken as UTC": 1_204,
                text + "logs/march.jsonl.gz: the compressed data end early; "
                "what came before was read": 1,
            },
            warnings=(
                text + "logs/march.jsonl.gz: the compressed data end early; "
                "what came before was read",
            ),
        ),
        accounts=pa.table(
            {
                "account_id": [member.account_id for _, member in members],
                "group_id": [group for group, _ in members],
                "confidence": [member.confidence for _, member in members],
            }
        ),
        links=links_of(groups, draw),
        daily=pa.table(
            {
                "day": pa.array(daily, pa.date32()),
                "exchanges": [a + b for a, b in zip(volume, taken, strict=True)],
                "accounts": [3_000 + index for index in range(DAYS)],
                "campaign_exchanges": taken,
            }
        ),
    )  # fmt: skip


@pytest.fixture(scope="session")
def result() -> ScanResult:
    """Return the scan that golden files show."""
    return scan_of(CAMPAIGNS)


@pytest.fixture(scope="session")
def large_result() -> ScanResult:
    """Return a scan with 20 campaigns of 300 accounts."""
    return scan_of(
        tuple(
            replace(CAMPAIGNS[index % 3], group_id=f"campaign-{index:08x}", accounts=300)
            for index in range(20)
        )
    )


@pytest.fixture(scope="session")
def hostile_result() -> ScanResult:
    """Return a scan in which every free text is an attack on its reader."""
    return scan_of(
        tuple(
            replace(
                sketch,
                group_id=f"{sketch.group_id}{HOSTILE}",
                templates=(HOSTILE,),
                capabilities={HOSTILE: 0.5},
                models=(HOSTILE,),
            )
            for sketch in CAMPAIGNS
        ),
        text=HOSTILE,
    )


@pytest.fixture(scope="session")
def hostile_text() -> str:
    """Return the text that stands everywhere in `hostile_result`."""
    return HOSTILE


@pytest.fixture(scope="session")
def empty_result(result: ScanResult) -> ScanResult:
    """Return the scan of a log that holds nothing: no day, no account, no finding."""
    return replace(
        result,
        campaigns=(),
        authorised=(),
        undeclared_pools=(),
        suspicious_parties=(),
        not_judged=(),
        population=Population(
            exchanges=0, accounts=0, parties=0, rejected_rows=0, days=0, step_ends=(),
            groups_opened=0, reference_parties=0, reachable_log10_e=0.0,
            first_exchange=None, last_exchange=None,
        ),
        accounts=result.accounts.slice(0, 0),
        links=result.links.slice(0, 0),
        daily=result.daily.slice(0, 0),
    )  # fmt: skip


@pytest.fixture(scope="session")
def violations() -> Callable[[object, object], list[str]]:
    """Return a check of a document against a JSON Schema, which gives what is wrong with it."""
    # Imported by name because the library ships no types.
    library = importlib.import_module("jsonschema")

    def check(document: object, schema: object) -> list[str]:
        found = library.Draft202012Validator(schema).iter_errors(document)
        return [f"{error.json_path}: {error.message}" for error in found]

    return check

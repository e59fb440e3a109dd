"""How each traffic class behaves: volume, rhythm, turns, clients, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Rhythm = Literal["evening", "office", "nightly", "continuous", "lesson"]
Wording = Literal["exchange", "account", "public"]

RHYTHMS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "evening": (2, 1, 1, 1, 1, 1, 2, 4, 5, 6, 6, 6, 7, 6, 6, 6, 7, 8, 9, 10, 11, 10, 7, 4),
        "office": (
            1,
            1,
            1,
            1,
            1,
            1,
            2,
            7,
            18,
            24,
            26,
            24,
            18,
            22,
            26,
            24,
            22,
            15,
            9,
            7,
            5,
            4,
            3,
            2,
        ),
        "nightly": (6, 9, 10, 8, 5, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5),
        "continuous": (5, 5, 4, 4, 4, 5, 5, 6, 7, 8, 8, 8, 8, 8, 8, 8, 8, 8, 7, 7, 7, 6, 6, 5),
        "lesson": (0, 0, 0, 0, 0, 0, 0, 0, 8, 10, 10, 9, 3, 8, 8, 4, 0, 0, 0, 0, 0, 0, 0, 0),
    }
)
"""Rhythm -> weight of each local hour."""

WEEKEND_SHARE: Mapping[str, float] = MappingProxyType(
    {"evening": 1.1, "office": 0.15, "nightly": 0.9, "continuous": 0.8, "lesson": 0.0}
)
"""Rhythm -> volume of a weekend day, of a working day's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficProfile:
    """Behaviour of one honest class."""

    kinds: tuple[str, ...]
    """Kinds of skeletons that it draws from."""

    wording: Wording
    """Who words the prompts: each exchange, one template of the account, or the public."""

    exchanges_per_active_day: float
    """Median over accounts."""

    spread: float
    """Standard deviation of the logarithm of the volume."""

    active_day_share: float
    """Mean share of days with any traffic."""

    session_exchanges: float
    """Mean number of exchanges in one sitting or run."""

    gap_seconds: float
    """Mean gap between the exchanges of a session."""

    rhythm: Rhythm
    """Hours of the day."""

    turns: tuple[int, ...] = (1,)
    """Lengths of its conversations, drawn evenly; `(1,)` for single prompts."""

    programmatic: float = 1.0
    """Probability that the client is a program in a data centre."""

    system: Literal["none", "public", "private"] = "none"
    """Whose system prompt it sends, if any."""

    output_tokens: float = 250.0
    """Median length of its responses."""

    output_spread: float = 0.8
    """Standard deviation of the logarithm of that length."""

    tools: bool = False
    """Whether its requests declare tools."""


PROFILES: Mapping[str, TrafficProfile] = MappingProxyType(
    {
        "chat": TrafficProfile(
            kinds=("chat",),
            wording="exchange",
            exchanges_per_active_day=3.2,
            spread=0.9,
            active_day_share=0.35,
            session_exchanges=3.5,
            gap_seconds=110,
            rhythm="evening",
            turns=(1, 1, 2, 3, 4, 6),
            programmatic=0.08,
        ),
        "coding": TrafficProfile(
            kinds=("coding",),
            wording="exchange",
            exchanges_per_active_day=5.5,
            spread=0.9,
            active_day_share=0.45,
            session_exchanges=5.0,
            gap_seconds=150,
            rhythm="office",
            turns=(1, 2, 3, 5),
            programmatic=0.3,
            output_tokens=420,
        ),
        "rag": TrafficProfile(
            kinds=("rag",),
            wording="account",
            exchanges_per_active_day=8.0,
            spread=1.1,
            active_day_share=0.65,
            session_exchanges=1.6,
            gap_seconds=60,
            rhythm="office",
            system="private",
            output_tokens=170,
        ),
        "classification": TrafficProfile(
            kinds=("classification",),
            wording="account",
            exchanges_per_active_day=10.5,
            spread=1.2,
            active_day_share=0.55,
            session_exchanges=14.0,
            gap_seconds=3,
            rhythm="nightly",
            system="private",
            output_tokens=14,
            output_spread=0.9,
        ),
        "translation": TrafficProfile(
            kinds=("translation",),
            wording="account",
            exchanges_per_active_day=8.0,
            spread=1.1,
            active_day_share=0.5,
            session_exchanges=6.0,
            gap_seconds=12,
            rhythm="office",
            programmatic=0.75,
            system="private",
            output_tokens=130,
            output_spread=0.6,
        ),
        "evaluation": TrafficProfile(
            kinds=(
                "evaluation_math",
                "evaluation_choice",
                "evaluation_code",
                "evaluation_judge",
                "evaluation_reading",
            ),
            wording="public",
            exchanges_per_active_day=55.0,
            spread=0.7,
            active_day_share=0.2,
            session_exchanges=60.0,
            gap_seconds=2,
            rhythm="continuous",
            output_tokens=180,
            output_spread=1.0,
        ),
        "ci_review": TrafficProfile(
            kinds=("ci_review",),
            wording="account",
            exchanges_per_active_day=10.0,
            spread=1.0,
            active_day_share=0.6,
            session_exchanges=4.0,
            gap_seconds=25,
            rhythm="office",
            system="private",
            output_tokens=380,
            output_spread=0.7,
        ),
        "agent": TrafficProfile(
            kinds=("agent",),
            wording="exchange",
            exchanges_per_active_day=15.0,
            spread=1.0,
            active_day_share=0.45,
            session_exchanges=18.0,
            gap_seconds=8,
            rhythm="office",
            turns=(4, 5, 6, 8, 10),
            programmatic=0.6,
            system="public",
            output_tokens=120,
            output_spread=0.7,
            tools=True,
        ),
        "classroom": TrafficProfile(
            kinds=("classroom",),
            wording="exchange",
            exchanges_per_active_day=5.0,
            spread=0.5,
            active_day_share=0.8,
            session_exchanges=5.0,
            gap_seconds=140,
            rhythm="lesson",
            turns=(1, 1, 2, 3),
            programmatic=0.0,
            output_tokens=220,
        ),
        "reseller": TrafficProfile(
            kinds=("chat", "coding", "translation", "classification", "rag"),
            wording="exchange",
            exchanges_per_active_day=130.0,
            spread=0.6,
            active_day_share=1.0,
            session_exchanges=1.3,
            gap_seconds=40,
            rhythm="continuous",
            output_tokens=260,
            output_spread=1.0,
        ),
        "framework": TrafficProfile(
            kinds=("framework",),
            wording="public",
            exchanges_per_active_day=4.5,
            spread=1.0,
            active_day_share=0.35,
            session_exchanges=3.0,
            gap_seconds=70,
            rhythm="office",
            programmatic=0.7,
            system="public",
            output_tokens=160,
        ),
    }
)
"""Honest class -> behaviour; `organisation` takes that of what its accounts do."""

ORGANISATION_KINDS = ("rag", "classification", "coding", "ci_review", "agent", "translation")
"""What the accounts of declared organisations do."""

SOLITARY_CLASSES = tuple(name for name in PROFILES if name not in {"classroom", "reseller"})
"""Classes whose accounts stand alone; a campaign's accounts pose as these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackProfile:
    """What one attack class asks for."""

    turns: tuple[int, ...]
    """Lengths of its conversations."""

    output_tokens: float
    """Median length of the responses."""

    output_spread: float
    """Standard deviation of the logarithm of that length."""


ATTACK_PROFILES: Mapping[str, AttackProfile] = MappingProxyType(
    {
        "self_instruct": AttackProfile(turns=(1,), output_tokens=480, output_spread=0.6),
        "evolved": AttackProfile(turns=(1,), output_tokens=380, output_spread=0.6),
        "reasoning": AttackProfile(turns=(1,), output_tokens=720, output_spread=0.7),
        "rubric": AttackProfile(turns=(1,), output_tokens=230, output_spread=0.5),
        "tool_use": AttackProfile(turns=(3, 4, 5, 6), output_tokens=190, output_spread=0.7),
        "rewriting": AttackProfile(turns=(1,), output_tokens=330, output_spread=0.6),
    }
)
"""Attack class -> behaviour."""

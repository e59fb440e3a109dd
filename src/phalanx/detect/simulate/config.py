"""What to simulate: the population, the campaigns in it, and how well they hide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

Evasion = Literal["E0", "E1", "E2", "E3", "E4", "E5", "E6"]
"""Rungs of the evasion ladder; each keeps what the rungs below it do.

- `E0` naive: shared cards, a few hosting subnets, one scheduler, one pipeline.
- `E1` residential addresses.
- `E2` a payment for each account.
- `E3` jitter: every account keeps hours of its own.
- `E4` paraphrase: templates are reworded for every exchange.
- `E5` 95 % of each account's exchanges are cover traffic; its volume stays the same.
- `E6` everything: births, parameters, clients, e-mail domains and volumes are spread too.
"""

BENIGN_CLASSES = (
    "chat",
    "coding",
    "rag",
    "classification",
    "translation",
    "evaluation",
    "ci_review",
    "agent",
    "classroom",
    "reseller",
    "organisation",
    "framework",
)
"""Honest traffic classes."""

ATTACK_CLASSES = (
    "self_instruct",
    "evolved",
    "reasoning",
    "rubric",
    "tool_use",
    "rewriting",
)
"""Traffic classes of campaigns."""

DEFAULT_BENIGN_MIX: Mapping[str, float] = MappingProxyType(
    {
        "chat": 0.34,
        "coding": 0.155,
        "rag": 0.075,
        "classification": 0.06,
        "translation": 0.05,
        "evaluation": 0.03,
        "ci_review": 0.03,
        "agent": 0.06,
        "classroom": 0.05,
        "reseller": 0.004,
        "organisation": 0.076,
        "framework": 0.07,
    }
)
"""Share of the honest accounts in each class."""

_MOST_ACCOUNTS = 2_000_000
_MOST_DAYS = 366


def _check_evasion(evasion: str | None) -> None:
    if evasion is not None and evasion not in get_args(Evasion):
        message = f"evasion must be one of E0 to E6, not {evasion!r}"
        raise ValueError(message)


def _check_range(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        message = f"{name} must lie in [{least}, {most}], not {value}"
        raise ValueError(message)


def _check_corpora(corpora: Mapping[str, Path]) -> None:
    allowed = (set(BENIGN_CLASSES) | set(ATTACK_CLASSES) | {"passage"}) - {"organisation"}
    unknown = sorted(set(corpora) - allowed)
    if unknown:
        message = f"prompt_corpora names unknown classes {unknown}; known: {sorted(allowed)}"
        raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlan:
    """One campaign to plant.

    Raises:
        ValueError: If a number lies outside its range or the class is unknown.

    Examples:
        >>> CampaignPlan(name="north", accounts=80, attack_class="reasoning").accounts
        80
    """

    name: str
    """Label of the campaign."""

    accounts: int
    """Accounts that take part, at least 1."""

    attack_class: str
    """One of `ATTACK_CLASSES`."""

    exchanges_per_account_per_day: float = 26.0
    """Mean volume of an account, cover traffic included; above 0. At E6 volumes follow
    those of honest accounts instead."""

    evasion: Evasion | None = None
    """Rung of this campaign; null takes the configuration's."""

    def __post_init__(self) -> None:
        """Check ranges once, where the mistake is made."""
        if self.attack_class not in ATTACK_CLASSES:
            known = ", ".join(ATTACK_CLASSES)
            message = f"attack_class must be one of {known}, not {self.attack_class!r}"
            raise ValueError(message)
        if self.accounts < 1:
            message = f"accounts of campaign {self.name!r} must be at least 1, not {self.accounts}"
            raise ValueError(message)
        if not 0.0 < self.exchanges_per_account_per_day <= 100_000:
            message = (
                "exchanges_per_account_per_day must lie in (0, 100000], "
                f"not {self.exchanges_per_account_per_day}"
            )
            raise ValueError(message)
        _check_evasion(self.evasion)


POOL_KINDS = ("reseller", "evaluation", "hobbyist", "organisation", "classroom")
"""Kinds of honest pools that declare nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlan:
    """One honest pool to plant: accounts of one operator that does not say so.

    Raises:
        ValueError: If it has no account or the kind is unknown.
    """

    name: str
    """Name of the pool; its accounts carry the traffic class `pool:` and this name."""

    kind: str
    """One of `POOL_KINDS`."""

    accounts: int
    """Accounts in it, at least 1."""

    def __post_init__(self) -> None:
        """Check ranges once, where the mistake is made."""
        if self.kind not in POOL_KINDS:
            message = f"kind must be one of {', '.join(POOL_KINDS)}, not {self.kind!r}"
            raise ValueError(message)
        if self.accounts < 1:
            message = f"accounts of pool {self.name!r} must be at least 1, not {self.accounts}"
            raise ValueError(message)


DEFAULT_CAMPAIGNS = (
    CampaignPlan(name="campaign-1", accounts=60, attack_class="reasoning"),
    CampaignPlan(name="campaign-2", accounts=110, attack_class="self_instruct"),
    CampaignPlan(name="campaign-3", accounts=220, attack_class="tool_use"),
)
"""Three campaigns of different size and aim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationConfig:
    """Everything that changes what a simulation makes.

    Raises:
        ValueError: If a number lies outside its range or a class is unknown.

    Examples:
        >>> SimulationConfig(benign_accounts=500, days=7, evasion="E3").days
        7
    """

    benign_accounts: int = 4600
    """Honest accounts, in [0, 2000000]."""

    campaigns: tuple[CampaignPlan, ...] = DEFAULT_CAMPAIGNS
    """Campaigns to plant; their names must differ."""

    pools: tuple[PoolPlan, ...] = ()
    """Honest pools to plant beside `benign_accounts`."""

    days: int = 14
    """Length of the log, in [1, 366]."""

    start: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    """First instant of the log, with time zone."""

    seed: int = 0
    """Seed of everything; the same seed makes the same bytes. At least 0."""

    evasion: Evasion = "E2"
    """Rung of the campaigns that name none."""

    benign_mix: Mapping[str, float] = field(default_factory=lambda: DEFAULT_BENIGN_MIX)
    """Honest class -> weight; classes that are left out get no account."""

    prompt_corpora: Mapping[str, Path] = field(default_factory=dict)
    """Traffic class -> Parquet or JSONL file (or folder of such) with a column `prompt`,
    used before the grammar. The key `passage` fills the grammar's passages instead."""

    accounts_per_corpus_prompt: int = 3
    """How often an honest class may deal one prompt of a corpus before it falls back to the
    grammar (`evaluation`, `framework` and attack classes reuse theirs freely), at least 1."""

    release_day: int | None = None
    """Day, from 1, in whose afternoon (UTC) a new model comes out; null for none. Campaigns move
    half of their harvest to it within a day."""

    arrival_trace: Path | None = None
    """Parquet or CSV file with a column `timestamp`, whose gaps (and hours of the day, where
    it covers one) replace the built-in ones."""

    def __post_init__(self) -> None:
        """Check ranges once, where the mistake is made."""
        _check_evasion(self.evasion)
        _check_range("benign_accounts", self.benign_accounts, 0, _MOST_ACCOUNTS)
        _check_range("days", self.days, 1, _MOST_DAYS)
        if self.release_day is not None:
            _check_range("release_day", self.release_day, 1, max(1, self.days - 1))
        _check_range("seed", self.seed, 0, 2**63)
        _check_range("accounts_per_corpus_prompt", self.accounts_per_corpus_prompt, 1, 10**9)
        if self.start.tzinfo is None:
            message = f"start must carry a time zone: {self.start.isoformat()} has none"
            raise ValueError(message)
        if len({plan.name for plan in self.campaigns}) < len(self.campaigns):
            message = "campaigns must have different names"
            raise ValueError(message)
        unknown = set(self.benign_mix) - set(BENIGN_CLASSES)
        if unknown or sum(self.benign_mix.values()) <= 0 or min(self.benign_mix.values()) < 0:
            known = ", ".join(BENIGN_CLASSES)
            message = f"benign_mix must give weights of at least 0 to some of: {known}"
            raise ValueError(message)
        _check_corpora(self.prompt_corpora)

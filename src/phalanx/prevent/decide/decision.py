"""A decision, and all that is needed to explain it later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from phalanx.prevent.policy.stages import Stage

DECISION_SCHEMA_ID: Literal["phalanx.gateway-decision/1"] = "phalanx.gateway-decision/1"
"""Identifier of the form in which decisions are printed."""

ActionWord = Literal["allow", "mark", "slow", "trim", "verify", "block"]
HeldWord = Literal["acts", "watched", "held off by grant"]
FactValue = float | bool | str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A fact that a rule looked at."""

    fact: str
    test: str
    """As the policy says it."""

    value: FactValue
    """That it had; null where it was unknown."""

    holds: bool


@dataclass(frozen=True, slots=True)
class DecisionReason:
    """A rule whose conditions hold, or something about the decision itself."""

    code: str
    """Which `phalanx explain` explains."""

    rule: str | None
    """Of the policy; null for what no rule says."""

    held: HeldWord | None
    """What became of the rule; null for what no rule says."""

    action: ActionWord | None
    """That the rule asks for; null for what no rule says."""

    evidence: tuple[Seen, ...] = ()
    detail: str = ""
    """What else has to be said, such as the names of grants."""


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """A rule with every test of it, whether it holds or not."""

    rule: str
    tests: tuple[Seen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a request gets."""

    exchange_id: str
    action: ActionWord
    """What is done."""

    key_id: str | None
    """Key whose mark the output has to carry; null for none."""

    delay_seconds: float
    drop_logprobs: bool
    summarise_reasoning: bool
    most_output_tokens: int | None
    """Null: as many as were asked for."""

    in_force: ActionWord
    """What would be done if every rule were enforced."""

    reasons: tuple[DecisionReason, ...]
    """In the order of the policy."""

    grants: tuple[str, ...]
    """Grants that cover the request."""

    appeal: str
    """Handle by which whoever was refused can ask why; empty where nothing was done."""

    appeals: str
    """Where to ask."""

    policy: str
    policy_digest: str
    """SHA-256 of the file."""

    stage: Stage
    """Of the policy."""

    decided_at: datetime
    trace: tuple[RuleTrace, ...] = ()
    """All rules; empty unless it was asked for, by `phalanx gateway check`."""

    schema: Literal["phalanx.gateway-decision/1"] = DECISION_SCHEMA_ID
    """Identifier of this form with its major version."""

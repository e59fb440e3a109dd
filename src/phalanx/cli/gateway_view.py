"""Decisions of the gateway, as people and programs read them."""

from __future__ import annotations

import json

from pydantic import TypeAdapter

from phalanx.prevent.decide.decision import Decision, FactValue, Seen
from phalanx.printable import printable, printable_json


def decision_json(decision: Decision) -> str:
    """Return a decision as JSON, by `gateway-decision-1.schema.json`."""
    said = TypeAdapter(Decision).dump_python(decision, mode="json")
    return printable_json(json.dumps(said, indent=2, ensure_ascii=False) + "\n")


def decision_text(decision: Decision) -> str:
    """Return a decision as text: what is done, why, and what every rule looked at."""
    lines = [
        f"{decision.exchange_id}: {_done(decision)}",
        f"by policy {decision.policy} ({decision.policy_digest[:12]}), stage {decision.stage}",
        f"at {decision.decided_at.isoformat()}",
    ]
    if decision.in_force != decision.action:
        lines.append(f"if every rule were enforced: {decision.in_force}")
    if decision.grants:
        lines.append(f"grants: {', '.join(decision.grants)}")
    if decision.appeal:
        lines.append(f"appeal {decision.appeal}: {decision.appeals}")
    held = {each.rule: each for each in decision.reasons if each.rule is not None}
    for rule in decision.trace:
        reason = held.get(rule.rule)
        outcome = (
            "does not hold" if reason is None else f"{reason.code}, {reason.action}: {reason.held}"
        )
        lines += ["", f"{rule.rule}: {outcome}", *(_line(each) for each in rule.tests)]
    own = [each for each in decision.reasons if each.rule is None]
    if own:
        lines += ["", *(f"{each.code}: {each.detail}" for each in own)]
    return printable("\n".join(lines), keep="\n") + "\n"


def _done(decision: Decision) -> str:
    parts: list[str] = [decision.action]
    if decision.key_id is not None:
        parts.append(f"marked with {decision.key_id}")
    if decision.delay_seconds:
        parts.append(f"after {decision.delay_seconds:g} s")
    if decision.drop_logprobs:
        parts.append("without log-probabilities")
    if decision.summarise_reasoning:
        parts.append("reasoning summarised")
    if decision.most_output_tokens is not None:
        parts.append(f"at most {decision.most_output_tokens:,} tokens")
    return ", ".join(parts)


def _line(seen: Seen) -> str:
    sign = "+" if seen.holds else "-"
    return f"  {sign} {seen.test} (it is {_value(seen.value)})"


def _value(value: FactValue) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:,.6g}"
        case tuple():
            return ", ".join(value) or "none"
        case _:
            return repr(value)

"""Replays of the gateway, as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from pydantic import TypeAdapter

from phalanx.prevent.replay.report import ClassTouched, ReplayReport, RuleTouched
from phalanx.printable import printable, printable_json

_WIDEST_NAME = 40


def replay_json(report: ReplayReport) -> str:
    """Return a replay as JSON, by `gateway-replay-1.schema.json`."""
    said = TypeAdapter(ReplayReport).dump_python(report, mode="json")
    return printable_json(json.dumps(said, indent=2, ensure_ascii=False) + "\n")


def replay_text(report: ReplayReport) -> str:
    """Return a replay as text: whom it touches, and by which rules."""
    stage = "every rule enforced" if report.as_enforced else "stages as the policy has them"
    span = f"{report.begins:%Y-%m-%d %H:%M} to {report.ends:%Y-%m-%d %H:%M} UTC"
    lines = [
        f"policy {report.policy} ({report.policy_digest[:12]}), {stage}",
        f"{report.requests:,} requests of {report.accounts:,} accounts, {span}",
        "",
        "Touched if every rule were enforced:",
        *_table(
            ("class", "accounts", "touched", "requests", "touched", "share", "refused"),
            map(_of_class, report.classes),
        ),
        *(
            f"not listed: {count:,} of the kind {kind}, touched less or not at all"
            for kind, count in report.left_out.items()
            if count
        ),
        "",
        "By rule, requests:",
        *_table(
            ("rule", "action", "acts", "watched", "held off", "accounts"),
            map(_of_rule, report.rules),
        ),
        *(line for rule in report.rules for line in _unknown(rule, report.requests)),
    ]
    if report.estimated_tokens:
        count = f"{report.estimated_tokens:,} requests"
        lines += ["", f"output tokens of {count} were estimated from characters"]
    return printable("\n".join(lines), keep="\n") + "\n"


def _of_class(each: ClassTouched) -> tuple[str, ...]:
    name = each.name if each.kind == "standing" else f"{each.kind} {each.name}"
    return (
        name[:_WIDEST_NAME], f"{each.accounts:,}", f"{each.touched_accounts:,}",
        f"{each.requests:,}", f"{each.touched:,}", f"{each.touched / each.requests:.2%}",
        f"{each.refused:,}",
    )  # fmt: skip


def _of_rule(each: RuleTouched) -> tuple[str, ...]:
    return (
        each.rule[:_WIDEST_NAME], each.action, f"{each.acts:,}", f"{each.watched:,}",
        f"{each.held_off:,}", f"{each.accounts:,}",
    )  # fmt: skip


def _unknown(rule: RuleTouched, requests: int) -> Iterable[str]:
    """Say of which requests a rule could not hold, because a fact is unknown."""
    for fact, count in rule.unknown.items():
        if count == requests:
            yield f"{rule.rule}: not evaluable: {fact} is known of no request"
        else:
            yield f"{rule.rule}: {fact} is unknown of {count:,} requests"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return lines with columns under each other: the first to the left, numbers to the right."""
    cells = [tuple(map(printable, row)) for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]

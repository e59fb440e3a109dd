"""The audit log handed out: lines that anybody can verify, a table to read, counts of a quarter."""

from __future__ import annotations

import json
from collections.abc import Iterator

from phalanx.printable import printable
from phalanx.share.gate.audit import Entry


def as_lines(entries: tuple[Entry, ...]) -> Iterator[str]:
    """Yield the log as JSON Lines, each with its hash, so that anybody can verify it."""
    for each in entries:
        yield (
            json.dumps(
                {
                    "number": each.number,
                    "at": each.at.isoformat(),
                    "kind": each.kind,
                    "actor": each.actor,
                    "facts": each.facts,
                    "previous": each.previous,
                    "entry_hash": each.entry_hash,
                },
                sort_keys=True,
            )
            + "\n"
        )


def as_table(entries: tuple[Entry, ...]) -> str:
    """Return the log as a table for people: when, who, what, under which rules, to whom, why."""
    rows: list[tuple[str, ...]] = [
        (
            "no",
            "when (UTC)",
            "who",
            "what",
            "object",
            "rules",
            "policy",
            "basis",
            "recipients",
            "why",
        )
    ]
    rows += [_row(each) for each in entries]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines) + "\n"


def by_quarter(entries: tuple[Entry, ...]) -> dict[str, dict[str, int]]:
    """Return for each quarter how often each action was taken and each rule fired."""
    counted: dict[str, dict[str, int]] = {}
    for each in entries:
        if each.kind != "decided":
            continue
        quarter = counted.setdefault(f"{each.at.year} Q{(each.at.month + 2) // 3}", {})
        for name in (each.facts["action"], *{rule["rule"] for rule in each.facts["rules"]}):
            quarter[name] = quarter.get(name, 0) + 1
    return counted


def _row(entry: Entry) -> tuple[str, ...]:
    facts = entry.facts
    what = f"{entry.kind}: {facts['action']}" if "action" in facts else entry.kind
    cells = (
        str(entry.number),
        entry.at.strftime("%Y-%m-%d %H:%M:%S"),
        entry.actor,
        what,
        str(facts.get("object", facts.get("request", "")))[:52],
        ",".join(
            dict.fromkeys(
                rule["rule"] if isinstance(rule, dict) else str(rule)
                for rule in facts.get("rules", ())
            )
        ),
        str(facts.get("policy", "")),
        ",".join(basis["id"] for basis in facts.get("legal_bases", ())),
        str(len(facts["recipients"])) if "recipients" in facts else "",
        str(facts.get("reason", "")),
    )
    return tuple(printable(cell) for cell in cells)

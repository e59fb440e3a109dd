"""How look-ups among what was served are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from phalanx.authorship.documents import Document
from phalanx.authorship.served import Found, Match
from phalanx.authorship.served.saying import ASSUMPTIONS, METHOD, NULL
from phalanx.cli.authorship_served_work import Indexed, LookedUp, is_finding
from phalanx.formats.authorship_lookup_document import LOOKUP_SCHEMA_ID
from phalanx.formats.authorship_made_document import INDEX_SCHEMA_ID
from phalanx.formats.json import to_text
from phalanx.formats.lines import bullets, labelled, power
from phalanx.formats.notation import count, plural
from phalanx.model import ExactEvidence, Inconclusive
from phalanx.printable import printable

FOUND, NOT_FOUND = "consistent with what was served", "not told apart from texts on its subject"
_NOT_SAID = (
    "Who copied from whom, and whether the account passed it on: what both took from a third text "
    "is shared too. No match does not say that it was not served. `phalanx explain PHX-A004` says "
    "more."
)
_MOST_LINES = 20
_START = datetime.fromtimestamp(0, UTC)

Said = ExactEvidence | Inconclusive


def index_text(made: Indexed, folder: Path) -> str:
    """Write what an index holds, for people."""
    listed = made.listed
    return (
        f"{folder}: {listed.documents:,} responses ({made.documents:,} new, {listed.too_short:,} "
        f"too short), {made.entries:,} parts, {made.size_bytes:,} bytes\n"
    )


def index_json(made: Indexed, folder: Path) -> str:
    """Write what an index holds, for programs."""
    return to_text(
        {
            "schema": INDEX_SCHEMA_ID,
            "index": str(folder),
            "responses": made.listed.documents,
            "new_responses": made.documents,
            "too_short": made.listed.too_short,
            "entries": made.entries,
            "size_bytes": made.size_bytes,
            "warnings": list(made.warnings),
        }
    )


def as_json(answer: LookedUp) -> str:
    """Write an answer for programs."""
    return to_text(
        {
            "schema": LOOKUP_SCHEMA_ID,
            "found": answer.findings > 0,
            "level": answer.level,
            "null_hypothesis": NULL,
            "method": METHOD,
            "assumptions": list(ASSUMPTIONS),
            "index": {
                "documents": answer.index.listed.documents,
                "entries": answer.index.entries,
                "key_id": answer.index.listed.key_id,
            },
            "expected_by_chance": answer.level * _judged(answer),
            "documents": [
                _record(*each, answer.level)
                for each in zip(answer.documents, answer.found, answer.evidence, strict=True)
            ],
            "rejects": [{"where": each.where, "reason": each.reason} for each in answer.rejects],
        }
    )


def as_text(answer: LookedUp) -> str:
    """Write an answer for reading."""
    total = len(answer.documents)
    judged = _judged(answer)
    if answer.findings:
        headline = f"{count(answer.findings)} of {plural(total, 'document')}: {FOUND}"
    elif judged:
        headline = f"No document of {count(total)} shares more than its subject explains"
    else:
        headline = "Not evaluable: nothing can be said of these documents"
    lines = [
        headline,
        "",
        *labelled("index", f"{plural(answer.index.listed.documents, 'response')} in "
                  f"{plural(answer.index.entries, 'part')}; {answer.index.listed.key_id}"),
        *labelled("level", f"{answer.level:g} for each document; {answer.level * judged:.2g} "
                  "expected at or below it if all were written without what was served"),
        *labelled("null", NULL),
        "",
    ]  # fmt: skip
    order = sorted(
        zip(answer.documents, answer.found, answer.evidence, strict=True),
        key=lambda each: each[2].log10_p if isinstance(each[2], ExactEvidence) else 1.0,
    )
    for document, found, evidence in order[:_MOST_LINES]:
        label = "  SERVED" if is_finding(evidence, answer.level) else "  -"
        lines += labelled(label, f" {document.document_id}: {_said(found, evidence, answer.level)}")
    if total > _MOST_LINES:
        lines.append(f"  {count(total - _MOST_LINES)} more; -f json lists all")
    lines += ["", *bullets("Assumed", ASSUMPTIONS), "", *labelled("not said", _NOT_SAID)]
    return "".join(f"{printable(line)}\n" for line in lines)


def verdict_of(evidence: Said, level: float) -> str:
    """Return the answer in words."""
    if isinstance(evidence, Inconclusive):
        return "not evaluable"
    return FOUND if is_finding(evidence, level) else NOT_FOUND


def _judged(answer: LookedUp) -> int:
    return sum(isinstance(each, ExactEvidence) for each in answer.evidence)


def _said(found: Found, evidence: Said, level: float) -> str:
    if isinstance(evidence, Inconclusive):
        return f"not evaluable: {evidence.reason}"
    said = f"{verdict_of(evidence, level)}, p {power(evidence.log10_p)}: {evidence.observation}"
    if found.matches and is_finding(evidence, level):
        said += f"; {served_to(found)} (PHX-A004)"
    return said


def served_to(found: Found) -> str:
    """Write when the best match was served and to whom, or that others are as good."""
    best = found.matches[0]
    told = f"served {time_of(best)} to {best.account}"
    if found.alike > 1:
        others = plural(found.alike - 1, "other served part")
        return f"{told}; {others} shared as much, so that no account is singled out"
    return told


def time_of(match: Match) -> str:
    """Write when something was served, in UTC."""
    return (_START + timedelta(microseconds=match.time_us)).isoformat(timespec="seconds")


def _record(document: Document, found: Found, evidence: Said, level: float) -> dict[str, Any]:
    record: dict[str, Any] = {
        "document": document.document_id,
        "verdict": verdict_of(evidence, level),
        "parts": found.parts,
        "cut_short": found.cut_short,
        "alike": found.alike,
    }
    if isinstance(evidence, Inconclusive):
        return record | {
            "reason": evidence.reason, "rule_id": None, "observation": None, "log10_p": None,
            "log10_e": None, "reachable_log10_e": None, "matches": [],
        }  # fmt: skip
    return record | {
        "reason": "",
        "rule_id": evidence.rule_id,
        "observation": evidence.observation,
        "log10_p": evidence.log10_p,
        "log10_e": evidence.log10_e,
        "reachable_log10_e": evidence.reachable_log10_e,
        "matches": [
            {
                "account_id": match.account,
                "served_at": time_of(match),
                "log10_p": match.log10_p,
                "common_phrases": match.common,
                "phrases": match.phrases,
                "candidates": match.candidates,
                "tokens": list(match.tokens),
            }
            for match in found.matches
            if match.log10_p <= 0.0
        ],
    }

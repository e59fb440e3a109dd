"""How findings of marks are written, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from phalanx.formats.lines import bullets, labelled, power
from phalanx.formats.notation import count, plural
from phalanx.model import Evidence
from phalanx.watermark.detection import Finding
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.texts import Reject

MOST_LISTED = 1_000
"""Tests that are listed beside those that found something."""


def evidence_record(evidence: Evidence) -> dict[str, Any]:
    """Return evidence for programs, its p-value with it."""
    said = asdict(evidence)
    said.pop("exact_log10_p", None)
    return said | {"log10_p": evidence.log10_p}


def finding_record(finding: Finding) -> dict[str, Any]:
    """Return a finding for programs."""
    return {
        "key_id": finding.key_id,
        "scheme": finding.setting.name,
        "tokenizer": finding.tokenizer,
        "verdict": finding.verdict,
        "reason": finding.reason,
        "decided_by": finding.decided_by,
        "draws": finding.draws,
        "repeats": finding.repeats,
        "total": finding.total,
        "law_log10_p": finding.law_log10_p,
        "decoys": finding.decoys,
        "decoys_ahead": finding.decoys_ahead,
        "log10_p_alone": finding.log10_p,
        "evidence": evidence_record(finding.evidence()),
    }


def scheme_record(scheme: Scheme) -> dict[str, Any]:
    """Return what a scheme is, for programs."""
    setting = scheme.setting
    return {
        "name": setting.name,
        "context_width_tokens": setting.context_width,
        "counts_once": setting.unit,
        "null_hypothesis": setting.null_hypothesis,
        "assumptions": list(setting.assumptions),
        "cost": setting.cost,
    }


def rejects_record(rejects: Sequence[Reject]) -> dict[str, Any]:
    """Return what was left out, for programs."""
    return {"count": len(rejects), "first": [asdict(each) for each in rejects[:MOST_LISTED]]}


def rejects_text(rejects: Sequence[Reject]) -> list[str]:
    """Return the line about what was left out; none where nothing was."""
    if not rejects:
        return []
    first = rejects[0]
    return labelled(
        "left out", f"{plural(len(rejects), 'line')}; the first is {first.where}: {first.reason}"
    )


def measured(finding: Finding) -> str:
    """Say what one test measured, in words and numbers with their units."""
    decoys = (
        f"{count(finding.decoys_ahead)} of {count(finding.decoys)} random keys score as much"
        if finding.decoys
        else "no random keys were tried"
    )
    repeats = f", {plural(finding.repeats, 'repeat')} left out" if finding.repeats else ""
    return f"{count(finding.draws)} draws (tokens that count){repeats}; {decoys}"


def strength(finding: Finding) -> str:
    """Say how strong one finding is, after correction."""
    evidence = finding.evidence()
    tests = finding.family * finding.families
    corrected = f" after correction for {count(tests)} tests" if tests > 1 else ""
    return f"p {power(evidence.log10_p)}{corrected}, e {power(evidence.log10_e)}"


def assumed(findings: Sequence[Evidence]) -> list[str]:
    """Return what all evidence together assumes, each once."""
    known = dict.fromkeys(text for each in findings for text in each.assumptions)
    return bullets("What must hold for these numbers to mean what they say:", known)

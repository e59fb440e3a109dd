"""How the answer of `phalanx provenance trace` is written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from phalanx.formats.json import to_text
from phalanx.formats.lines import bullets, labelled, power
from phalanx.formats.notation import count, plural
from phalanx.model import ExactEvidence, Inconclusive
from phalanx.printable import printable
from phalanx.provenance.weight_marks import MarkTrace

SCHEMA = "phalanx.provenance-trace/1"
_MOST_RECIPIENTS = 1_000
_MOST_NOTES = 5

_NOT_SAID = (
    "A copy in the suspect does not say that its recipient gave it away: copies are stolen, and "
    "passed on with leave. Who is not named is not cleared."
)


def trace_json(found: MarkTrace) -> str:
    """Write a trace for programs."""
    said = found.conclusion()
    listed = found.recipients[: max(_MOST_RECIPIENTS, len(found.named))]
    named = {each.account for each in found.named}
    code = found.plan.code
    return to_text(
        {
            "schema": SCHEMA,
            "found": found.found,
            "evaluable": not isinstance(said, Inconclusive),
            "reason": said.reason if isinstance(said, Inconclusive) else None,
            "question": {
                "false_accusation": code.false_accusation,
                "recipients_planned": code.accounts,
                "recipients": len(found.recipients),
                "suspects": found.suspects,
                "collusion": code.collusion,
                "places": found.plan.places,
                "strength": found.plan.strength,
            },
            "readings": [
                {
                    "how": each.how,
                    "tensors": each.tensors,
                    "weights": each.finding.weights,
                    "places": each.finding.places,
                    "ones": each.finding.ones,
                    "log10_p_alone": each.finding.present_log10_p,
                    "expected_log10_p_of_a_copy": each.finding.expected_log10_p,
                }
                for each in found.readings
            ],
            "marked_tensors": found.marked_tensors,
            "marked_weights": found.marked_weights,
            "evidence": []
            if isinstance(said, Inconclusive)
            else [_evidence_record(each) for each in said],
            "recipients": [
                {
                    "recipient": each.account,
                    "named": each.account in named,
                    "score": each.score,
                    "log10_p": each.adjusted_log10_p,
                }
                for each in listed
            ],
            "recipients_left_out": len(found.recipients) - len(listed),
            "unread": dict(found.unread),
            "not_finite": dict(found.not_finite),
        }
    )


def trace_text(found: MarkTrace) -> str:
    """Write a trace for reading."""
    said, code = found.conclusion(), found.plan.code
    if isinstance(said, Inconclusive):
        head = "Not evaluable: no mark seen would mean nothing"
    elif found.named:
        head = f"Traced: {', '.join(each.account for each in found.named)}"
    elif found.found:
        head = "A marked copy is in the suspect; no recipient of the register is named"
    else:
        head = "No mark is seen"
    lines = [
        head,
        "",
        *labelled(
            "level",
            f"chance that anyone at all is named falsely: {code.false_accusation:g}, over "
            f"{plural(code.accounts, 'recipient')}, two ways of reading and "
            f"{plural(found.suspects, 'suspect')}; made for "
            f"{plural(code.collusion, 'recipient')} who pool their copies",
        ),
    ]
    for each in found.readings:
        of = each.finding
        lines += labelled(
            "read",
            f"{each.how}: {count(each.tensors)} of {count(found.marked_tensors)} tensors, "
            f"{count(of.weights)} of {count(found.marked_weights)} weights; {of.seen}, "
            f"p {power(of.present_log10_p)} alone (a copy's would be about "
            f"{power(of.expected_log10_p)})",
        )
    if isinstance(said, Inconclusive):
        lines += labelled("reason", said.reason)
    else:
        lines += _evidence_lines(said, [each.account for each in found.named])
    for name, why in [*found.unread.items()][:_MOST_NOTES]:
        lines += labelled("not read", f"{name[:100]}: {why}")
    for name, numbers in [*found.not_finite.items()][:_MOST_NOTES]:
        lines += labelled("left out", f"{count(numbers)} numbers of {name[:100]} that are none")
    lines += ["", *labelled("not said", _NOT_SAID)]
    return "".join(f"{printable(line)}\n" for line in lines)


def _evidence_lines(said: tuple[ExactEvidence, ...], named: list[str]) -> list[str]:
    lines = [""]
    for label, each in zip(["mark", *named], said, strict=True):
        lines += labelled(
            "",
            f"{label}: p {power(each.log10_p)} after correction, e {power(each.log10_e)} "
            f"({each.rule_id}); {each.observation}",
        )
        lines += labelled("  null", each.null_hypothesis)
    lines += [
        "",
        *bullets("What must hold for these numbers to mean what they say:", said[0].assumptions),
    ]
    return lines


def _evidence_record(evidence: ExactEvidence) -> dict[str, Any]:
    said = asdict(evidence)
    said.pop("exact_log10_p")
    return said | {"log10_p": evidence.log10_p}

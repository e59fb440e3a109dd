"""How the answer of `phalanx watermark trace` is written."""

from __future__ import annotations

from typing import Any

from phalanx.cli.watermark_trace_work import CodeTraced, KeysTraced
from phalanx.cli.watermark_view import (
    MOST_LISTED,
    assumed,
    evidence_record,
    finding_record,
    measured,
    rejects_record,
    rejects_text,
    strength,
)
from phalanx.formats.json import to_text
from phalanx.formats.lines import labelled, power
from phalanx.formats.notation import count, minute, plural
from phalanx.model import ExactEvidence
from phalanx.printable import printable
from phalanx.watermark.tracing import Accusation, Traced

SCHEMA = "phalanx.watermark-trace/1"
_MOST_LINES = 20
_ACCOUNTS = 5

_NOT_SAID = (
    "An accused account was served what stands in these texts; who published them, and whether "
    "that was allowed, is another question. Who is not accused is not cleared. `phalanx explain "
    "PHX-W003` says more."
)


def keys_json(found: KeysTraced) -> str:
    """Write a trace of a register for programs."""
    keys = found.trace.keys
    accused = len(found.trace.accused)
    listed = keys[: max(MOST_LISTED, accused)]
    return to_text(
        {
            "schema": SCHEMA,
            "found": bool(accused),
            "way": "a key for each row of a register",
            "question": {
                "false_accusation": found.trace.detection.level,
                "keys": len(keys),
                "accounts": sum(len(each.accounts) for each in keys),
                "tests": len(found.trace.detection.findings),
                "seen_at": found.seen_at.isoformat() if found.seen_at else None,
                "not_tried": list(found.trace.not_tried),
                "documents": len(found.given.documents),
                "tokenizers": [cut.tokenizer for cut in found.cuts],
            },
            "keys": [_key_record(each, found) for each in listed],
            "keys_left_out": len(keys) - len(listed),
            "rejects": rejects_record(found.given.rejects),
        }
    )


def keys_text(found: KeysTraced) -> str:
    """Write a trace of a register for reading."""
    trace = found.trace
    accused = trace.accused
    accounts = sorted({name for each in accused for name in each.accounts})
    evaluable = any(each.finding.verdict != "not evaluable" for each in trace.keys)
    if accused:
        head = (
            f"Traced: {plural(len(accused), 'key')}, served to {plural(len(accounts), 'account')}"
        )
    elif evaluable:
        head = f"Nobody of the register is accused ({plural(len(trace.keys), 'key')} tried)"
    else:
        head = "Not evaluable: nothing seen would mean nothing"
    tokens = " and ".join(
        f"{count(sum(each.size for each in cut.documents))} tokens ({cut.tokenizer})"
        for cut in found.cuts
    )
    lines = [
        head,
        "",
        *labelled("searched", f"{plural(len(trace.keys), 'key')} of the register"),
        *labelled("read", f"{plural(len(found.given.documents), 'document')}, {tokens}"),
        *labelled(
            "level", f"chance that anyone at all is accused falsely: {trace.detection.level:g}"
        ),
        *labelled("null", trace.keys[0].evidence().null_hypothesis),
        *rejects_text(found.given.rejects),
    ]
    if trace.not_tried:
        lines += labelled(
            "not tried",
            f"{plural(len(trace.not_tried), 'account')} first served after "
            f"{minute(found.seen_at)} UTC",
        )
    lines.append("")
    shown = accused[:_MOST_LINES] or trace.keys[:1]
    for each in shown:
        lines += _key_text(each, found)
    if len(accused) > len(shown):
        lines.append(f"  {count(len(accused) - len(shown))} more; -f json lists all")
    lines += ["", *assumed([each.evidence() for each in shown])]
    lines += ["", *labelled("not said", _NOT_SAID)]
    return "".join(f"{printable(line)}\n" for line in lines)


def code_json(found: CodeTraced) -> str:
    """Write a trace of a code for programs."""
    listed = found.accusations[: max(MOST_LISTED, len(found.accused))]
    plan = found.code.plan
    return to_text(
        {
            "schema": SCHEMA,
            "found": bool(found.accused),
            "way": "a codeword for each account",
            "question": {
                "false_accusation": plan.false_accusation,
                "collusion": plan.collusion,
                "accounts": plan.accounts,
                "code": found.code.name,
                "code_id": found.code.code_id,
                "scheme": found.code.scheme,
                "epoch": found.code.epoch,
                "places": plan.length,
                "places_with_text": int((found.slots.draws > 0).sum()),
                "draws": int(found.slots.draws.sum()),
                "documents": len(found.given.documents),
                "tokenizers": [found.cut.tokenizer],
            },
            "accounts": [_accusation_record(each) for each in listed],
            "accounts_left_out": len(found.accusations) - len(listed),
            "rejects": rejects_record(found.given.rejects),
        }
    )


def code_text(found: CodeTraced) -> str:
    """Write a trace of a code for reading."""
    plan, accused = found.code.plan, found.accused
    draws, there = int(found.slots.draws.sum()), int((found.slots.draws > 0).sum())
    head = (
        f"Traced: {plural(len(accused), 'account')} of {count(plan.accounts)}"
        if accused
        else f"Nobody is accused of {plural(plan.accounts, 'account')}"
    )
    lines = [
        head,
        "",
        *labelled(
            "code",
            f"{found.code.name} (epoch {found.code.epoch}, {found.code.scheme}): "
            f"{count(plan.length)} places, made for {plural(plan.collusion, 'traitor')}",
        ),
        *labelled(
            "read",
            f"{plural(len(found.given.documents), 'document')}, {count(draws)} draws (tokens that "
            f"count) in {count(there)} of {count(plan.length)} places ({found.cut.tokenizer})",
        ),
        *labelled("level", f"chance that anyone at all is accused falsely: "
                  f"{plan.false_accusation:g}, however many pooled their texts"),
        *labelled("null", found.accusations[0].evidence().null_hypothesis),
        *rejects_text(found.given.rejects),
    ]  # fmt: skip
    if draws < 8 * plan.length:
        lines += labelled(
            "little text",
            f"{draws / plan.length:.1f} draws a place: below about 8 marked ones traitors are "
            "lost, so that nobody accused means little",
        )
    lines.append("")
    shown = accused[:_MOST_LINES] or found.accusations[:1]
    for each in shown:
        lines += _accusation_text(each)
    if len(accused) > len(shown):
        lines.append(f"  {count(len(accused) - len(shown))} more; -f json lists all")
    lines += ["", *assumed([each.evidence() for each in shown])]
    lines += ["", *labelled("not said", _NOT_SAID)]
    return "".join(f"{printable(line)}\n" for line in lines)


def _key_text(each: Traced, found: KeysTraced) -> list[str]:
    finding = each.finding
    rows = found.rows[finding.key_id]
    names = ", ".join(each.accounts[:_ACCOUNTS])
    if len(each.accounts) > _ACCOUNTS:
        names += f" and {count(len(each.accounts) - _ACCOUNTS)} more"
    served = sum(row.tokens for row in rows)
    first, last = min(r.first_served for r in rows), max(r.last_served for r in rows)
    amount = (
        f"{count(served)} marked tokens" if served else "an amount that the register leaves out"
    )
    label = "  ACCUSED" if finding.verdict == "marked" else "  strongest"
    lines = labelled(label, f"{names} (key {finding.key_id}, {finding.setting.name})")
    lines += labelled("", f"{strength(finding)}; {measured(finding)}; read by {finding.tokenizer}")
    lines += labelled("", f"served {amount}, {minute(first)} to {minute(last)} UTC")
    if finding.verdict != "marked":
        lines += labelled("", finding.verdict + (f": {finding.reason}" if finding.reason else ""))
    return lines


def _accusation_text(each: Accusation) -> list[str]:
    evidence = each.evidence()
    label = "  ACCUSED" if each.accused else "  strongest"
    return [
        *labelled(label, each.account),
        *labelled(
            "",
            f"p {power(evidence.log10_p)} after correction for {count(each.accounts)} accounts, e "
            f"{power(evidence.log10_e)}; accusation sum {each.score:.4g} over "
            f"{plural(each.places, 'place')}",
        ),
    ]


def _key_record(each: Traced, found: KeysTraced) -> dict[str, Any]:
    evidence: ExactEvidence = each.evidence()
    record = finding_record(each.finding)
    return record | {
        "accused": each.finding.verdict == "marked",
        "accounts": [
            {
                "account": row.account,
                "first_served": row.first_served.isoformat(),
                "last_served": row.last_served.isoformat(),
                "tokens": row.tokens,
                "epoch": row.epoch,
            }
            for row in found.rows[each.finding.key_id]
        ],
        "evidence": evidence_record(evidence),
    }


def _accusation_record(each: Accusation) -> dict[str, Any]:
    return {
        "account": each.account,
        "accused": each.accused,
        "score": each.score,
        "log10_p_alone": each.log10_p,
        "evidence": evidence_record(each.evidence()),
    }

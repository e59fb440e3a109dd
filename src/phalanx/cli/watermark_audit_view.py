"""How the outcome of an audit is written."""

from __future__ import annotations

from typing import Any

from phalanx.cli.watermark_audit_run import Done
from phalanx.cli.watermark_view import evidence_record, rejects_record, rejects_text
from phalanx.formats.json import to_text
from phalanx.formats.lines import bullets, labelled, power
from phalanx.formats.notation import count, plural
from phalanx.printable import printable
from phalanx.watermark.audit.verdict import NULL_HYPOTHESIS

SCHEMA = "phalanx.watermark-audit/1"
_MOST_LINES = 20

_NOT_SAID = (
    "A named key says that texts of that key went into what the model says, not who gave them to "
    "it, nor that this was forbidden. A key that is not named clears nobody: paraphrase and "
    "neutralising remove what a student inherits. `phalanx explain PHX-W004` says more."
)


def as_json(done: Done, public: str) -> str:
    """Write an audit for programs.

    Parameters:
        done: The audit.
        public: Key that verifies its report, base64.
    """
    audit, names = done.audit, _names(done)
    return to_text(
        {
            "schema": SCHEMA,
            "found": any(each.named for each in audit.keys),
            "suspect": audit.plan.suspect,
            "mode": audit.plan.mode,
            "scheme": audit.plan.scheme,
            "plan_digest": audit.plan.digest(),
            "signed_by": public,
            "level": audit.plan.level,
            "needed_log10_e": audit.needed_log10_e,
            "largest_decoy_log10_e": audit.largest_decoy_log10_e,
            "places": audit.places,
            "repeats": done.repeats,
            "asked": audit.plan.asked,
            "documents": audit.read,
            "evaluable": audit.evaluable,
            "keys": [
                {
                    "key_id": key.key_id,
                    "name": names.get(key.key_id),
                    "named": key.named,
                    "log10_e_of_this_key_alone": key.log10_e,
                    "decoys_ahead": key.decoys_ahead,
                    "evidence": evidence_record(evidence),
                }
                for key, evidence in zip(audit.keys, audit.evidence(), strict=True)
            ],
            "rejects": rejects_record(done.rejects),
        }
    )


def as_text(done: Done, public: str) -> str:
    """Write an audit for reading."""
    audit, plan = done.audit, done.audit.plan
    named = [each for each in audit.keys if each.named]
    head = f"No key is named ({plural(len(audit.keys), 'key')} asked about)"
    if named:
        head = f"Named: {plural(len(named), 'key')} of {count(len(audit.keys))}"
    if not audit.evaluable:
        head = f"Not evaluable: the plan wants {count(plan.least)} of what was asked or read"
    decoys = (
        f"; the largest of {plural(plan.decoys, 'random key')} has e "
        f"{power(audit.largest_decoy_log10_e)}"
        if audit.largest_decoy_log10_e is not None
        else "; no random keys"
    )
    lines = [
        head,
        "",
        *labelled("suspect", f"{plan.suspect} ({plan.mode})"),
        *labelled("compared", plan.reference),
        *labelled("method", f"{plan.method}; {plan.scheme}"),
        *labelled(
            "read",
            _counted(done),
        ),
        *labelled(
            "level",
            f"chance of naming any key falsely: {plan.level:g}; needed: e "
            f"{power(audit.needed_log10_e)}{decoys}",
        ),
        *labelled("null", NULL_HYPOTHESIS),
        *labelled("plan", f"SHA-256 {plan.digest()}, made {plan.made_at}"),
        *labelled("signed by", public),
        *rejects_text(done.rejects),
        "",
    ]
    pairs = sorted(
        zip(audit.keys, audit.evidence(), strict=True), key=lambda pair: -pair[0].log10_e
    )
    names = _names(done)
    for key, evidence in pairs[:_MOST_LINES]:
        lines += labelled(
            "  NAMED" if key.named else "  -",
            f"{_called(names, key.key_id)}: e {power(key.log10_e)} of this key alone; with "
            f"{plural(len(audit.keys), 'key')} asked about, p at most {power(evidence.log10_p)}; "
            f"{count(key.decoys_ahead)} of {count(plan.decoys)} random keys have as much",
        )
    if len(pairs) > _MOST_LINES:
        lines.append(f"  {count(len(pairs) - _MOST_LINES)} more; the report has all")
    lines += [
        "",
        *bullets("What must hold for these numbers to mean what they say:", audit.assumptions),
    ]
    lines += ["", *labelled("not said", _NOT_SAID)]
    return "".join(f"{printable(line)}\n" for line in lines)


def _names(done: Done) -> dict[str, str]:
    """Return what each key is for, by its id; nothing where the plan says it."""
    return dict(zip(done.audit.plan.key_ids, done.names, strict=True)) if done.names else {}


def _called(names: dict[str, str], key_id: str) -> str:
    return f"{names[key_id]} ({key_id})" if key_id in names else key_id


def _counted(done: Done) -> str:
    audit = done.audit
    what = "document" if audit.plan.mode.startswith("weights") else "answer"
    read = f"{count(audit.read)} of {plural(audit.plan.asked, what)}"
    places = done.audit.places
    if done.audit.plan.gathered:
        return (
            f"{read}, {plural(places, 'context')} that count, of the "
            f"{plural(places + done.repeats, 'time')} that they come"
        )
    return (
        f"{read}, {count(places)} places that count, "
        f"{plural(done.repeats, 'repeat')} left out (what prompts said among them)"
    )


def verified_json(report: dict[str, Any]) -> str:
    """Write a verified report for programs."""
    return to_text({"schema": "phalanx.watermark-audit-verified/1", "report": report})


def verified_text(report: dict[str, Any]) -> str:
    """Write a verified report for reading."""
    plan = report["plan"]
    named = [each for each in report["keys"] if each["named"]]
    lines = [
        "The signer signed it, it follows the plan that was given, and its conclusions follow",
        "from the e-values that it states.",
        "",
        *labelled("suspect", str(plan["suspect"])),
        *labelled("plan", f"SHA-256 {report['plan_digest']}, made {plan['made_at']}"),
        *labelled("level", f"chance of naming any key falsely: {plan['level']:g}"),
        *labelled("read", f"{count(report['read'])} of {count(report['asked'])}"),
        *labelled(
            "named",
            f"{count(len(named))} of {plural(len(report['keys']), 'key')}"
            if report["evaluable"]
            else "not evaluable: less was read than the plan wants",
        ),
    ]
    for each in named[:_MOST_LINES]:
        lines += labelled("", f"{each['key_id']}: e {power(each['log10_e'])}")
    lines += [
        "",
        *bullets("What must hold for these numbers to mean what they say:", report["assumptions"]),
    ]
    lines += ["", *labelled("not said", _NOT_SAID)]
    return "".join(f"{printable(line)}\n" for line in lines)

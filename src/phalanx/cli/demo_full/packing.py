"""The case: what was found, with its errors, in one folder that verifies without anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from phalanx import __version__
from phalanx.cli.demo_full.acts import digest_of, record
from phalanx.cli.demo_full.auditing import commitment_of, plan_of, report_of
from phalanx.cli.demo_full.chapter import Chapter, write_lines
from phalanx.cli.demo_full.places import Places
from phalanx.cli.demo_full.scanning import strongest
from phalanx.cli.govern_packages import packed, verified
from phalanx.govern.ledger import open_ledger
from phalanx.govern.packages.layout import NOTE
from phalanx.signed import read_public_text
from phalanx.watermark.audit import verify_report
from phalanx.watermark.audit.report import audit_of

LEVEL = 0.01
"""Chance that any claim of the case is held although its null is true."""

_SIMULATED = "All of this is simulated: traffic, accounts, models and the theft."
_KEPT_ACTS = ("decision", "disclosure", "key", "receipt", "report")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    id: str
    title: str
    file: Path
    media_type: str
    source: str


def pack_case(places: Places) -> Chapter:
    """Write the case down, pack it, and write what believes it.

    Parameters:
        places: With the scan, the gateway's decisions, the reports and the ledger.
    """
    now = datetime.now(UTC)
    items = tuple(_items(places))
    for each in items:
        record(places.a, "custody", "ada", each.id, each.file, action="collected")
    events = _proved(places)
    case = places.case / "case.toml"
    write_lines(case, as_toml(_said(places, items, events, now)))
    record(places.a, "claim", "bo", "case demo-1", case, claims=2)
    policy = packed(case, places.a.folder / "cases.key", "provider-a.example/cases", places.package)
    write_lines(places.case_policy, policy)
    believed = policy.partition("\n")[0] + "\n" + places.a.ledger_policy.read_text()
    write_lines(places.a.folder / "believed.policy", believed)
    record(places.a, "report", "bo", "package of case demo-1", places.package / NOTE)
    said = verified(places.package, places.case_policy, places.a.ledger_policy)
    return Chapter(
        title="The case is packed: claims with their errors, evidence, custody, proofs",
        lines=tuple(said.splitlines()[1:]),
        artefacts=(places.package, places.case_policy, case),
        commands=("phalanx govern package case.toml --key cases.key --name ... --out PACKAGE",),
        lacks="" if said.count(" holds at the level") == 2 else "a claim of the case is not held",
    )


def _items(places: Places) -> Iterator[_Item]:
    json_type = "application/json"
    yield _Item(
        id="scan", title="Campaigns of the scan of three weeks",
        file=places.a.scan / "campaigns.json", media_type=json_type, source="own logs",
    )  # fmt: skip
    yield _Item(
        id="decisions", title="What the gateway decided on one day",
        file=places.gateway / "decisions.jsonl", media_type="application/jsonl",
        source="own gateway",
    )  # fmt: skip
    for suspect in ("student", "honest"):
        for what, path in (
            ("plan", plan_of(places, suspect)),
            ("commitment", commitment_of(places, suspect)),
            ("report", report_of(places, suspect)),
        ):
            yield _Item(
                id=f"{suspect}-{what}", title=f"{what} of the audit of {suspect}".capitalize(),
                file=path, media_type=json_type, source="own audit of the suspect's weights",
            )  # fmt: skip


def _proved(places: Places) -> list[tuple[str, Path]]:
    """Write every act of the kinds that concern the case with its proof."""
    ledger = open_ledger(places.a.ledger)
    found = []
    for each in list(ledger.events()):
        if each.event.kind in _KEPT_ACTS:
            path = places.case / f"event-{each.number}.json"
            write_lines(path, ledger.prove(each.number).as_text())
            found.append((f"event-{each.number}", path))
    return found


def _said(
    places: Places, items: tuple[_Item, ...], events: list[tuple[str, Path]], now: datetime
) -> Mapping[str, Any]:
    """Return the case as its file says it."""
    return {
        "schema": "phalanx.case/1",
        "case": {
            "id": "demo-1",
            "title": "A campaign that harvested two providers, and its student",
            "provider": "provider-a",
            "opened_at": now,
            "summary": "Outputs were harvested by many accounts at two providers; what they were "
            f"still served was marked, and a student carries that mark. {_SIMULATED}",
            "level": LEVEL,
        },
        "person": [
            {"id": "ada", "name": "Ada Example", "role": "analyst"},
            {"id": "bo", "name": "Bo Example", "role": "counsel"},
        ],
        "item": [
            {
                "id": each.id, "title": each.title, "file": str(each.file),
                "media_type": each.media_type, "source": each.source, "collected_at": now,
                "collector": "ada", "tool": f"phalanx {__version__}",
                "sensitivity": "confidential",
            }
            for each in items
        ],
        "custody": [
            {"item": each.id, "action": "collected", "by": "ada", "at": now} for each in items
        ],
        "claim": [_found(places), _trained(places)],
        "event": [{"id": name, "file": path.name} for name, path in events],
    }  # fmt: skip


def _found(places: Places) -> Mapping[str, Any]:
    """Return the claim of the scan."""
    campaign = strongest(places.a.scan)
    judged = campaign.judgement
    decisive = [each for each in judged.evidence if each.decisive]
    return {
        "id": "one-campaign",
        "statement": f"The {len(campaign.facts.members)} accounts of {campaign.campaign_id} act "
        "together to extract capabilities.",
        "null_hypothesis": "They are operated apart, or whoever operates them uses the model as "
        "honest operators do.",
        "method": "two nulls, the weaker of both counted",
        "log10_e": judged.log10_e,
        "sample_size": campaign.facts.parties,
        "reference_size": max(each.reference_size for each in decisive),
        "assumptions": sorted({line for each in decisive for line in each.assumptions}),
        "limits": "It does not say who operates them. The rank among all groups of the scan is "
        f"held by its false discovery rate, and needed 10^{judged.threshold_log10_e:.1f}. "
        + _SIMULATED,
        "items": ["scan"],
    }


def _trained(places: Places) -> Mapping[str, Any]:
    """Return the claim of the audit, with the evidence that it states itself."""
    signer = read_public_text((places.audit / "auditor.pub").read_text(encoding="ascii").strip())
    report = report_of(places, "student").read_bytes()
    audit = audit_of(verify_report(report, signer, digest_of(plan_of(places, "student"))))
    evidence = audit.evidence()[0]
    return {
        "id": "trained-on-the-harvest",
        "statement": "The suspect learnt from texts that were served to the campaign under its "
        f"key {audit.keys[0].key_id}.",
        "null_hypothesis": evidence.null_hypothesis,
        "method": evidence.method,
        "log10_e": evidence.log10_e,
        "sample_size": evidence.sample_size,
        "reference_size": evidence.reference_size,
        "assumptions": list(evidence.assumptions),
        "limits": "It does not say who carried the texts there, nor that this was forbidden. "
        + _SIMULATED,
        "items": ["decisions", "student-plan", "student-commitment", "student-report"],
    }


def as_toml(said: Mapping[str, Any]) -> str:
    """Return tables, and lists of tables, of plain values as TOML."""
    plain = [_line(name, value) for name, value in said.items() if _is_plain(value)]
    tables = []
    for name, value in said.items():
        if isinstance(value, dict):
            tables.append(f"\n[{name}]\n" + "".join(_line(*each) for each in value.items()))
        elif not _is_plain(value):
            tables += [
                f"\n[[{name}]]\n" + "".join(_line(*pair) for pair in each.items()) for each in value
            ]
    return "".join([*plain, *tables])


def _is_plain(value: object) -> bool:
    return not isinstance(value, dict | list)


def _line(name: str, value: object) -> str:
    if isinstance(value, datetime):
        return f"{name} = {value.isoformat()}\n"
    # Texts, numbers and lists of texts are written alike in JSON and TOML, but for one sign.
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{name} = {text}\n"

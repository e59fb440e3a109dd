"""What the commands about controls do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from phalanx.cli.databases import made_before
from phalanx.cli.gate_work import open_audit
from phalanx.cli.govern_options import ShownOptions
from phalanx.cli.govern_work import certificates_of
from phalanx.console.seen.controlled import audits_of, copies_of, scans_of
from phalanx.errors import ConfigError
from phalanx.formats.folder import read_scan
from phalanx.govern.controls import (
    SHIPPED,
    Assessment,
    Catalogue,
    Control,
    Observed,
    Outcome,
    assess,
)
from phalanx.govern.controls import read_catalogue as read
from phalanx.govern.controls.answers import read_answers
from phalanx.govern.controls.oscal import catalogue_document, mapping_document, profile_document
from phalanx.govern.controls.oscal_plan import plan_document
from phalanx.govern.controls.oscal_results import results_document
from phalanx.govern.controls.plan import read_plan
from phalanx.govern.controls.reveals import read_reveals
from phalanx.govern.duties import SHIPPED as DUTIES
from phalanx.govern.duties import read_duties
from phalanx.govern.ledger import open_ledger
from phalanx.prevent.policy.loading import read_policy as read_gateway_policy
from phalanx.printable import printable
from phalanx.share.gate.policy import SHIPPED as POLICY
from phalanx.share.gate.policy import load_policy
from phalanx.transparency.note_keys import read_key

ControlsFormat = Literal["table", "oscal", "oscal-profile", "oscal-mapping"]
AssessmentFormat = Literal["table", "json", "oscal", "oscal-plan"]


def controls(path: Path | None, profile: str | None, output_format: ControlsFormat) -> str:
    """Return a catalogue, or a profile of it, as text.

    Raises:
        ConfigError: If there is no such profile, or none was named and the format asks for one.
    """
    catalogue = read(path or SHIPPED)
    if profile is not None and profile not in catalogue.profiles:
        message = f"there is no profile {printable(profile)!r}"
        raise ConfigError(message, next_step=f"Name one of {', '.join(catalogue.profiles)}.")
    if output_format == "oscal":
        return _json(catalogue_document(catalogue))
    if output_format == "oscal-mapping":
        return _json(mapping_document(catalogue))
    if output_format == "oscal-profile":
        if profile is None:
            message = "a profile was asked for, and none was named"
            raise ConfigError(message, next_step="Name it with --profile.")
        return _json(profile_document(catalogue, profile))
    return _table(catalogue, profile)


def assessed(
    path: Path | None,
    profile: str,
    shown: ShownOptions,
    output_format: AssessmentFormat,
    *,
    planned: Path | None = None,
    system: str = "",
) -> tuple[str, Assessment]:
    """Hold what is shown against a profile, and return it as text and as it is.

    Raises:
        InputError: If something that was named cannot be read.
        ConfigError: If the profile is none, or a plan is named for another format.
    """
    if planned is not None and output_format != "oscal-plan":
        message = "a plan is written in the format oscal-plan alone"
        raise ConfigError(message, next_step="Add -f oscal-plan, or leave --plan out.")
    seen = _observed(shown)
    answers = {} if shown.answers is None else read_answers(shown.answers)
    found = assess(read(path or SHIPPED), profile, seen, answers)
    if output_format == "oscal":
        return _json(results_document(found)), found
    if output_format == "oscal-plan":
        plan = {} if planned is None else read_plan(planned)
        return _json(plan_document(found, plan, system)), found
    if output_format == "json":
        return _json(_plain(found)), found
    return _lines(found), found


def _observed(shown: ShownOptions) -> Observed:
    return Observed(
        at=datetime.now(UTC),
        scan=None if shown.scan is None else read_scan(shown.scan),
        ledger=None if shown.ledger is None else open_ledger(shown.ledger),
        witnesses=[read_key(each) for each in shown.witness],
        stamp_roots=() if shown.stamp_roots is None else certificates_of(shown.stamp_roots),
        policy=load_policy(shown.policy or POLICY),
        duties=read_duties(shown.duties or DUTIES),
        reveals=None if shown.scan is None else read_reveals(shown.scan),
        store=None
        if shown.store is None
        else scans_of(made_before(shown.store, "store", "Scan with --store first.")),
        disclosures=None if shown.gate is None else open_audit(shown.gate).entries(),
        gateway_policy=None
        if shown.gateway_policy is None
        else read_gateway_policy(shown.gateway_policy).document,
        audits=None if shown.audits is None else audits_of(shown.audits, shown.audit_signer),
        releases=None if shown.releases is None else copies_of(shown.releases, shown.identities),
    )


def _table(catalogue: Catalogue, profile: str | None) -> str:
    wanted = {each.id for each in (catalogue.of_profile(profile) if profile else catalogue)}
    lines = [f"{catalogue.title}, version {catalogue.version}"]
    for family in catalogue.families:
        chosen = [each for each in family.controls if each.id in wanted]
        if chosen:
            lines += ["", family.title]
        for each in chosen:
            by = _how(each)
            lines.append(f"  {each.id.upper():<10}  {each.title} ({by})")
            lines.append(f"              {each.statement}")
    return printable("\n".join(lines), keep="\n") + "\n"


def _how(control: Control) -> str:
    if control.check is None:
        return "asked"
    return "looked up" if control.rest is None else "looked up in part"


def _lines(found: Assessment) -> str:
    words = {
        Outcome.SATISFIED: "SATISFIED",
        Outcome.NOT_SATISFIED: "NOT SATISFIED",
        Outcome.NOT_ASSESSED: "not assessed",
    }
    lines = [f"Profile {found.profile}, {found.at.isoformat(timespec='minutes')}", ""]
    for each in found.findings:
        lines.append(f"{words[each.outcome]:<13}  {each.control.id.upper()}  {each.control.title}")
        by = f" ({each.by} says so)" if each.by else ""
        lines.append(f"               {each.said}{by}")
        if each.not_seen:
            lines.append(f"               As far as was seen. Not looked at: {each.not_seen}.")
    counts = ", ".join(f"{found.count(each)} {words[each].lower()}" for each in Outcome)
    if found.partly_seen:
        counts += f"; {found.partly_seen} of the satisfied as far as was seen"
    return printable("\n".join([*lines, "", counts]), keep="\n") + "\n"


def _plain(found: Assessment) -> dict[str, object]:
    return {
        "catalogue_sha256": found.catalogue.sha256,
        "profile": found.profile,
        "at": found.at.isoformat(timespec="seconds"),
        "controls": [
            {
                "id": each.control.id,
                "title": each.control.title,
                "outcome": each.outcome.value,
                "said": each.said,
                "by": each.by,
                "is_looked_up": each.is_looked_up,
                "not_seen": each.not_seen,
            }
            for each in found.findings
        ],
    }


def _json(said: object) -> str:
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"

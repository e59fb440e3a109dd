"""What Phalanx looks up by itself: each answers yes, no, or that it could not be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from types import MappingProxyType

from phalanx.errors import PhalanxError
from phalanx.govern.controls.catalogue import Control
from phalanx.govern.controls.looking.audits import audits_follow_plans
from phalanx.govern.controls.looking.disclosures import (
    disclosures_have_a_basis,
    two_people_release,
)
from phalanx.govern.controls.looking.gateway import campaigns_are_marked, value_is_limited
from phalanx.govern.controls.looking.looked import Check, Looked
from phalanx.govern.controls.looking.releases import (
    copies_are_marked,
    copies_are_sealed,
    grants_are_signed,
)
from phalanx.govern.controls.looking.scans import evidence_is_carried, reveals_are_recorded
from phalanx.govern.controls.observed import Observed
from phalanx.govern.ledger.stamped import verified_stamps
from phalanx.share.gate.policy import RULE_IDS

_NO_SCAN = Looked(None, "No scan was named.")
_NO_LEDGER = Looked(None, "No ledger was named.")


def _scan_is_recent(control: Control, seen: Observed) -> Looked:
    if seen.scan is None:
        return _NO_SCAN
    last = seen.scan.population.last_exchange
    if last is None:
        return Looked(is_so=False, said="The newest scan read no exchange.")
    age = seen.at - last
    said = (
        f"The newest scan reads {seen.scan.population.exchanges:,} exchanges up to "
        f"{last.astimezone(UTC).isoformat(timespec='minutes')}; "
        f"{seen.scan.population.rejected_rows:,} rows could not be read."
    )
    return Looked(timedelta(0) <= age <= timedelta(days=control.days or 1), said)


def _scan_states_its_error(_: Control, seen: Observed) -> Looked:
    if seen.scan is None:
        return _NO_SCAN
    population = seen.scan.population
    said = (
        f"Campaigns are listed at a false discovery rate of {seen.scan.false_discovery_rate:.3g}, "
        f"with {population.reference_parties:,} parties as reference, "
        f"among {population.groups_opened:,} groups."
    )
    return Looked(population.reference_parties > 0, said)


def _scan_is_pseudonymous(_: Control, seen: Observed) -> Looked:
    if seen.scan is None:
        return _NO_SCAN
    key = seen.scan.run.key_id
    said = f"Pseudonyms are under the key {key}." if key else "Identifiers were kept in clear."
    return Looked(bool(key), said)


def _policy_is_in_force(_: Control, seen: Observed) -> Looked:
    if seen.policy is None:
        return Looked(None, "No disclosure policy was named.")
    holding = seen.policy.in_force(seen.at)
    missing = [each for each in RULE_IDS if each not in holding]
    said = f"Policy {seen.policy.version} of {seen.policy.dated.isoformat()}: "
    said += f"no version of {', '.join(missing)} holds." if missing else "every rule holds."
    return Looked(not missing, said)


def _ledger_verifies(_: Control, seen: Observed) -> Looked:
    if seen.ledger is None:
        return _NO_LEDGER
    try:
        size = seen.ledger.check()
    except PhalanxError as error:
        return Looked(is_so=False, said=f"The ledger does not verify: {error}.")
    if not size:
        return Looked(is_so=False, said="The ledger verifies, and nothing is recorded in it.")
    return Looked(is_so=True, said=f"All {size:,} events of the ledger verify.")


def _ledger_is_witnessed(_: Control, seen: Observed) -> Looked:
    if seen.ledger is None:
        return _NO_LEDGER
    if not seen.witnesses:
        return Looked(None, "No key of a witness was named.")
    try:
        note, checkpoint = seen.ledger.state()
        names = [
            key.name
            for key in seen.witnesses
            if note.signed_at(key, "the checkpoint of the ledger") is not None
        ]
    except PhalanxError as error:
        return Looked(is_so=False, said=f"The checkpoint does not verify: {error}.")
    who = ", ".join(names) if names else "None of the witnesses"
    return Looked(bool(names), f"{who} signed the checkpoint of {checkpoint.size:,} events.")


def _ledger_is_stamped(control: Control, seen: Observed) -> Looked:
    if seen.ledger is None:
        return _NO_LEDGER
    if not seen.stamp_roots:
        return Looked(None, "No certificate of an authority of time was named.")
    try:
        stamps = verified_stamps(seen.ledger, seen.stamp_roots)
    except PhalanxError as error:
        return Looked(is_so=False, said=f"A stamp does not verify: {error}.")
    if not stamps:
        return Looked(is_so=False, said="No checkpoint of the ledger was stamped.")
    last = max(stamps, key=lambda each: each.at)
    said = f"{last.size:,} events were stamped at {last.at.isoformat(timespec='minutes')}."
    age = seen.at - last.at
    # An authority's clock may be ahead of this one by a little.
    return Looked(-timedelta(hours=1) <= age <= timedelta(days=control.days or 1), said)


def _duties_were_checked(control: Control, seen: Observed) -> Looked:
    if seen.duties is None:
        return Looked(None, "No duties were named.")
    oldest = seen.at.date() - timedelta(days=control.days or 1)
    late = [each.id for each in seen.duties.duties if each.checked is None or each.checked < oldest]
    said = f"Of {len(seen.duties.duties)} duties, {len(late)} were not compared with their sources"
    return Looked(not late, f"{said} within {control.days or 1} days.")


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "scan-is-recent": _scan_is_recent,
        "scan-states-its-error": _scan_states_its_error,
        "scan-is-pseudonymous": _scan_is_pseudonymous,
        "disclosure-policy-is-in-force": _policy_is_in_force,
        "ledger-verifies": _ledger_verifies,
        "ledger-is-witnessed": _ledger_is_witnessed,
        "ledger-is-stamped": _ledger_is_stamped,
        "duties-were-checked": _duties_were_checked,
        "reveals-are-recorded": reveals_are_recorded,
        "evidence-is-carried": evidence_is_carried,
        "two-people-release": two_people_release,
        "disclosures-have-a-basis": disclosures_have_a_basis,
        "value-is-limited": value_is_limited,
        "campaigns-are-marked": campaigns_are_marked,
        "audits-follow-plans": audits_follow_plans,
        "grants-are-signed": grants_are_signed,
        "copies-are-sealed": copies_are_sealed,
        "copies-are-marked": copies_are_marked,
    }
)
"""Name of a check in a catalogue -> what it looks at."""

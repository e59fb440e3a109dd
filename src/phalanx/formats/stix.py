"""STIX 2.1 for threat-intelligence platforms: one bundle.

For each campaign: a `campaign` with its e-values in an extension, its accounts as
`user-account` observables in a `grouping`, an `indicator` that matches them, a `note` with
the evidence and its limits, and relationships; where a profile of a known actor matched at
grade C or better, also an `intrusion-set` that the campaign is attributed to, with a confidence by
the grade. Everything is marked TLP:AMBER (2.0);
AMBER+STRICT when the scan ran with identifiers in clear. Prompts never leave in it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from datetime import timedelta

from phalanx.detect.result import ScanResult
from phalanx.formats.attribution_wording import (
    CONFIDENCE,
    NOT_NAMING,
    attribution_sentence,
    comparison_sentence,
    named_profile,
)
from phalanx.formats.json import to_line, to_text
from phalanx.formats.marks_wording import marks_sentence
from phalanx.formats.notation import e_value
from phalanx.formats.stix_objects import (
    EXTENSION_ID,
    EXTRACTION_ID,
    TECHNIQUE,
    account_id,
    evidence_extension,
    extraction,
    intrusion_set,
    marking,
)
from phalanx.formats.wording import CONDITION, NOT_COVERED, campaign_sentence
from phalanx.model import Campaign
from phalanx.share.wire import Object, object_id, publisher, timestamp
from phalanx.share.wire.extension import PUBLISHER_ID
from phalanx.share.wire.matching import quoted
from phalanx.share.wire.objects import atlas_references

INDICATOR_DAYS = 90
"""Days after its last exchange for which an account is worth matching."""


def render(result: ScanResult) -> str:
    """Write the campaigns of a scan as a STIX 2.1 bundle.

    Parameters:
        result: What the scan found.
    """
    tlp = marking(pseudonymous=bool(result.run.key_id))
    objects: dict[str, Object] = {}
    for item in (publisher(), tlp, evidence_extension(), extraction(tlp["id"])):
        objects[item["id"]] = item
    for campaign in result.campaigns:
        for item in _campaign_objects(campaign, result, tlp["id"]):
            objects.setdefault(item["id"], item)
    listed = list(objects.values())
    digest = hashlib.sha256(to_line(listed).encode()).digest()
    return to_text(
        {
            "type": "bundle",
            "id": f"bundle--{uuid.UUID(bytes=digest[:16], version=4)}",
            "objects": listed,
        }
    )


def _campaign_objects(campaign: Campaign, result: ScanResult, marking_id: str) -> Iterator[Object]:
    name = campaign.campaign_id
    created = campaign.judgement.discovered_at or campaign.judgement.formed_at

    def described(kind: str, **properties: object) -> Object:
        return {
            "type": kind,
            "spec_version": "2.1",
            "id": object_id(kind, name, str(properties.get("relationship_type", ""))),
            "created_by_ref": PUBLISHER_ID,
            "created": timestamp(created),
            "modified": timestamp(max(created, result.run.started_at)),
            "object_marking_refs": [marking_id],
            **properties,
        }

    accounts = [_account(member.account_id, marking_id) for member in campaign.facts.members]
    head = described("campaign", **_campaign_properties(campaign, result))
    indicator = described("indicator", **_indicator_properties(campaign))
    note = described(
        "note",
        abstract="Evidence, and what its error rate does not cover",
        content=_note_text(campaign, result),
        object_refs=[head["id"]],
    )
    yield head
    yield from accounts
    yield described(
        "grouping",
        name=f"Accounts of {name}",
        context="suspicious-activity",
        object_refs=[head["id"], *(account["id"] for account in accounts)],
    )
    yield indicator
    yield note
    yield described(
        "relationship",
        relationship_type="uses",
        source_ref=head["id"],
        target_ref=EXTRACTION_ID,
    )
    yield described(
        "relationship",
        relationship_type="indicates",
        source_ref=indicator["id"],
        target_ref=head["id"],
    )
    match = named_profile(campaign.judgement)
    if match:
        actor = intrusion_set(match, marking_id, timestamp(result.run.started_at))
        yield actor
        yield described(
            "relationship",
            relationship_type="attributed-to",
            description=comparison_sentence(match),
            confidence=CONFIDENCE[match.grade],
            source_ref=head["id"],
            target_ref=actor["id"],
        )


def _account(user_id: str, marking_id: str) -> Object:
    return {
        "type": "user-account",
        "spec_version": "2.1",
        "id": account_id(user_id),
        "user_id": user_id,
        "object_marking_refs": [marking_id],
    }


def _campaign_properties(campaign: Campaign, result: ScanResult) -> Object:
    judgement = campaign.judgement
    return {
        "name": campaign.campaign_id,
        "description": campaign_sentence(campaign, result.false_discovery_rate),
        "first_seen": timestamp(campaign.facts.first_seen),
        "last_seen": timestamp(campaign.facts.last_seen),
        "objective": "Training data for another model: "
        + (", ".join(campaign.facts.capabilities) or "no capability stands out")
        + ".",
        "external_references": atlas_references([TECHNIQUE]),
        "extensions": {
            EXTENSION_ID: {
                "extension_type": "property-extension",
                "log10_e": judgement.log10_e,
                "log10_e_apart": judgement.log10_e_apart,
                "log10_e_honest": judgement.log10_e_honest,
                "threshold_log10_e": judgement.threshold_log10_e,
                "false_discovery_rate": result.false_discovery_rate,
                "evidence": [
                    {
                        "rule": line.rule_id,
                        "log10_e": line.log10_e,
                        "sample_size": line.sample_size,
                        "reference_size": line.reference_size,
                        "observation": line.observation,
                    }
                    for line in judgement.evidence
                ],
            }
        },
    }


def _indicator_properties(campaign: Campaign) -> Object:
    facts = campaign.facts
    accounts = ", ".join(quoted(member.account_id) for member in facts.members)
    return {
        "name": f"Accounts of {campaign.campaign_id}",
        "description": "Matches the accounts that the scan assigned to the campaign. Confidence "
        "differs between accounts: judge each before acting.",
        "indicator_types": ["malicious-activity"],
        "pattern": f"[user-account:user_id IN ({accounts})]",
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": timestamp(facts.first_seen),
        "valid_until": timestamp(facts.last_seen + timedelta(days=INDICATOR_DAYS)),
        "external_references": atlas_references([TECHNIQUE]),
    }


def _note_text(campaign: Campaign, result: ScanResult) -> str:
    lines = [campaign_sentence(campaign, result.false_discovery_rate), ""]
    lines += [
        f"- {line.rule_id} {line.name}: e-value {e_value(line.log10_e)}; "
        f"{line.sample_size} tested against {line.reference_size}; {line.observation}"
        for line in campaign.judgement.evidence
    ]
    marks = marks_sentence(campaign.facts, campaign.judgement)
    if marks:
        lines += ["", f"Marks of other providers: {marks}"]
    attribution = campaign.judgement.attribution
    if attribution:
        lines += ["", attribution_sentence(attribution), NOT_NAMING]
    return "\n".join([*lines, "", f"The promise holds {CONDITION}.", *NOT_COVERED])

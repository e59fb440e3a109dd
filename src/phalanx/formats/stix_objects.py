"""The parts of STIX 2.1 that only the bundle of a scan has; the others are those of the wire.

Identifiers are deterministic, so that a second scan updates objects and never doubles them.
"""

from __future__ import annotations

from phalanx.model import ProfileComparison
from phalanx.share.wire import Object, object_id, observable_id, timestamp
from phalanx.share.wire.extension import FIRST_PUBLISHED, PUBLISHER_ID
from phalanx.share.wire.markings import tlp_marking
from phalanx.share.wire.objects import atlas_references

TECHNIQUE = "AML.T0024.002"
"""Extract AI Model, in MITRE ATLAS."""


def account_id(user_id: str) -> str:
    """Return the identifier of a `user-account`, the UUIDv5 of its contributing property.

    Parameters:
        user_id: The account, as a pseudonym.
    """
    return observable_id("user-account", {"user_id": user_id})


def marking(*, pseudonymous: bool) -> Object:
    """Return TLP 2.0 AMBER, or AMBER+STRICT where accounts stand in clear.

    Parameters:
        pseudonymous: Whether account identifiers are pseudonyms.
    """
    return tlp_marking("amber" if pseudonymous else "amber+strict")


EXTENSION_ID = object_id("extension-definition", "evidence")
EXTRACTION_ID = object_id("attack-pattern", TECHNIQUE)
"""Of an object of ours: the bundle refers to nothing outside of it."""


def evidence_extension() -> Object:
    """Return the definition of the extension that carries e-values."""
    return {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": EXTENSION_ID,
        "created_by_ref": PUBLISHER_ID,
        "created": timestamp(FIRST_PUBLISHED),
        "modified": timestamp(FIRST_PUBLISHED),
        "name": "phalanx-evidence",
        "description": "How sure a scan is of a campaign, and on what that rests.",
        "schema": "Numbers log10_e, log10_e_apart, log10_e_honest, threshold_log10_e (base-10 "
        "logarithms of e-values), false_discovery_rate in (0, 1); list evidence of objects "
        "with rule, log10_e, sample_size, reference_size, observation.",
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }


def extraction(marking_id: str) -> Object:
    """Return the attack pattern "Extract AI Model", known by its MITRE ATLAS identifier.

    Parameters:
        marking_id: Marking that the object carries.
    """
    return {
        "type": "attack-pattern",
        "spec_version": "2.1",
        "id": EXTRACTION_ID,
        "created_by_ref": PUBLISHER_ID,
        "created": timestamp(FIRST_PUBLISHED),
        "modified": timestamp(FIRST_PUBLISHED),
        "name": "Extract AI Model",
        "external_references": atlas_references([TECHNIQUE]),
        "object_marking_refs": [marking_id],
    }


def intrusion_set(match: ProfileComparison, marking_id: str, moment: str) -> Object:
    """Return a known actor as its profile describes it; one object, however many campaigns.

    Parameters:
        match: The profile that matched at grade C or better.
        marking_id: Marking that the object carries.
        moment: When it was compared, as STIX writes times.
    """
    said = {
        "operator": "Operator of distillation campaigns",
        "network": "Network that supplies accounts to operators",
    }[match.role]
    return {
        "type": "intrusion-set",
        "spec_version": "2.1",
        "id": object_id("intrusion-set", match.name),
        "created_by_ref": PUBLISHER_ID,
        "created": timestamp(FIRST_PUBLISHED),
        "modified": moment,
        "name": match.name,
        "description": f"{said}, named by a profile that a person wrote; see its references.",
        **({"aliases": list(match.aliases)} if match.aliases else {}),
        "external_references": [
            {
                "source_name": source.title,
                # A property `url` asks for a hash of what is there, which nobody has.
                "description": f"Dated {source.date.isoformat()}. {source.url}".rstrip(),
            }
            for source in match.sources
        ],
        "object_marking_refs": [marking_id],
    }

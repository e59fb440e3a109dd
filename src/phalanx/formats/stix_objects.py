"""The parts of STIX 2.1 that a bundle of ours is built from: identifiers, markings, producer.

Identifiers are deterministic, so that a second scan updates objects and never doubles them.
Observables take the UUIDv5 that STIX 2.1 (section 2.9) prescribes. For other objects the
specification asks for version 4, of which it says no more than that two producers must not
collide: the random bits are taken from SHA-256 of the producer's namespace and the name.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from phalanx.model import ProfileComparison

NAMESPACE = "phalanx.stix/1"
OBSERVABLE_NAMESPACE = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""Namespace that STIX 2.1 fixes for identifiers of observables."""

TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
TLP_AMBER_STRICT = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"

FIRST_PUBLISHED = datetime(2026, 1, 1, tzinfo=UTC)
"""When the producer and the extension were first published under their identifiers."""

Object = dict[str, Any]


def object_id(kind: str, *names: str) -> str:
    """Return the identifier of an object that is no observable.

    Parameters:
        kind: STIX type of the object.
        names: What tells it from every other object of this type.

    Examples:
        >>> object_id("campaign", "c1") == object_id("campaign", "c1")
        True
        >>> uuid.UUID(object_id("campaign", "c1").removeprefix("campaign--")).version
        4
    """
    digest = hashlib.sha256(json.dumps([NAMESPACE, kind, *names]).encode()).digest()
    return f"{kind}--{uuid.UUID(bytes=digest[:16], version=4)}"


def account_id(user_id: str) -> str:
    """Return the identifier of a `user-account`, the UUIDv5 of its contributing property.

    Parameters:
        user_id: The account, as a pseudonym.
    """
    name = json.dumps({"user_id": user_id}, ensure_ascii=False, separators=(",", ":"))
    return f"user-account--{uuid.uuid5(OBSERVABLE_NAMESPACE, name)}"


def timestamp(moment: datetime) -> str:
    """Write a moment as STIX wants it: UTC, milliseconds.

    Examples:
        >>> timestamp(datetime(2026, 3, 2, 7, 30, tzinfo=UTC))
        '2026-03-02T07:30:00.000Z'
    """
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    )


def marking(*, pseudonymous: bool) -> Object:
    """Return TLP 2.0 AMBER, or AMBER+STRICT where accounts stand in clear.

    Parameters:
        pseudonymous: Whether account identifiers are pseudonyms.
    """
    level = "amber" if pseudonymous else "amber+strict"
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_AMBER if pseudonymous else TLP_AMBER_STRICT,
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{level.upper()}",
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": level}},
    }


PRODUCER_ID = object_id("identity", "phalanx")
EXTENSION_ID = object_id("extension-definition", "evidence")
EXTRACTION_ID = object_id("attack-pattern", "AML.T0024.002")


def producer() -> Object:
    """Return the identity that stands as creator of every object."""
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": PRODUCER_ID,
        "created": timestamp(FIRST_PUBLISHED),
        "modified": timestamp(FIRST_PUBLISHED),
        "name": "Phalanx",
        "description": "Finds campaigns that distil AI models through their API, with stated "
        "error. The provider that ran it answers for what it shares.",
        "identity_class": "system",
    }


def evidence_extension() -> Object:
    """Return the definition of the extension that carries e-values."""
    return {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": EXTENSION_ID,
        "created_by_ref": PRODUCER_ID,
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
        "created_by_ref": PRODUCER_ID,
        "created": timestamp(FIRST_PUBLISHED),
        "modified": timestamp(FIRST_PUBLISHED),
        "name": "Extract AI Model",
        "external_references": [atlas_reference()],
        "object_marking_refs": [marking_id],
    }


def atlas_reference() -> Object:
    """Return the reference to the technique in MITRE ATLAS."""
    return {"source_name": "mitre-atlas", "external_id": "AML.T0024.002"}


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
        "created_by_ref": PRODUCER_ID,
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

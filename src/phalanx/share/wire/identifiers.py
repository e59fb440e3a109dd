"""Identifiers: the same thing has the same one, whoever names it, however often.

Observables of STIX take the UUIDv5 of their contributing properties that STIX 2.1 (section 2.9)
prescribes, so that two members who saw the same thing name it alike. Everything else takes 122
bits of SHA-256, written as version 4: domain objects, of which the specification asks version 4,
over the producer and a name; the two observables of our extension over their contributing
properties, because the OASIS validator calls an observable that it does not know a domain object.
Techniques of MITRE ATLAS keep the identifiers that ATLAS publishes.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import rfc8785

Object = dict[str, Any]
"""A JSON object as it goes over the wire."""

OBSERVABLE_NAMESPACE = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""Namespace that STIX 2.1 fixes for identifiers of observables."""

ATLAS_NAMESPACE = uuid.UUID(bytes=b"atlas.mitre.org.")
"""Namespace from which MITRE ATLAS takes the identifiers of its STIX bundle."""


def object_id(kind: str, *names: str, namespace: str = "phalanx.stix/1") -> str:
    """Return the identifier of an object that is no observable.

    Parameters:
        kind: STIX type of the object.
        names: What tells it from every other object of this type and namespace.
        namespace: Of the producer.

    Examples:
        >>> object_id("campaign", "c1") == object_id("campaign", "c1")
        True
        >>> uuid.UUID(object_id("campaign", "c1").removeprefix("campaign--")).version
        4
    """
    digest = hashlib.sha256(json.dumps([namespace, kind, *names]).encode()).digest()
    return f"{kind}--{uuid.UUID(bytes=digest[:16], version=4)}"


def observable_id(kind: str, contributing: Object) -> str:
    """Return the identifier of an observable, the UUIDv5 of its contributing properties.

    Parameters:
        kind: STIX type of the observable.
        contributing: The properties that make it this observable and no other.

    Examples:
        >>> observable_id("user-account", {"user_id": "acc_1"})
        'user-account--29f2c0da-317c-50a3-a916-884334a830fb'
    """
    name = rfc8785.dumps(contributing).decode()
    return f"{kind}--{uuid.uuid5(OBSERVABLE_NAMESPACE, name)}"


def extended_id(kind: str, contributing: Object) -> str:
    """Return the identifier of an observable that our extension defines.

    Parameters:
        kind: Its type.
        contributing: The properties that make it this observable and no other.
    """
    return object_id(kind, rfc8785.dumps(contributing).decode())


def technique_id(atlas_id: str) -> str:
    """Return the identifier of the attack pattern that MITRE ATLAS publishes for a technique.

    Examples:
        >>> technique_id("AML.T0024.002")
        'attack-pattern--3f567912-629a-5e0b-ab0c-0102977c2d6c'
    """
    return f"attack-pattern--{uuid.uuid5(ATLAS_NAMESPACE, atlas_id)}"


def timestamp(moment: datetime) -> str:
    """Write a moment as STIX wants it: UTC, milliseconds.

    Parameters:
        moment: With its time zone.

    Raises:
        ValueError: If it has none.

    Examples:
        >>> timestamp(datetime(2026, 3, 2, 7, 30, tzinfo=UTC))
        '2026-03-02T07:30:00.000Z'
    """
    if moment.tzinfo is None:
        message = "a moment needs its time zone"
        raise ValueError(message)
    utc = moment.astimezone(UTC)
    # Not strftime: it leaves out leading zeros of years on some systems.
    return f"{utc.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"

"""Catalogue, profiles and mappings in OSCAL, so that other tools read them.

References:
    OSCAL 1.2.1, the models catalog, profile and mapping-collection.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from phalanx.govern.controls.catalogue import Catalogue, Control

VERSION = "1.2.1"
"""Of OSCAL."""

CATALOGUE_FILE, MAPPING_FILE = "phx-catalog.json", "phx-mapping.json"

Json = Mapping[str, Any]
_NAMESPACE = uuid.UUID("6f1c1c3a-7a1e-5b4e-9d6f-3f0f6a1b2c3d")
"""Of our identifiers, which are made from names (RFC 9562, version 5)."""


def identifier(*words: str) -> str:
    """Return an identifier that follows from words.

    Examples:
        >>> identifier("catalogue", "1.0.0") == identifier("catalogue", "1.0.0")
        True
    """
    return str(uuid.uuid5(_NAMESPACE, "\n".join(words)))


def metadata(catalogue: Catalogue, title: str, at: datetime | None = None) -> Json:
    """Return the head of a document.

    Parameters:
        catalogue: That it is of.
        title: Of the document.
        at: When it was written; the day of the catalogue where it is null.
    """
    moment = at or datetime.combine(catalogue.dated, time(0), UTC)
    return {
        "title": title,
        "last-modified": moment.isoformat(),
        "version": catalogue.version,
        "oscal-version": VERSION,
    }


def catalogue_document(catalogue: Catalogue) -> Json:
    """Return the catalogue as an OSCAL catalog."""
    groups = [
        {
            "id": each.id,
            "class": "family",
            "title": each.title,
            "controls": [_control(control) for control in each.controls],
        }
        for each in catalogue.families
    ]
    return {
        "catalog": {
            "uuid": identifier("catalog", catalogue.sha256),
            "metadata": metadata(catalogue, catalogue.title),
            "groups": groups,
        }
    }


def profile_document(catalogue: Catalogue, profile: str) -> Json:
    """Return a profile as an OSCAL profile over the catalogue's file.

    Raises:
        KeyError: If there is no such profile.
    """
    ids = [each.id for each in catalogue.of_profile(profile)]
    return {
        "profile": {
            "uuid": identifier("profile", catalogue.sha256, profile),
            "metadata": metadata(catalogue, f"{catalogue.title}: {profile}"),
            "imports": [{"href": CATALOGUE_FILE, "include-controls": [{"with-ids": ids}]}],
            "merge": {"as-is": True},
        }
    }


def mapping_document(catalogue: Catalogue) -> Json:
    """Return what controls have to do with other frameworks as an OSCAL mapping-collection."""
    return {
        "mapping-collection": {
            "uuid": identifier("mapping", catalogue.sha256),
            "metadata": metadata(catalogue, f"{catalogue.title}: mappings"),
            "provenance": {
                "method": "human",
                "matching-rationale": "semantic",
                "status": "draft",
                "mapping-description": (
                    "Controls that have to do with each other. None is said to fulfil another."
                ),
            },
            "mappings": [
                _mapping(catalogue, name, title) for name, title in catalogue.frameworks.items()
            ],
        }
    }


def _control(control: Control) -> Json:
    parts = [
        {"id": f"{control.id}_smt", "name": "statement", "prose": control.statement},
        {"id": f"{control.id}_obj", "name": "assessment-objective", "prose": control.evidence},
    ]
    found: dict[str, Any] = {
        "id": control.id,
        "class": "PHX",
        "title": control.title,
        "props": [{"name": "label", "value": control.id.upper()}],
        "parts": parts,
    }
    return found


def _mapping(catalogue: Catalogue, framework: str, title: str) -> Json:
    maps = [
        {
            "uuid": identifier("map", catalogue.sha256, framework, control.id, other),
            "relationship": "intersects-with",
            "sources": [{"type": "control", "id-ref": control.id}],
            "targets": [{"type": "control", "id-ref": other}],
        }
        for control in catalogue
        for other in control.maps.get(framework, ())
    ]
    return {
        "uuid": identifier("mapping", catalogue.sha256, framework),
        "source-resource": {"type": "catalog", "href": CATALOGUE_FILE},
        "target-resource": {"type": "catalog", "href": f"urn:phalanx:framework:{framework}"},
        "maps": maps,
        "remarks": title,
    }

"""The extension of STIX 2.1 that the alliance speaks: two observables, and how to handle objects.

One `extension-definition` carries both kinds of extension. As `new-sco` it defines
`llm-account-fingerprint` and `prompt-template-sketch`. As `property-extension` it adds to a
marking what an object may be used for and on which legal basis it was shared, to a campaign how
sure its finder is, to a sighting in which bucket its count lies, and to a note a statistic.
"""

from __future__ import annotations

from datetime import UTC, datetime

from phalanx.share.wire.identifiers import Object, object_id, timestamp

EXTENSION_ID = object_id("extension-definition", "share")
VERSION = "1.0.0"
FIRST_PUBLISHED = datetime(2026, 1, 1, tzinfo=UTC)
"""When the extension was first published under its identifier."""

PUBLISHER_ID = object_id("identity", "phalanx")
"""Of the identity that stands behind the extension; no member of the alliance."""


def extension_definition() -> Object:
    """Return the definition that goes with the first objects a member sends."""
    return {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": EXTENSION_ID,
        "created_by_ref": PUBLISHER_ID,
        "created": timestamp(FIRST_PUBLISHED),
        "modified": timestamp(FIRST_PUBLISHED),
        "name": "phalanx-share",
        "description": "Indicators of model distillation: blinded fingerprints of accounts, "
        "sketches of prompt templates, permitted use.",
        "schema": "JSON Schemas (2020-12) in the Python package phalanx, share/wire/schemas: "
        "llm-account-fingerprint, prompt-template-sketch, properties.",
        "version": VERSION,
        "extension_types": ["new-sco", "property-extension"],
    }


def publisher() -> Object:
    """Return the identity that stands behind the extension."""
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": PUBLISHER_ID,
        "created": timestamp(FIRST_PUBLISHED),
        "modified": timestamp(FIRST_PUBLISHED),
        "name": "Phalanx",
        "description": "Finds campaigns that distil AI models through their API, with stated "
        "error. The provider that ran it answers for what it shares.",
        "identity_class": "system",
    }


def as_observable() -> Object:
    """Return the `extensions` of an observable that the extension defines."""
    return {EXTENSION_ID: {"extension_type": "new-sco"}}


def as_properties(**properties: object) -> Object:
    """Return the `extensions` of an object to which the extension adds properties.

    Examples:
        >>> as_properties(count_bucket="10-29")[EXTENSION_ID]["count_bucket"]
        '10-29'
    """
    return {EXTENSION_ID: {"extension_type": "property-extension", **properties}}


def properties_of(item: Object) -> Object:
    """Return the properties that the extension added to an object, or nothing."""
    extensions = item.get("extensions")
    found = extensions.get(EXTENSION_ID) if isinstance(extensions, dict) else None
    return found if isinstance(found, dict) else {}

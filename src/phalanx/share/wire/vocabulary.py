"""Which types of object there are, and what each must have: STIX 2.1 and our extension."""

from __future__ import annotations

_DOMAIN: dict[str, tuple[str, ...]] = {
    "attack-pattern": ("name",),
    "campaign": ("name",),
    "course-of-action": ("name",),
    "grouping": ("context", "object_refs"),
    "identity": ("name",),
    "incident": ("name",),
    "indicator": ("pattern", "pattern_type", "valid_from"),
    "infrastructure": ("name",),
    "intrusion-set": ("name",),
    "location": (),
    "malware": ("is_family",),
    "malware-analysis": ("product",),
    "note": ("content", "object_refs"),
    "observed-data": ("first_observed", "last_observed", "number_observed"),
    "opinion": ("opinion", "object_refs"),
    "relationship": ("relationship_type", "source_ref", "target_ref"),
    "report": ("name", "published", "object_refs"),
    "sighting": ("sighting_of_ref",),
    "threat-actor": ("name",),
    "tool": ("name",),
    "vulnerability": ("name",),
}

_META: dict[str, tuple[str, ...]] = {
    "extension-definition": (
        "created", "modified", "created_by_ref", "name", "schema", "version", "extension_types",
    ),
    "language-content": ("created", "modified", "object_ref", "contents"),
    "marking-definition": ("created",),
}  # fmt: skip

_OBSERVABLE: dict[str, tuple[str, ...]] = {
    "artifact": (),
    "autonomous-system": ("number",),
    "directory": ("path",),
    "domain-name": ("value",),
    "email-addr": ("value",),
    "email-message": ("is_multipart",),
    "file": (),
    "ipv4-addr": ("value",),
    "ipv6-addr": ("value",),
    "mac-addr": ("value",),
    "mutex": ("name",),
    "network-traffic": ("protocols",),
    "process": (),
    "software": ("name",),
    "url": ("value",),
    "user-account": (),
    "windows-registry-key": (),
    "x509-certificate": (),
}

OURS: dict[str, tuple[str, ...]] = {
    "llm-account-fingerprint": ("extensions", "kind", "scheme", "epoch", "value"),
    "prompt-template-sketch": (
        "extensions", "canonicaliser", "epoch", "minhash", "minhash_bits", "simhash",
        "shingle_size", "length_bucket", "capability",
    ),
}  # fmt: skip
"""The observables of our extension."""

REQUIRED: dict[str, tuple[str, ...]] = {
    **{kind: ("spec_version", "created", "modified", *fields) for kind, fields in _DOMAIN.items()},
    **{kind: ("spec_version", *fields) for kind, fields in _META.items()},
    **_OBSERVABLE,
    **OURS,
}
"""For each type that is accepted what it must have besides `type` and `id`."""

MOMENTS = (
    "created", "modified", "valid_from", "valid_until", "first_seen", "last_seen", "published",
    "first_observed", "last_observed",
)  # fmt: skip
"""Properties that hold a moment, wherever they stand at the top of an object."""

IN_ORDER = (
    ("created", "modified"), ("first_seen", "last_seen"), ("first_observed", "last_observed"),
)  # fmt: skip
"""Pairs of which the second may not be before the first."""

"""Signatures of many versions in one object, so that any TAXII server carries them.

A signature stands beside what it signs. Between members it travels as a `note` that refers to the
objects, with the signatures as a property of the extension. The note itself is not signed: what
it says is believed only as far as each signature in it holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict

import msgspec

from phalanx.share.wire.extension import as_properties, properties_of
from phalanx.share.wire.identifiers import Object
from phalanx.share.wire.objects import Authorship, head_of
from phalanx.share.wire.signature import Signature

MOST_SIGNATURES = 500
"""In one object, which so stays below the 256 KiB that are taken."""


def signature_list(signatures: Sequence[Signature], by: Authorship) -> Object:
    """Return an object that carries signatures.

    Parameters:
        signatures: Of one member, at least 1 and at most `MOST_SIGNATURES`.
        by: Authorship.

    Raises:
        ValueError: If there are none, or too many.
    """
    if not 0 < len(signatures) <= MOST_SIGNATURES:
        message = f"a list has 1 to {MOST_SIGNATURES} signatures"
        raise ValueError(message)
    digest = hashlib.sha256("".join(each.value for each in signatures).encode()).hexdigest()
    return {
        **head_of("note", by, "signatures", digest),
        "abstract": "Signatures",
        "content": "Signatures of versions of objects.",
        "object_refs": list(dict.fromkeys(each.object_id for each in signatures)),
        "extensions": as_properties(signatures=[asdict(each) for each in signatures]),
    }


def signatures_of(item: Object) -> tuple[Signature, ...]:
    """Return the signatures that an object carries; nothing for one that is no list of them.

    Parameters:
        item: Of any type, as it was received.
    """
    listed = properties_of(item).get("signatures") if item.get("type") == "note" else None
    try:
        return msgspec.convert(listed or (), tuple[Signature, ...])
    except msgspec.ValidationError:
        return ()

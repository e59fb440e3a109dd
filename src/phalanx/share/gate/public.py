"""Objects that are public and the same for everybody: definitions, labels, markings of a basis."""

from __future__ import annotations

from collections.abc import Sequence

from phalanx.share.wire import Object, extension_definition, publisher
from phalanx.share.wire.markings import PAP_IDS, TLP_IDS, pap_marking, tlp_marking, use_marking

_PUBLIC: dict[str, Object] = {
    each["id"]: each
    for each in (
        extension_definition(),
        publisher(),
        *map(tlp_marking, TLP_IDS),
        *map(pap_marking, PAP_IDS),
    )
}


def is_public(item: Object, legal_bases: Sequence[str]) -> bool:
    """Tell whether an object is one of these, to the letter.

    Parameters:
        item: Any object.
        legal_bases: Of the share, whose markings leave with it.

    Examples:
        >>> is_public(extension_definition(), ()), is_public({"id": publisher()["id"]}, ())
        (True, False)
    """
    uses = (use_marking("defence-only", name) for name in legal_bases)
    return item in (_PUBLIC.get(str(item.get("id"))), *uses)

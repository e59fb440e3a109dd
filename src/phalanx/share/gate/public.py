"""Objects that are public and the same for everybody: definitions, labels, markings of a basis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def public_objects(legal_bases: Sequence[str]) -> Mapping[str, Object]:
    """Return these objects by identifier.

    Parameters:
        legal_bases: Of the share, whose markings leave with it.

    Examples:
        >>> publisher()["id"] in public_objects(())
        True
    """
    uses = [use_marking("defence-only", name) for name in legal_bases]
    return {**_PUBLIC, **{use["id"]: use for use in uses}}

"""Link families, one a file: what parties of one operator share without declaring it."""

from __future__ import annotations

from phalanx.detect.codes import MISSING
from phalanx.detect.links.address import SharedAddress
from phalanx.detect.links.birth import BirthBurst
from phalanx.detect.links.email import SharedEmailPattern
from phalanx.detect.links.family import LinkFamily, Moment, Source
from phalanx.detect.links.parameters import SharedParameters
from phalanx.detect.links.payment import SharedPayment
from phalanx.detect.links.synchrony import SynchronisedActivity
from phalanx.detect.links.template import SharedTemplate
from phalanx.detect.links.tls import SharedTlsFingerprint

SHARED_TEMPLATE = SharedTemplate()
CONTENT_FAMILIES: tuple[LinkFamily, ...] = (
    SHARED_TEMPLATE,
    SharedParameters(),
    SharedTlsFingerprint(),
)
"""What parties send, and with which program."""

IDENTITY_FAMILIES: tuple[LinkFamily, ...] = (
    SharedPayment(),
    SharedEmailPattern(),
    SharedAddress(),
)
"""Who pays, who registered, and from where; fixed when parties first appear."""

BIRTH_FAMILIES: tuple[LinkFamily, ...] = (BirthBurst(),)
"""When parties registered."""

STANDING_FAMILIES: tuple[LinkFamily, ...] = (*IDENTITY_FAMILIES, *BIRTH_FAMILIES)
"""Where parties come from, all of it."""

SYNCHRONISED_ACTIVITY = SynchronisedActivity()

ALL_FAMILIES: tuple[LinkFamily, ...] = (
    *CONTENT_FAMILIES,
    *STANDING_FAMILIES,
    SYNCHRONISED_ACTIVITY,
)

__all__ = [
    "ALL_FAMILIES",
    "BIRTH_FAMILIES",
    "CONTENT_FAMILIES",
    "IDENTITY_FAMILIES",
    "MISSING",
    "SHARED_TEMPLATE",
    "STANDING_FAMILIES",
    "SYNCHRONISED_ACTIVITY",
    "LinkFamily",
    "Moment",
    "Source",
]

"""Link families, one a file: what parties of one operator share without declaring it."""

from __future__ import annotations

from phalanx.detect.codes import MISSING
from phalanx.detect.links.address import SharedAddress
from phalanx.detect.links.alike import AlikeContent
from phalanx.detect.links.birth import BirthBurst
from phalanx.detect.links.email import SharedEmailPattern
from phalanx.detect.links.failover import FailoverContinuation
from phalanx.detect.links.family import (
    LinkFamily,
    Moment,
    OwnTest,
    SharedValues,
    Source,
    Tester,
)
from phalanx.detect.links.load import EqualisedLoad
from phalanx.detect.links.mark import SHARED_MARK
from phalanx.detect.links.parameters import SharedParameters
from phalanx.detect.links.payment import SharedPayment
from phalanx.detect.links.pivot import ModelPivot
from phalanx.detect.links.synchrony import SynchronisedActivity
from phalanx.detect.links.template import SharedTemplate
from phalanx.detect.links.tls import SharedTlsFingerprint
from phalanx.detect.links.trace import TraceReplay

SHARED_TEMPLATE = SharedTemplate()
SHARED_TLS_FINGERPRINT = SharedTlsFingerprint()
CONTENT_FAMILIES: tuple[SharedValues, ...] = (
    SHARED_TEMPLATE,
    SharedParameters(),
    SHARED_TLS_FINGERPRINT,
)
"""What parties send, and with which program."""

ALIKE_CONTENT = AlikeContent()
"""What parties write about. Never asked about a group that content formed."""

IDENTITY_FAMILIES: tuple[SharedValues, ...] = (
    SharedPayment(),
    SharedEmailPattern(),
    SharedAddress(),
)
"""Who pays, who registered, and from where; fixed when parties first appear."""

BIRTH_BURST = BirthBurst()
BIRTH_FAMILIES: tuple[SharedValues, ...] = (BIRTH_BURST,)
"""When parties registered."""

STANDING_FAMILIES: tuple[SharedValues, ...] = (*IDENTITY_FAMILIES, *BIRTH_FAMILIES)
"""Where parties come from, all of it."""

TIMING_FAMILIES: tuple[SharedValues, ...] = (
    SynchronisedActivity(),
    EqualisedLoad(),
    ModelPivot(),
)
"""When parties send, how much, and when they move to a new model."""

FAILOVER_CONTINUATION, TRACE_REPLAY = FailoverContinuation(), TraceReplay()
ROUTING_FAMILIES: tuple[LinkFamily, ...] = (FAILOVER_CONTINUATION, TRACE_REPLAY)
"""What moves from one party to another."""

SHARING_FAMILIES: tuple[SharedValues, ...] = (
    *CONTENT_FAMILIES,
    *STANDING_FAMILIES,
    *TIMING_FAMILIES,
    TRACE_REPLAY,
)
"""Families of values, which can be shown party by party."""

ALL_FAMILIES: tuple[LinkFamily, ...] = (
    *SHARING_FAMILIES,
    FAILOVER_CONTINUATION,
    ALIKE_CONTENT,
)

__all__ = [
    "ALIKE_CONTENT",
    "ALL_FAMILIES",
    "BIRTH_BURST",
    "BIRTH_FAMILIES",
    "CONTENT_FAMILIES",
    "IDENTITY_FAMILIES",
    "MISSING",
    "ROUTING_FAMILIES",
    "SHARED_MARK",
    "SHARED_TEMPLATE",
    "SHARED_TLS_FINGERPRINT",
    "SHARING_FAMILIES",
    "STANDING_FAMILIES",
    "TIMING_FAMILIES",
    "LinkFamily",
    "Moment",
    "OwnTest",
    "SharedValues",
    "Source",
    "Tester",
]

"""What goes over the wire: STIX 2.1 with one extension, signed version by version.

Builders take frozen records and give plain JSON objects; `check` reads what others sent. No
library of STIX runs here: `stix2` and its validator judge the output in tests.
"""

from __future__ import annotations

from phalanx.share.wire.atlas_case import atlas_case
from phalanx.share.wire.attribution import SharedAttribution, attribution_of
from phalanx.share.wire.buckets import bucket_floor, bucket_name
from phalanx.share.wire.check import Limits, check
from phalanx.share.wire.document import Document, document, joined, split
from phalanx.share.wire.extension import (
    EXTENSION_ID,
    extension_definition,
    properties_of,
    publisher,
)
from phalanx.share.wire.feedback import (
    MemberOpinion,
    OpinionSummary,
    OpinionValue,
    Verdict,
    aggregate,
    opinion,
    sighting,
)
from phalanx.share.wire.identifiers import (
    Object,
    object_id,
    observable_id,
    technique_id,
    timestamp,
)
from phalanx.share.wire.infrastructure import LIFETIME, Place, infrastructure, valid_until
from phalanx.share.wire.markings import TLP_IDS, Handling, tlp_of
from phalanx.share.wire.matching import pattern_of
from phalanx.share.wire.objects import (
    Authorship,
    Cluster,
    Indicator,
    SharedCampaign,
    campaign,
    grouping,
    indicator,
    member_id,
    member_identity,
    relationship,
    uses_technique,
)
from phalanx.share.wire.observables import (
    CAPABILITIES,
    SCHEME,
    AccountFingerprint,
    Address,
    AutonomousSystem,
    Domain,
    Observable,
    PromptTemplateSketch,
    identifier_of,
    observable,
)
from phalanx.share.wire.patterns import Comparison, PatternError, read_pattern
from phalanx.share.wire.retraction import revoked
from phalanx.share.wire.schema import schema
from phalanx.share.wire.signature import Signature, content_hash, key_id_of, sign, verify
from phalanx.share.wire.signature_list import MOST_SIGNATURES, signature_list, signatures_of
from phalanx.share.wire.statistic import Statistic, statistic

__all__ = [
    "CAPABILITIES",
    "EXTENSION_ID",
    "LIFETIME",
    "MOST_SIGNATURES",
    "SCHEME",
    "TLP_IDS",
    "AccountFingerprint",
    "Address",
    "Authorship",
    "AutonomousSystem",
    "Cluster",
    "Comparison",
    "Document",
    "Domain",
    "Handling",
    "Indicator",
    "Limits",
    "MemberOpinion",
    "Object",
    "Observable",
    "OpinionSummary",
    "OpinionValue",
    "PatternError",
    "Place",
    "PromptTemplateSketch",
    "SharedAttribution",
    "SharedCampaign",
    "Signature",
    "Statistic",
    "Verdict",
    "aggregate",
    "atlas_case",
    "attribution_of",
    "bucket_floor",
    "bucket_name",
    "campaign",
    "check",
    "content_hash",
    "document",
    "extension_definition",
    "grouping",
    "identifier_of",
    "indicator",
    "infrastructure",
    "joined",
    "key_id_of",
    "member_id",
    "member_identity",
    "object_id",
    "observable",
    "observable_id",
    "opinion",
    "pattern_of",
    "properties_of",
    "publisher",
    "read_pattern",
    "relationship",
    "revoked",
    "schema",
    "sighting",
    "sign",
    "signature_list",
    "signatures_of",
    "split",
    "statistic",
    "technique_id",
    "timestamp",
    "tlp_of",
    "uses_technique",
    "valid_until",
    "verify",
]

"""The nouns of Phalanx: frozen records without behaviour, shared by every capability."""

from __future__ import annotations

from phalanx.model.attribution import (
    Attribution,
    Grade,
    Hypothesis,
    LinkedValue,
    MeasuredFeature,
    OperatorKind,
    ProfileComparison,
    RelatedGroup,
    RoleEvidence,
    TraitComparison,
)
from phalanx.model.campaign import (
    Action,
    AuthorisedGroup,
    Campaign,
    CampaignMarks,
    GroupFacts,
    Harm,
    Judgement,
    Member,
    NotJudged,
    SuspiciousParty,
    UndeclaredPool,
)
from phalanx.model.evidence import Evidence, ExactEvidence, Inconclusive
from phalanx.model.grant import Grant
from phalanx.model.mixed_account import MixedAccount
from phalanx.model.profile import (
    ActorProfile,
    AttributionRole,
    ProfileSource,
    RequestSettings,
    Trait,
)

__all__ = [
    "Action",
    "ActorProfile",
    "Attribution",
    "AttributionRole",
    "AuthorisedGroup",
    "Campaign",
    "CampaignMarks",
    "Evidence",
    "ExactEvidence",
    "Grade",
    "Grant",
    "GroupFacts",
    "Harm",
    "Hypothesis",
    "Inconclusive",
    "Judgement",
    "LinkedValue",
    "MeasuredFeature",
    "Member",
    "MixedAccount",
    "NotJudged",
    "OperatorKind",
    "ProfileComparison",
    "ProfileSource",
    "RelatedGroup",
    "RequestSettings",
    "RoleEvidence",
    "SuspiciousParty",
    "Trait",
    "TraitComparison",
    "UndeclaredPool",
]

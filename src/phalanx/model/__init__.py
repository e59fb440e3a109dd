"""The nouns of Phalanx: frozen records without behaviour, shared by every capability."""

from __future__ import annotations

from phalanx.model.campaign import (
    Action,
    AuthorisedGroup,
    Campaign,
    GroupFacts,
    Harm,
    Judgement,
    Member,
    NotJudged,
    SuspiciousParty,
    UndeclaredPool,
)
from phalanx.model.evidence import Evidence, Inconclusive
from phalanx.model.grant import Grant

__all__ = [
    "Action",
    "AuthorisedGroup",
    "Campaign",
    "Evidence",
    "Grant",
    "GroupFacts",
    "Harm",
    "Inconclusive",
    "Judgement",
    "Member",
    "NotJudged",
    "SuspiciousParty",
    "UndeclaredPool",
]

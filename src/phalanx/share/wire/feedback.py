"""What receivers say back: sightings in buckets, opinions, and what opinions come to.

Each member keeps one opinion of an object, its newest. Who says nothing or is neutral counts for
neither side. Positive and negative opinions together make it disputed, as in ThreatExchange;
negative ones of enough members, and no positive one, take it out of use until somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from phalanx.share.wire.buckets import bucket_floor, bucket_name
from phalanx.share.wire.extension import as_properties
from phalanx.share.wire.identifiers import Object, timestamp
from phalanx.share.wire.objects import Authorship, head_of

OpinionValue = Literal["strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"]
Verdict = Literal["POSITIVE", "DISPUTED", "NEGATIVE", "NONE"]

_AGREE: frozenset[OpinionValue] = frozenset({"agree", "strongly-agree"})
_DISAGREE: frozenset[OpinionValue] = frozenset({"disagree", "strongly-disagree"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberOpinion:
    """What one member says of one object."""

    member: str
    """Its identity."""

    value: OpinionValue
    modified: datetime
    """The newest counts."""

    revoked: bool = False
    """Whether the member took it back."""


@dataclass(frozen=True, slots=True)
class OpinionSummary:
    """What the opinions of all members come to."""

    verdict: Verdict
    """NONE where nobody agrees or disagrees."""

    agreeing: int
    """Members."""

    disagreeing: int
    """Members."""

    is_quarantined: bool
    """Whether receivers should leave it aside: enough members disagree, and nobody agrees."""


def aggregate(
    opinions: Iterable[MemberOpinion], *, author: str = "", quarantine: int = 2
) -> OpinionSummary:
    """Return what the opinions of members on one object come to.

    Parameters:
        opinions: In any order, several of one member among them.
        author: Member whose own opinion of its object does not count.
        quarantine: Disagreeing members from which an object is left aside, at least 1.

    Examples:
        >>> from datetime import UTC
        >>> now = datetime(2026, 3, 1, tzinfo=UTC)
        >>> said = [MemberOpinion(member="a", value="agree", modified=now)]
        >>> aggregate(said).verdict
        'POSITIVE'
        >>> said += [MemberOpinion(member="b", value="strongly-disagree", modified=now)]
        >>> aggregate(said).verdict
        'DISPUTED'
    """
    newest: dict[str, MemberOpinion] = {}
    # Of two opinions of one moment the more negative counts, in whatever order they came.
    for each in sorted(opinions, key=lambda said: (said.modified, said.revoked, _weight(said))):
        newest[each.member] = each
    counted = [each for each in newest.values() if not each.revoked and each.member != author]
    agreeing = sum(each.value in _AGREE for each in counted)
    disagreeing = sum(each.value in _DISAGREE for each in counted)
    verdict: Verdict = "NONE"
    if agreeing and disagreeing:
        verdict = "DISPUTED"
    elif agreeing or disagreeing:
        verdict = "POSITIVE" if agreeing else "NEGATIVE"
    return OpinionSummary(
        verdict, agreeing, disagreeing, verdict == "NEGATIVE" and disagreeing >= quarantine
    )


def _weight(said: MemberOpinion) -> int:
    order = ("strongly-agree", "agree", "neutral", "disagree", "strongly-disagree")
    return order.index(said.value)


def opinion(value: OpinionValue, about: str, by: Authorship, explanation: str = "") -> Object:
    """Return what a member says of an object of another.

    Parameters:
        value: How far it agrees.
        about: Identifier of the object.
        by: Authorship; a later version of the same member and object replaces this one.
        explanation: Why; goes through the disclosure gate as any text.
    """
    return {
        **head_of("opinion", by, about),
        **({"explanation": explanation} if explanation else {}),
        "opinion": value,
        "object_refs": [about],
    }


def sighting(
    of: str, count: int, first_seen: datetime, last_seen: datetime, by: Authorship
) -> Object:
    """Return that a member saw what another shared, and in which bucket its count lies.

    Parameters:
        of: Identifier of the indicator or campaign.
        count: How often, at least 1; only its bucket leaves.
        first_seen: Of these times.
        last_seen: Of these times.
        by: Authorship; the member appears under its pseudonym.
    """
    return {
        **head_of("sighting", by, of),
        "sighting_of_ref": of,
        "where_sighted_refs": [by.member],
        "count": bucket_floor(count),
        "first_seen": timestamp(first_seen),
        "last_seen": timestamp(last_seen),
        "extensions": as_properties(count_bucket=bucket_name(count)),
    }

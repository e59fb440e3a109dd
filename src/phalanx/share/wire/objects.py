"""What is told of a campaign: the campaign, its cluster, the rule that finds it, what relates them.

Typed records go in, plain JSON objects come out. `Authorship` is what all of them have: who says
so, since when, and how the object may be handled. A version is the pair of `id` and `modified`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal

from phalanx.share.wire.attribution import SharedAttribution
from phalanx.share.wire.extension import as_properties
from phalanx.share.wire.identifiers import Object, object_id, technique_id, timestamp
from phalanx.share.wire.markings import Handling
from phalanx.share.wire.patterns import read_pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """Who says it, since when, and what may be done with it."""

    member: str
    """Identifier of the identity under which the member appears: a pseudonym in the alliance."""

    created: datetime
    """When its first version was made."""

    modified: datetime
    """When this version was made, not before `created`."""

    handling: Handling
    """Markings."""

    confidence: int | None = None
    """0 to 100; None where the object states no claim."""

    techniques: tuple[str, ...] = ()
    """Identifiers in MITRE ATLAS, as `AML.T0024.002`; also of a case study."""

    namespace: str = field(default="", repr=False)
    """Of the identifiers of its objects, a secret of the member: whoever could work one out ahead
    could have it taken first. Empty takes `member`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A rule that finds what belongs to a campaign, until a day."""

    key: str
    """What tells it from every other indicator of the member."""

    name: str
    description: str
    pattern: str
    """In the pattern language of STIX."""

    valid_from: datetime
    valid_until: datetime
    """After `valid_from`: no indicator is valid for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCampaign:
    """Accounts that act together to copy what a model can do."""

    key: str
    """What tells it from every other campaign of the member."""

    name: str
    first_seen: datetime
    last_seen: datetime
    log10_e: float | None = None
    """Evidence against chance, as the base-10 logarithm of an e-value."""

    false_discovery_rate: float | None = None
    """Rate that the list was held to in which the campaign stood, in (0, 1)."""

    description: str = ""
    attribution: SharedAttribution | None = None
    """Who may be behind it; no name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Observables and objects that one operator is behind."""

    key: str
    """What tells it from every other cluster of the member."""

    name: str
    members: tuple[str, ...]
    """Identifiers of what belongs to it, at least one."""

    context: Literal["suspicious-activity", "unspecified"] = "suspicious-activity"


def indicator(rule: Indicator, by: Authorship) -> Object:
    """Return an indicator.

    Parameters:
        rule: What it finds and how long.
        by: Its authorship, with a confidence.

    Raises:
        ValueError: If it ends before it begins, states no confidence, or its pattern is none.
    """
    if rule.valid_until <= rule.valid_from:
        message = "an indicator is valid until a moment after it became valid"
        raise ValueError(message)
    if by.confidence is None:
        message = "an indicator states a confidence"
        raise ValueError(message)
    read_pattern(rule.pattern)
    return {
        **head_of("indicator", by, rule.key),
        "name": rule.name,
        "description": rule.description,
        "indicator_types": ["malicious-activity"],
        "pattern": rule.pattern,
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": timestamp(rule.valid_from),
        "valid_until": timestamp(rule.valid_until),
    }


def campaign(found: SharedCampaign, by: Authorship) -> Object:
    """Return a campaign, with how sure its finder is in the extension."""
    sure = _if_any(log10_e=found.log10_e, false_discovery_rate=found.false_discovery_rate)
    if found.attribution is not None:
        sure |= found.attribution.properties
    return {
        **head_of("campaign", by, found.key),
        "name": found.name,
        **_if_any(description=found.description),
        "first_seen": timestamp(found.first_seen),
        "last_seen": timestamp(found.last_seen),
        **({"extensions": as_properties(**sure)} if sure else {}),
    }


def grouping(cluster: Cluster, by: Authorship) -> Object:
    """Return the cluster of accounts and places behind a campaign.

    Raises:
        ValueError: If nothing belongs to it.
    """
    if not cluster.members:
        message = "a cluster has at least one member"
        raise ValueError(message)
    return {
        **head_of("grouping", by, cluster.key),
        "name": cluster.name,
        "context": cluster.context,
        "object_refs": list(cluster.members),
    }


def relationship(source: str, kind: str, target: str, by: Authorship) -> Object:
    """Return how one object relates to another: `uses`, `indicates`, `attributed-to`.

    Parameters:
        source: Identifier of the one; a target may be an attack pattern of MITRE ATLAS.
        kind: The relation, in the words of STIX.
        target: Identifier of the other.
        by: Authorship.
    """
    return {
        **head_of("relationship", by, source, kind, target),
        "relationship_type": kind,
        "source_ref": source,
        "target_ref": target,
    }


def uses_technique(source: str, atlas_id: str, by: Authorship) -> Object:
    """Return that a campaign uses a technique of MITRE ATLAS, by ATLAS's own identifier."""
    return relationship(source, "uses", technique_id(atlas_id), by)


def member_identity(pseudonym: str, created: datetime, handling: Handling) -> Object:
    """Return the identity under which a member appears: nothing but its pseudonym.

    Parameters:
        pseudonym: Name that the alliance gave it; members cannot tell whose it is.
        created: When it was given.
        handling: Markings.
    """
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": member_id(pseudonym),
        "created": timestamp(created),
        "modified": timestamp(created),
        "name": pseudonym,
        "identity_class": "organization",
        "object_marking_refs": handling.references,
    }


@lru_cache(maxsize=4096)
def member_id(pseudonym: str) -> str:
    """Return the identifier of a member, from its pseudonym alone."""
    return object_id("identity", "member", pseudonym)


def atlas_references(techniques: Sequence[str]) -> list[Object]:
    """Return references to techniques or case studies of MITRE ATLAS.

    Examples:
        >>> atlas_references(["AML.T0024.002"])
        [{'source_name': 'mitre-atlas', 'external_id': 'AML.T0024.002'}]
    """
    return [{"source_name": "mitre-atlas", "external_id": each} for each in techniques]


def head_of(kind: str, by: Authorship, *key: str) -> Object:
    """Return what every domain object and relationship begins with."""
    if by.modified < by.created:
        message = "a version is not older than the object"
        raise ValueError(message)
    if by.confidence is not None and not 0 <= by.confidence <= 100:
        message = "confidence outside [0, 100]"
        raise ValueError(message)
    references = atlas_references(by.techniques)
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": object_id(kind, *key, namespace=by.namespace or by.member),
        "created_by_ref": by.member,
        "created": timestamp(by.created),
        "modified": timestamp(by.modified),
        **_if_any(confidence=by.confidence),
        **({"external_references": references} if references else {}),
        "object_marking_refs": by.handling.references,
    }


def _if_any(**properties: object) -> Object:
    return {name: value for name, value in properties.items() if value not in {None, ""}}

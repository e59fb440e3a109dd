"""Places in the network that a campaign comes from, each for a time only.

An address of a residential proxy is somebody else's next week. So nothing of it is shared without
an end, and the end is near.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from phalanx.share.wire.identifiers import Object, timestamp
from phalanx.share.wire.matching import pattern_of
from phalanx.share.wire.objects import Authorship, Indicator, head_of, indicator, relationship
from phalanx.share.wire.observables import (
    AccountFingerprint,
    Address,
    AutonomousSystem,
    Domain,
    Observable,
    PromptTemplateSketch,
    observable,
)

LIFETIME: dict[type[Observable], timedelta] = {
    Address: timedelta(days=7),
    AutonomousSystem: timedelta(days=30),
    Domain: timedelta(days=30),
    AccountFingerprint: timedelta(days=90),
    PromptTemplateSketch: timedelta(days=180),
}
"""How long an indicator of each kind is valid after it was last seen, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A part of the network that belongs to a campaign."""

    key: str
    """What tells it from every other place of the member."""

    name: str
    parts: tuple[Address | AutonomousSystem | Domain, ...]
    """What it consists of, at least one."""

    first_seen: datetime
    last_seen: datetime


def infrastructure(place: Place, by: Authorship) -> tuple[Object, ...]:
    """Return a place, its observables, and an indicator that ends with the shortest lifetime.

    Parameters:
        place: Where the campaign came from.
        by: Authorship, with a confidence.

    Raises:
        ValueError: If the place has no parts.
    """
    if not place.parts:
        message = "a place in the network has at least one part"
        raise ValueError(message)
    head = {
        **head_of("infrastructure", by, place.key),
        "name": place.name,
        "infrastructure_types": ["anonymization"],
        "first_seen": timestamp(place.first_seen),
        "last_seen": timestamp(place.last_seen),
    }
    seen = tuple(observable(part, by.handling.references) for part in place.parts)
    consists = tuple(relationship(head["id"], "consists-of", each["id"], by) for each in seen)
    rule = indicator(
        Indicator(
            key=f"place {place.key}",
            name=place.name,
            description="Matches places in the network that accounts of the campaign came from.",
            pattern=pattern_of(place.parts),
            valid_from=place.first_seen,
            valid_until=valid_until(place.parts, place.last_seen),
        ),
        by,
    )
    return (head, *seen, *consists, rule, relationship(rule["id"], "indicates", head["id"], by))


def valid_until(parts: tuple[Observable, ...], last_seen: datetime) -> datetime:
    """Return how long an indicator of some observables may be valid: as the shortest-lived.

    Examples:
        >>> from datetime import UTC
        >>> valid_until((Address(value="192.0.2.1"),), datetime(2026, 3, 1, tzinfo=UTC)).day
        8
    """
    return last_seen + min(LIFETIME[type(part)] for part in parts)

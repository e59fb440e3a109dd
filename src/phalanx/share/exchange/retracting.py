"""Taking back: a last version of each object of a campaign, at once and whatever has lapsed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from phalanx.errors import InputError
from phalanx.share.exchange.house import House
from phalanx.share.exchange.leaving import take_back
from phalanx.share.exchange.outbox import forget_waiting, newest_sent, sent_of_campaign
from phalanx.share.gate import Decision
from phalanx.share.wire import Object, revoked

SHARED_TYPES = frozenset({"extension-definition", "identity", "marking-definition"})
"""Types that a campaign refers to and that outlive it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What became of one object."""

    item: Object
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """What a retraction came to."""

    objects: tuple[TakenBack, ...]
    """Versions that take an object back."""

    erased: tuple[str, ...]
    """Observables: they have no versions, so the hub is asked to erase them."""

    unsent: int
    """Objects that had not left yet, and do not."""


def with_parts(house: House, named: Iterable[str]) -> tuple[str, ...]:
    """Return what is to be taken back: of a campaign all of its objects.

    Parameters:
        house: The member.
        named: Identifiers of objects.

    Raises:
        InputError: If one was never sent, and does not wait.
    """
    found: dict[str, None] = {}
    with house.folder.writing() as connection:
        for name in named:
            parts = sent_of_campaign(connection, name)
            if not parts and newest_sent(connection, name) is None:
                message = f"{name[:100]}: no object of yours that left or waits"
                raise InputError(message, next_step="Name its STIX identifier.")
            found |= dict.fromkeys(parts or (name,))
    return tuple(found)


def retract(house: House, identifiers: Iterable[str]) -> Retraction:
    """Take objects back.

    Parameters:
        house: The member.
        identifiers: Of objects, as `with_parts` returns them.

    Raises:
        InputError: If one was taken back before, or is of a type that outlives a campaign.
    """
    objects, erased, unsent = [], [], 0
    for name in identifiers:
        if name.partition("--")[0] in SHARED_TYPES:
            message = f"{name[:100]}: not an object of a campaign"
            raise InputError(message, next_step="Name a campaign, or an object of one.")
        with house.folder.writing() as connection:
            unsent += forget_waiting(connection, [name])
            last = newest_sent(connection, name)
        if last is None or last.item.get("revoked"):
            continue
        if "modified" not in last.item:
            erased.append(name)
            continue
        item = revoked(last.item, house.now, house.member)
        objects.append(TakenBack(item=item, decision=take_back(house, item, last.item)))
    return Retraction(objects=tuple(objects), erased=tuple(erased), unsent=unsent)

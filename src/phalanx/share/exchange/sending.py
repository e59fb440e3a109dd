"""Sending: what left the gate goes to the hub, with its signatures, until the hub has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from phalanx.share.client import Collection, Refused, push
from phalanx.share.exchange.house import House
from phalanx.share.exchange.outbox import Leaving, acknowledge, unacknowledged
from phalanx.share.gate.public import public_objects
from phalanx.share.wire import (
    MOST_SIGNATURES,
    Document,
    Object,
    document,
    signature_list,
    signatures_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the hub said: `offered` is the sum of the three others, without signatures."""

    offered: int
    """Versions that left, in this run or before, and were not known to have arrived; no
    signatures."""

    stored: int
    """Of these, what it took, or held already as this member sent it."""

    there: int
    """Of these, what is the same for all members, and another one had sent."""

    refused: tuple[Refused, ...]
    """What it did not take, signatures among it; the next run tries again."""

    campaigns: tuple[Object, ...] = ()
    """Of what it has now, those that a person looks for: an earlier run may have signed them."""


def send(house: House, collection: Collection) -> Sent:
    """Send all that left the gate and is not known to have arrived.

    Parameters:
        house: The member.
        collection: Of the hub.

    Raises:
        PhalanxError: As `push`; what was stored until then is noted.
    """
    with house.folder.writing() as connection:
        leaving = unacknowledged(connection)
    stored, held, public = 0, 0, public_objects(house.settings.bases)
    campaigns: list[Object] = []
    refused: list[Refused] = []
    for part in push(collection, _with_signatures(house, leaving)):
        # What is the same for all members is there already, whoever sent it first.
        there = [
            each.document
            for each in part.refused
            if public.get(each.document.id) == each.document.fields
        ]
        with house.folder.writing() as connection:
            acknowledge(connection, ((each.id, each.version) for each in (*part.stored, *there)))
        stored += sum(not signatures_of(each.fields) for each in part.stored)
        held += len(there)
        campaigns += (each.fields for each in part.stored if each.type == "campaign")
        refused += (each for each in part.refused if each.document not in there)
    return Sent(
        offered=len(leaving),
        stored=stored,
        there=held,
        refused=tuple(refused),
        campaigns=tuple(campaigns),
    )


def _with_signatures(house: House, leaving: Sequence[Leaving]) -> Iterator[Document]:
    """Yield signatures before what they sign, so that no receiver meets it unsigned."""
    for start in range(0, len(leaving), MOST_SIGNATURES):
        part = leaving[start : start + MOST_SIGNATURES]
        yield document(signature_list([each.signature for each in part], house.authorship()))
        for each in part:
            yield Document(each.raw, each.item)

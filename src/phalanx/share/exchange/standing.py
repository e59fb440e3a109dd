"""What stands: of everything that was received, what is in force now, and what members say of it.

Each producer's claim is kept by itself; this is the view of it at a moment. An object stands if
its newest version is not revoked and was signed with a key that is pinned now; an indicator besides
if it is not over, its campaign stands, and members have not put it in quarantine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

import msgspec
from sqlalchemy import Connection, select

from phalanx.share.exchange.claims import Pinned
from phalanx.share.exchange.tables import RECEIVED
from phalanx.share.wire import (
    MemberOpinion,
    Object,
    OpinionSummary,
    OpinionValue,
    Signature,
    aggregate,
)

_SIGNATURE = msgspec.json.Decoder(Signature)


@dataclass(frozen=True, slots=True)
class Held:
    """The newest version of an object, and who signed it."""

    item: Object
    member: str
    received_at: datetime

    @property
    def id(self) -> str:
        """Its identifier."""
        return str(self.item["id"])


@dataclass(frozen=True, slots=True)
class Standing:
    """All objects that are not revoked, by type, and the opinions of them."""

    by_type: Mapping[str, tuple[Held, ...]]
    opinions: Mapping[str, tuple[MemberOpinion, ...]]
    """Identifier -> what members said of it."""

    uncounted: Mapping[str, tuple[Held, ...]]
    """Member -> its objects that are not revoked, and were signed with a key that is not pinned."""

    def of(self, kind: str) -> tuple[Held, ...]:
        """Return the objects of a type."""
        return self.by_type.get(kind, ())

    def grouped(self) -> frozenset[str]:
        """Return the identifiers of all that groupings name: the rest of a batch is padding."""
        return frozenset(
            str(name) for each in self.of("grouping") for name in each.item["object_refs"]
        )

    def verdict(self, identifiers: Iterable[str], author: str) -> OpinionSummary:
        """Return what is thought of something that has several identifiers.

        Parameters:
            identifiers: Of the indicator, and of its campaign.
            author: Whose own opinion does not count.
        """
        said = [each for name in identifiers for each in self.opinions.get(name, ())]
        return aggregate(said, author=author)

    def campaign_of(self) -> dict[tuple[str, str], str]:
        """Return the campaign that each object of its author points at, by author and identifier.

        An indicator indicates a campaign, or a place in the network that a campaign uses.
        """
        campaigns = {(each.member, each.id): each.id for each in self.of("campaign")}
        found = dict(campaigns)
        edges = [(each.member, each.item) for each in self.of("relationship")]
        for member, item in edges:
            campaign = campaigns.get((member, item["source_ref"]))
            if item["relationship_type"] == "uses" and campaign is not None:
                found[member, item["target_ref"]] = campaign
        for member, item in edges:
            campaign = found.get((member, item["target_ref"]))
            if item["relationship_type"] == "indicates" and campaign is not None:
                found[member, item["source_ref"]] = campaign
        return found


def standing(connection: Connection, pinned: Pinned) -> Standing:
    """Return what stands of what was received.

    Parameters:
        connection: To the alliance folder.
        pinned: Keys that count now: who left or was expelled has none.
    """
    c = RECEIVED.c
    chosen = select(c.raw, c.version, c.member, c.signature, c.received_at).where(
        c.is_newest.is_(True), c.is_revoked.is_(False)
    )
    by_type: dict[str, list[Held]] = defaultdict(list)
    uncounted: dict[str, list[Held]] = defaultdict(list)
    opinions: dict[str, list[MemberOpinion]] = defaultdict(list)
    for row in connection.execute(chosen.order_by(c.object_id)):
        received_at = datetime.fromisoformat(row.received_at)
        held = Held(msgspec.json.decode(row.raw), row.member, received_at)
        # An observable is whose grouping names it, whoever sent it first: it stands for itself.
        key_id = _SIGNATURE.decode(row.signature).key_id
        if row.version and key_id not in pinned.get(row.member, {}):
            uncounted[row.member].append(held)
            continue
        by_type[held.item["type"]].append(held)
        # The check of structure leaves open what an opinion says.
        if held.item["type"] == "opinion" and str(held.item["opinion"]) in get_args(OpinionValue):
            for name in held.item["object_refs"]:
                opinions[name].append(_opinion(held))
    return Standing(
        {kind: tuple(found) for kind, found in by_type.items()},
        {name: tuple(said) for name, said in opinions.items()},
        {member: tuple(found) for member, found in uncounted.items()},
    )


def _opinion(held: Held) -> MemberOpinion:
    return MemberOpinion(
        member=held.member,
        value=held.item["opinion"],
        modified=datetime.fromisoformat(held.item["modified"]),
    )

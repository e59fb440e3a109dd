"""What the members think of an object, taken together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import Connection, select

from phalanx.share.hub.moments import moment_at
from phalanx.share.hub.tables import OBJECTS, OPINIONS
from phalanx.share.wire.feedback import MemberOpinion, OpinionSummary, aggregate

Aggregate = Callable[[Iterable[MemberOpinion]], OpinionSummary]
"""Returns what the opinions of members on one object come to."""

MOST_OPINIONS = 10_000
"""On one object that are looked at, the newest of them."""


def summary_of(
    connection: Connection, collection: int, object_id: str, together: Aggregate = aggregate
) -> OpinionSummary:
    """Return what members think of an object; its own producers are not asked.

    Parameters:
        connection: Of a reader.
        collection: Its number.
        object_id: Of the object.
        together: What opinions come to.
    """
    held = select(OBJECTS.c.member).where(
        OBJECTS.c.collection == collection, OBJECTS.c.object_id == object_id
    )
    said = (
        select(OPINIONS.c.member, OPINIONS.c.value, OPINIONS.c.version_at, OPINIONS.c.is_revoked)
        .where(
            OPINIONS.c.collection == collection,
            OPINIONS.c.about == object_id,
            OPINIONS.c.member.not_in(held),
        )
        .order_by(OPINIONS.c.version_at.desc())
        .limit(MOST_OPINIONS)
    )
    return together(
        MemberOpinion(
            member=str(member),
            value=value,
            modified=moment_at(version_at),
            revoked=bool(is_revoked),
        )
        for member, value, version_at, is_revoked in connection.execute(said)
    )

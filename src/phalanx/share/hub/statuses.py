"""What became of requests to add objects; each is for the member that sent it, for some days."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from phalanx.share.hub.moments import written_moment
from phalanx.share.hub.tables import STATUSES
from phalanx.share.hub.turn import Turn
from phalanx.share.hub.writing import Outcome

_STATUS_ID = re.compile(r"[0-9a-f-]{36}")
_DAY = 86_400_000_000


def new_status(turn: Turn, root: str, outcomes: Sequence[Outcome], *, keep_days: int) -> bytes:
    """Keep what became of a request, and forget what is older than it has to be.

    Parameters:
        turn: In which the objects were added.
        root: Name of the API root.
        outcomes: Of the objects, in their order.
        keep_days: For which a status is kept.

    Returns:
        The status as it is answered.
    """
    status_id = str(uuid.uuid4())
    stored = [_detail(each, turn) for each in outcomes if each.is_stored]
    refused = [_detail(each, turn) for each in outcomes if not each.is_stored]
    said: dict[str, object] = {
        "id": status_id,
        "status": "complete",
        "request_timestamp": written_moment(turn.now),
        "total_count": len(outcomes),
        "success_count": len(stored),
        "failure_count": len(refused),
        "pending_count": 0,
    }
    lists = {"successes": stored, "failures": refused}
    body = msgspec.json.encode(said | {name: value for name, value in lists.items() if value})
    keep_status(turn, root, status_id, body)
    old = STATUSES.delete().where(STATUSES.c.requested_at < turn.now - keep_days * _DAY)
    turn.connection.execute(old)
    return body


def keep_status(turn: Turn, root: str, status_id: str, body: bytes) -> None:
    """Keep a status that is written already."""
    row = {"status_id": status_id, "root": root, "member": turn.member}
    values = row | {"requested_at": turn.now, "body": body.decode()}
    turn.connection.execute(STATUSES.insert().values(values))


def status_of(connection: Connection, root: str, member: int, status_id: str) -> bytes | None:
    """Return a status of a member's own request, as it was answered."""
    if not _STATUS_ID.fullmatch(status_id):
        return None
    c = STATUSES.c
    mine = select(c.body).where(c.status_id == status_id, c.root == root, c.member == member)
    body = connection.execute(mine).scalar()
    return None if body is None else str(body).encode()


def _detail(outcome: Outcome, turn: Turn) -> dict[str, str]:
    version = outcome.version or written_moment(turn.now)
    said = {"id": outcome.object_id, "version": version}
    return said | {"message": outcome.message} if outcome.message else said

"""The shelf: what is held of the objects of one part, looked up at once and written at once.

A hub hands out objects by the thousand. Asking the database for each would cost more than verifying
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from phalanx.share.exchange.tables import GONE, LET_GO, RECEIVED, REJECTED
from phalanx.share.wire import Document, Signature

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest version of an object that is held."""

    version: str
    member: str
    raw: bytes
    is_revoked: bool


@dataclass(slots=True)
class Shelf:
    """What is held of some objects, within a transaction."""

    connection: Connection
    now: datetime
    newest: dict[str, Newest] = field(default_factory=dict)
    """Identifier -> newest version."""

    gone: set[tuple[str, str]] = field(default_factory=set)
    """Identifier and member, of what was taken back."""

    let_go: dict[tuple[str, str], str] = field(default_factory=dict)
    """Identifier and member -> version that was held when the hub called it gone."""

    _rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _superseded: list[dict[str, str]] = field(default_factory=list)
    _gone_rows: list[dict[str, str]] = field(default_factory=list)
    _rejected: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, connection: Connection, identifiers: Iterable[str], now: datetime) -> Shelf:
        """Look up objects.

        Parameters:
            connection: To the alliance folder.
            identifiers: Of all objects that will be asked for.
            now: When.
        """
        shelf = cls(connection, now)
        c = RECEIVED.c
        for some in _parts(sorted(set(identifiers))):
            held = select(c.object_id, c.version, c.member, c.raw, c.is_revoked).where(
                c.object_id.in_(some), c.is_newest.is_(True)
            )
            for name, *rest in connection.execute(held):
                shelf.newest[name] = Newest(*rest)
            buried = select(GONE.c.object_id, GONE.c.member).where(GONE.c.object_id.in_(some))
            shelf.gone.update((name, member) for name, member in connection.execute(buried))
            let_go = select(LET_GO).where(LET_GO.c.object_id.in_(some))
            shelf.let_go |= {(row[0], row[1]): row[2] for row in connection.execute(let_go)}
        return shelf

    def put(self, sent: Document, signature: Signature, *, is_revoked: bool) -> None:
        """Let a version be the newest of its object."""
        before = self.newest.get(sent.id)
        if before is not None and (sent.id, before.version) in self._rows:
            self._rows[sent.id, before.version]["is_newest"] = False
        elif before is not None:
            self._superseded.append({"name": sent.id})
        self.newest[sent.id] = Newest(sent.version, signature.member, sent.raw, is_revoked)
        self._rows[sent.id, sent.version] = {
            "object_id": sent.id,
            "version": sent.version,
            "raw": sent.raw,
            "signature": msgspec.json.encode(signature),
            "member": signature.member,
            "type": sent.type,
            "is_revoked": is_revoked,
            "is_newest": True,
            "received_at": self.now.isoformat(),
        }

    def take_off(self, object_id: str) -> None:
        """Let go of all versions of an object that were held before, and remember the newest."""
        before = self.newest.pop(object_id, None)
        if before is not None and before.version:
            self.let_go[object_id, before.member] = before.version
            row = {"object_id": object_id, "member": before.member, "version": before.version}
            self.connection.execute(insert(LET_GO).prefix_with("OR REPLACE"), row)
        self.connection.execute(delete(RECEIVED).where(RECEIVED.c.object_id == object_id))

    def never_again(self, object_id: str, member: str) -> None:
        """Take nothing more of a member under an identifier."""
        if (object_id, member) not in self.gone:
            self.gone.add((object_id, member))
            row = {"object_id": object_id, "member": member, "gone_at": self.now.isoformat()}
            self._gone_rows.append(row)

    def reject(self, object_id: str, reason: str) -> None:
        """Note what was not taken, and why."""
        row = {"object_id": object_id, "reason": reason, "rejected_at": self.now.isoformat()}
        self._rejected.append(row)

    def write(self) -> None:
        """Write all that changed."""
        old = update(RECEIVED).where(RECEIVED.c.object_id == bindparam("name"))
        for statement, rows in (
            (old.values(is_newest=False), self._superseded),
            (insert(RECEIVED), list(self._rows.values())),
            (insert(GONE), self._gone_rows),
            (insert(REJECTED), self._rejected),
        ):
            if rows:
                self.connection.execute(statement, rows)


def _parts(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]

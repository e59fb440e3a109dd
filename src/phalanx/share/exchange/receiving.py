"""Receiving: each object is checked, verified and kept as its author wrote it, or is rejected.

Nothing is believed of the hub. A version counts only with a signature of its author under a key
that the agreement names; nobody speaks for another; nothing older than what is held comes back,
and nothing that was taken back is taken again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert, select

from phalanx.errors import InputError, VerificationError
from phalanx.share.client import Cursor, Pulled, Tombstone
from phalanx.share.exchange.claims import Claims, Pinned, hostile
from phalanx.share.exchange.house import House
from phalanx.share.exchange.outbox import note_place
from phalanx.share.exchange.shelf import Newest, Shelf
from phalanx.share.exchange.tables import (
    PLACES,
    SENT,
    TOMBSTONES,
)
from phalanx.share.gate.public import public_objects
from phalanx.share.wire import (
    Document,
    Limits,
    check,
    content_hash,
    identifier_of,
    signatures_of,
)
from phalanx.share.wire.vocabulary import REQUIRED

_LIMITS = Limits()


@dataclass(slots=True)
class Received:
    """What one reading of the hub brought."""

    taken: list[Document] = field(default_factory=list)
    """New versions of others, in their order."""

    own: list[Document] = field(default_factory=list)
    """New versions of the member's own: it knows what they say."""

    again: int = 0
    """Versions that were held before."""

    retracted: list[str] = field(default_factory=list)
    """Identifiers of objects that were held, and were taken back or are gone."""

    rejected: list[tuple[str, str]] = field(default_factory=list)
    """Identifier and reason."""


def receive(house: House, part: Pulled, place: str, so_far: Received) -> None:
    """Take a part of what is new, with the cursor behind it, as a whole or not at all.

    Parameters:
        house: The member.
        part: As it was read.
        place: What its cursor is kept under.
        so_far: Is added to.
    """
    found = Received()
    with house.folder.writing() as connection:
        _Door.of(house, connection, part, found).take(part)
        note_place(connection, f"objects {place}", part.cursor.objects_after)
        note_place(connection, f"tombstones {place}", part.cursor.tombstones_after)
    so_far.taken += found.taken
    so_far.own += found.own
    so_far.again += found.again
    so_far.retracted += found.retracted
    so_far.rejected += found.rejected


def cursor_at(connection: Connection, place: str) -> Cursor:
    """Return up to where a collection was read."""
    rows = connection.execute(select(PLACES.c.what, PLACES.c.place))
    kept = {row.what: row.place for row in rows}
    return Cursor(
        objects_after=kept.get(f"objects {place}", ""),
        tombstones_after=kept.get(f"tombstones {place}", ""),
    )


@dataclass(frozen=True, slots=True)
class _Door:
    """Where one part comes in, within a transaction."""

    house: House
    connection: Connection
    found: Received
    shelf: Shelf
    claims: Claims
    pinned: Pinned

    @classmethod
    def of(cls, house: House, connection: Connection, part: Pulled, found: Received) -> _Door:
        names = [each.id for each in part.documents]
        buried = [each.object_id for each in part.tombstones]
        shelf = Shelf.of(connection, [*names, *buried], house.now)
        return cls(house, connection, found, shelf, Claims(connection), house.pinned)

    def take(self, part: Pulled) -> None:
        for gone in part.tombstones:
            self._bury(gone)
        for refused in part.rejected:
            self._reject("something that is no object", refused.reason)
        public = public_objects([basis.id for basis in self.house.policy.bases])
        objects = []
        for each in part.documents:
            if signatures_of(each.fields):
                self._try(each, self._note_claims)
            elif public.get(each.id) != each.fields:
                objects.append(each)
        self.claims.look_up(each.id for each in objects)
        for each in objects:
            self._try(each, self._take_one)
        self.shelf.write()

    def _try(self, sent: Document, step: Callable[[Document], None]) -> None:
        try:
            step(sent)
        except (InputError, VerificationError) as error:
            self._reject(sent.id, str(error))

    def _note_claims(self, sent: Document) -> None:
        check(sent.raw)
        self.claims.note(sent.fields)

    def _take_one(self, sent: Document) -> None:
        _check(sent)
        signature = self.claims.that_holds(sent, self.pinned)
        held = self.shelf.newest.get(sent.id)
        if not self._is_new(sent, signature.member, held):
            self.found.again += 1
            return
        # What has no version is nobody's alone: no member takes it back for all.
        is_revoked = sent.fields.get("revoked") is True and sent.version != ""
        self.shelf.put(sent, signature, is_revoked=is_revoked)
        is_own = signature.member == self.house.member
        (self.found.own if is_own else self.found.taken).append(sent)
        if is_revoked:
            self.shelf.never_again(sent.id, signature.member)
            if held is not None:
                self.found.retracted.append(sent.id)

    def _is_new(self, sent: Document, member: str, held: Newest | None) -> bool:
        """Tell a new version from one that is held; refuse what may not take its place.

        Raises:
            VerificationError: If it is another member's, an older one, or a second of one version.
        """
        if sent.type == "identity" and sent.id != member:
            raise hostile(sent.id, "an identity of somebody other than who signed it")
        if held is None:
            self._refuse_returning(sent, member)
            return True
        if not sent.version:
            return False
        if held.member != member:
            raise hostile(sent.id, "it belongs to another member than who signed it")
        # Moments, not texts: one moment has many spellings.
        at, before = _moment(sent.version), _moment(held.version)
        if at == before:
            if content_hash(msgspec.json.decode(held.raw)) != content_hash(sent.fields):
                raise hostile(sent.id, "a second object under the same version")
            return False
        if held.is_revoked:
            raise hostile(sent.id, "it was taken back, and is not taken again")
        if at < before:
            raise hostile(sent.id, "older than the version that is held")
        return True

    def _refuse_returning(self, sent: Document, member: str) -> None:
        """Refuse what is not held and may not come, or come back."""
        if (sent.id, member) in self.shelf.gone:
            raise hostile(sent.id, "it was taken back, and is not taken again")
        let_go = self.shelf.let_go.get((sent.id, member))
        if let_go is not None and _moment(sent.version) < _moment(let_go):
            raise hostile(sent.id, "older than the version that was held")

    def _bury(self, gone: Tombstone) -> None:
        held = self.shelf.newest.get(gone.object_id)
        sent = select(SENT.c.object_id).where(SENT.c.object_id == gone.object_id).limit(1)
        is_own = (held is not None and held.member == self.house.member) or (
            self.connection.execute(sent).first() is not None
        )
        self.connection.execute(
            insert(TOMBSTONES)
            .prefix_with("OR IGNORE")
            .values(
                number=gone.number,
                object_id=gone.object_id,
                was_held=held is not None,
                is_own=is_own,
                is_done=bool(gone.acknowledged) and not is_own,
            )
        )
        if gone.kind == "retracted":
            # Its last version comes with a signature; the word of the hub alone removes nothing.
            return
        if held is not None:
            self.shelf.take_off(gone.object_id)
            self.found.retracted.append(gone.object_id)

    def _reject(self, object_id: str, reason: str) -> None:
        said = (object_id[:128], reason[:500])
        self.shelf.reject(*said)
        self.found.rejected.append(said)


def _check(sent: Document) -> None:
    """Refuse what is built wrongly; of a type that is not known only the size is."""
    if sent.type in REQUIRED:
        check(sent.raw, _LIMITS)
        follows = identifier_of(sent.fields)
        if follows not in {None, sent.id}:
            raise hostile(sent.id, "its identifier does not follow from what it says")
        if follows is not None and sent.version:
            raise hostile(sent.id, "an observable has no versions")
    elif len(sent.raw) > _LIMITS.object_bytes:
        raise hostile(sent.id, f"{len(sent.raw):,} bytes where {_LIMITS.object_bytes:,} are taken")
    elif sent.version:
        _moment(sent.version)


def _moment(version: str) -> datetime:
    try:
        moment = datetime.fromisoformat(version)
    except ValueError as error:
        message = "its version is no moment"
        raise InputError(message, next_step="Ask its author.") from error
    if moment.tzinfo is None:
        message = "its version has no time zone"
        raise InputError(message, next_step="Ask its author.")
    return moment

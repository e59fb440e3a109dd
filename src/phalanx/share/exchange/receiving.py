"""Receiving: each object is checked, verified and kept as its author wrote it, or is rejected.

Nothing is believed of the hub. A version counts only with a signature of its author under a key
that the agreement names; nobody speaks for another; nothing older than what is held comes back,
and nothing that was taken back is taken again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from phalanx.errors import InputError, VerificationError
from phalanx.share.client import Cursor, Pulled, Tombstone
from phalanx.share.exchange.claims import Pinned, hostile, note_claims, signature_that_holds
from phalanx.share.exchange.house import House
from phalanx.share.exchange.outbox import note_place
from phalanx.share.exchange.tables import (
    GONE,
    PLACES,
    RECEIVED,
    REJECTED,
    SENT,
    TOMBSTONES,
)
from phalanx.share.gate.public import public_objects
from phalanx.share.wire import (
    Document,
    Limits,
    Signature,
    check,
    content_hash,
    identifier_of,
    signatures_of,
)
from phalanx.share.wire.vocabulary import REQUIRED

_LIMITS = Limits()
_ANYBODY = ""
"""Stands for the author of what the hub erased before it was ever held."""

_SIGNATURE = msgspec.json.Decoder(Signature)


@dataclass(slots=True)
class Received:
    """What one reading of the hub brought."""

    taken: list[Document] = field(default_factory=list)
    """New versions, in their order."""

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
        _Door(house, connection, found).take(part)
        note_place(connection, f"objects {place}", part.cursor.objects_after)
        note_place(connection, f"tombstones {place}", part.cursor.tombstones_after)
    so_far.taken += found.taken
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
class _Newest:
    """The newest version of an object that is held."""

    version: str
    member: str
    raw: bytes
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class _Door:
    """Where one part comes in, within a transaction."""

    house: House
    connection: Connection
    found: Received

    def take(self, part: Pulled) -> None:
        for gone in part.tombstones:
            self._bury(gone)
        for refused in part.rejected:
            self._reject("something that is no object", refused.reason)
        pinned = self.house.pinned
        public = public_objects([basis.id for basis in self.house.policy.bases])
        for each in part.documents:
            try:
                if signatures_of(each.fields):
                    check(each.raw)
                    note_claims(self.connection, each.fields)
                elif public.get(each.id) != each.fields:
                    self._take_one(each, pinned)
            except (InputError, VerificationError) as error:
                self._reject(each.id, str(error))

    def _take_one(self, sent: Document, pinned: Pinned) -> None:
        _check(sent)
        signature = signature_that_holds(self.connection, sent, pinned)
        held = self._newest(sent.id)
        if not self._is_new(sent, signature.member, held):
            self.found.again += 1
            return
        is_revoked = sent.fields.get("revoked") is True
        self.connection.execute(
            update(RECEIVED).where(RECEIVED.c.object_id == sent.id).values(is_newest=False)
        )
        self.connection.execute(
            RECEIVED.insert().values(
                object_id=sent.id,
                version=sent.version,
                raw=sent.raw,
                signature=msgspec.json.encode(signature),
                member=signature.member,
                type=sent.type,
                is_revoked=is_revoked,
                is_newest=True,
                received_at=self.house.now.isoformat(),
            )
        )
        self.found.taken.append(sent)
        if is_revoked:
            self._never_again(sent.id, signature.member)
            if held is not None:
                self.found.retracted.append(sent.id)

    def _is_new(self, sent: Document, member: str, held: _Newest | None) -> bool:
        """Tell a new version from one that is held; refuse what may not take its place.

        Raises:
            VerificationError: If it is another member's, an older one, or a second of one version.
        """
        if sent.type == "identity" and sent.id != member:
            raise hostile(sent.id, "an identity of somebody other than who signed it")
        if held is None:
            if self._is_gone(sent.id, member):
                raise hostile(sent.id, "it was taken back, and is not taken again")
            return True
        if not sent.version:
            return False
        if held.member != member:
            raise hostile(sent.id, "it belongs to another member than who signed it")
        if held.version == sent.version:
            if content_hash(msgspec.json.decode(held.raw)) != content_hash(sent.fields):
                raise hostile(sent.id, "a second object under the same version")
            return False
        if held.is_revoked:
            raise hostile(sent.id, "it was taken back, and is not taken again")
        if _moment(sent.version) < _moment(held.version):
            raise hostile(sent.id, "older than the version that is held")
        return True

    def _bury(self, gone: Tombstone) -> None:
        held = self._newest(gone.object_id)
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
            self.connection.execute(delete(RECEIVED).where(RECEIVED.c.object_id == gone.object_id))
            self.found.retracted.append(gone.object_id)
        if gone.kind == "removed" and (held is None or held.version):
            self._never_again(gone.object_id, held.member if held else _ANYBODY)

    def _never_again(self, object_id: str, member: str) -> None:
        self.connection.execute(
            insert(GONE)
            .prefix_with("OR IGNORE")
            .values(object_id=object_id, member=member, gone_at=self.house.now.isoformat())
        )

    def _is_gone(self, object_id: str, member: str) -> bool:
        chosen = select(GONE.c.object_id).where(
            GONE.c.object_id == object_id, GONE.c.member.in_([member, _ANYBODY])
        )
        return self.connection.execute(chosen).first() is not None

    def _newest(self, object_id: str) -> _Newest | None:
        chosen = select(
            RECEIVED.c.version, RECEIVED.c.member, RECEIVED.c.raw, RECEIVED.c.is_revoked
        ).where(RECEIVED.c.object_id == object_id, RECEIVED.c.is_newest.is_(True))
        row = self.connection.execute(chosen).one_or_none()
        return None if row is None else _Newest(*row)

    def _reject(self, object_id: str, reason: str) -> None:
        self.connection.execute(
            REJECTED.insert().values(
                object_id=object_id[:128],
                reason=reason[:500],
                rejected_at=self.house.now.isoformat(),
            )
        )
        self.found.rejected.append((object_id[:128], reason[:500]))


def _check(sent: Document) -> None:
    """Refuse what is built wrongly; of a type that is not known only the size is."""
    if sent.type in REQUIRED:
        check(sent.raw, _LIMITS)
        if identifier_of(sent.fields) not in {None, sent.id}:
            raise hostile(sent.id, "its identifier does not follow from what it says")
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

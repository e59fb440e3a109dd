"""What an operator sees of a hub: collections, members, what they may do, which keys they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from phalanx.share.hub.tables import CERTIFICATES, COLLECTIONS, KEYS, MEMBERS, RIGHTS, ROOTS

_FLAGS = (RIGHTS.c.can_read, RIGHTS.c.can_write, RIGHTS.c.can_delete)


@dataclass(frozen=True, slots=True)
class CollectionView:
    """A collection."""

    path: str
    """Where it is on the hub."""

    collection_id: str
    title: str


@dataclass(frozen=True, slots=True)
class KeyView:
    """An API key, without its secret."""

    key_id: str
    added_at: str
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class RightsView:
    """What a member may do in a collection."""

    collection: str
    """Its path."""

    can_read: bool
    can_write: bool
    can_delete: bool


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member."""

    name: str
    is_active: bool
    has_password: bool
    certificates: int
    keys: tuple[KeyView, ...]

    rights: tuple[RightsView, ...]
    """In the collections that it knows of."""


def roots_in(connection: Connection) -> frozenset[str]:
    """Return the names of all API roots."""
    return frozenset(connection.execute(select(ROOTS.c.name)).scalars())


def collections_in(connection: Connection) -> Sequence[CollectionView]:
    """Return all collections, in the order in which they were made."""
    c = COLLECTIONS.c
    rows = select(c.root, c.alias, c.collection_id, c.title).order_by(c.number)
    return [
        CollectionView(_path(root, alias, name), name, title)
        for root, alias, name, title in connection.execute(rows)
    ]


def members_in(connection: Connection) -> Sequence[MemberView]:
    """Return all members by name, suspended ones among them."""
    c = MEMBERS.c
    rows = select(c.number, c.name, c.is_active, c.password).order_by(c.name)
    return [
        MemberView(
            row.name,
            bool(row.is_active),
            row.password is not None,
            _certificates_of(connection, row.number),
            _keys_of(connection, row.number),
            _rights_of(connection, row.number),
        )
        for row in connection.execute(rows).all()
    ]


def _certificates_of(connection: Connection, member: int) -> int:
    counted = select(func.count()).select_from(CERTIFICATES).where(CERTIFICATES.c.member == member)
    return connection.execute(counted).scalar_one()


def _keys_of(connection: Connection, member: int) -> tuple[KeyView, ...]:
    c = KEYS.c
    rows = select(c.key_id, c.added_at, c.revoked_at).where(c.member == member)
    return tuple(
        KeyView(key_id, added_at, revoked_at is not None)
        for key_id, added_at, revoked_at in connection.execute(rows.order_by(c.added_at))
    )


def _rights_of(connection: Connection, member: int) -> tuple[RightsView, ...]:
    c = COLLECTIONS.c
    rows = (
        select(c.root, c.alias, c.collection_id, *_FLAGS)
        .join(RIGHTS, RIGHTS.c.collection == c.number)
        .where(RIGHTS.c.member == member)
        .order_by(c.number)
    )
    return tuple(
        RightsView(_path(root, alias, name), *map(bool, flags))
        for root, alias, name, *flags in connection.execute(rows)
    )


def _path(root: str, alias: str | None, collection_id: str) -> str:
    return f"/{root}/collections/{alias or collection_id}/"

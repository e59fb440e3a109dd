"""API roots and collections, as far as a member may know of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select

from phalanx.errors import InputError
from phalanx.share.hub.members import Rights
from phalanx.share.hub.tables import COLLECTIONS, HUB, RIGHTS, ROOTS

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
COLLECTION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RESERVED = frozenset({"taxii", "taxii2", "healthz", "readyz", "metrics"})
"""First words of paths that are not API roots."""


@dataclass(frozen=True, slots=True)
class About:
    """What discovery says of the hub."""

    title: str = "Phalanx hub"
    description: str | None = None
    contact: str | None = None

    default_url: str | None = None
    """Of the API root to use where a client does not choose."""


@dataclass(frozen=True, slots=True)
class Root:
    """An API root: a group of collections under one path."""

    name: str
    """First word of its path."""

    title: str
    description: str | None = None

    url: str | None = None
    """As discovery shows it; null means its path on this server."""

    is_public: bool = False
    """Whether every member sees it, or only those with rights in one of its collections."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection, and what the member that asks may do in it."""

    number: int
    """In the database; 0 before it is made."""

    root: str
    collection_id: str
    title: str
    description: str | None = None
    alias: str | None = None
    rights: Rights = field(default_factory=Rights)


def describe_hub(connection: Connection, about: About) -> None:
    """Say what discovery says of the hub."""
    connection.execute(HUB.delete())
    row = {"title": about.title, "description": about.description, "contact": about.contact}
    connection.execute(HUB.insert().values(row | {"number": 1, "default_url": about.default_url}))


def add_root(connection: Connection, root: Root) -> None:
    """Make an API root.

    Raises:
        InputError: If its name cannot be, or is taken.
    """
    taken = connection.execute(select(ROOTS.c.name).where(ROOTS.c.name == root.name)).first()
    if taken or root.name in RESERVED or not NAME.fullmatch(root.name):
        message = f"{root.name[:70]!r}: no API root can be named so, or one is"
        raise InputError(message, next_step="Use small letters, digits and hyphens.")
    row = {"name": root.name, "title": root.title, "description": root.description}
    rank = len(connection.execute(select(ROOTS.c.name)).all())
    more = {"url": root.url, "is_public": int(root.is_public), "rank": rank}
    connection.execute(ROOTS.insert().values(row | more))


def add_collection(connection: Connection, collection: Collection) -> int:
    """Make a collection in an API root, which nobody has rights in yet; return its number.

    Raises:
        InputError: If its identifier is no UUID, or it cannot be made there.
    """
    c = COLLECTIONS.c
    aliased = collection.alias is not None and not NAME.fullmatch(collection.alias)
    if aliased or not COLLECTION_ID.fullmatch(collection.collection_id):
        message = f"{collection.collection_id[:70]!r}: a collection is named by a UUID"
        raise InputError(message, next_step="Name it so; an alias has small letters and digits.")
    names = [name for name in (collection.collection_id, collection.alias) if name]
    same = or_(c.collection_id.in_(names), c.alias.in_(names))
    is_taken = connection.execute(select(c.number).where(c.root == collection.root, same)).first()
    has_root = connection.execute(select(ROOTS.c.name).where(ROOTS.c.name == collection.root))
    place = f"{collection.root}/{collection.alias or collection.collection_id}"
    if is_taken:
        message = f"{place}: there is a collection of that name already"
        raise InputError(message, next_step="Use it (`phalanx share hub show`), or choose another.")
    if has_root.first() is None:
        message = f"{place}: no such API root"
        raise InputError(message, next_step="Make the API root first.")
    row = {"root": collection.root, "collection_id": collection.collection_id, "last_added": 0}
    named = {"title": collection.title, "description": collection.description}
    more = {"alias": collection.alias}
    connection.execute(COLLECTIONS.insert().values(row | named | more))
    found = select(c.number).where(c.root == row["root"], c.collection_id == row["collection_id"])
    return int(connection.execute(found).scalar_one())


def hub_of(connection: Connection) -> About:
    """Return what discovery says of the hub."""
    c = HUB.c
    row = connection.execute(select(c.title, c.description, c.contact, c.default_url)).first()
    return About(*row) if row else About()


def roots_of(connection: Connection, member: int) -> Sequence[Root]:
    """Return the API roots that a member sees, in the order in which they were made."""
    return [Root(*row) for row in connection.execute(_seen(member).order_by(ROOTS.c.rank))]


def root_of(connection: Connection, member: int, name: str) -> Root | None:
    """Return one API root, if the member sees it."""
    if not NAME.fullmatch(name):
        return None
    row = connection.execute(_seen(member).where(ROOTS.c.name == name)).one_or_none()
    return Root(*row) if row else None


def collections_of(connection: Connection, member: int, root: str) -> Sequence[Collection]:
    """Return the collections of an API root that a member knows of."""
    known = _known(member).where(COLLECTIONS.c.root == root).order_by(COLLECTIONS.c.number)
    return [_collection(row) for row in connection.execute(known)]


def collection_of(connection: Connection, member: int, root: str, name: str) -> Collection | None:
    """Return a collection by its identifier or alias, if the member knows of it."""
    if not (NAME.fullmatch(root) and NAME.fullmatch(name)):
        return None
    called = or_(COLLECTIONS.c.collection_id == name, COLLECTIONS.c.alias == name)
    row = connection.execute(_known(member).where(COLLECTIONS.c.root == root, called)).first()
    return _collection(row) if row else None


def _seen(member: int) -> Select[*tuple[Any, ...]]:
    mine = (
        select(RIGHTS.c.member)
        .join(COLLECTIONS, COLLECTIONS.c.number == RIGHTS.c.collection)
        .where(RIGHTS.c.member == member, COLLECTIONS.c.root == ROOTS.c.name)
        .exists()
    )
    c = ROOTS.c
    return select(c.name, c.title, c.description, c.url, c.is_public).where(
        or_(c.is_public == 1, mine)
    )


def _known(member: int) -> Select[*tuple[Any, ...]]:
    c = COLLECTIONS.c
    wanted = (c.number, c.root, c.collection_id, c.title, c.description, c.alias)
    flags = (RIGHTS.c.can_read, RIGHTS.c.can_write, RIGHTS.c.can_delete)
    joined = select(*wanted, *flags).join(RIGHTS, RIGHTS.c.collection == c.number)
    return joined.where(RIGHTS.c.member == member)


def _collection(row: Row[*tuple[Any, ...]]) -> Collection:
    number, root, collection_id, title, description, alias, *flags = row
    rights = Rights(*map(bool, flags))
    return Collection(number, root, collection_id, title, description, alias, rights)

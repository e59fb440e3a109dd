"""Filling an empty hub from one document: API roots, collections, objects, members.

The form is that of the data file of the OASIS reference server: `/discovery`, and beside it one
entry an API root with `information`, `status` and `collections`, each collection with `objects`
and a `manifest` that says when they were added. `users` may name members with their passwords.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from phalanx.errors import InputError
from phalanx.share.hub.database import Database
from phalanx.share.hub.directory import (
    About,
    Collection,
    Root,
    add_collection,
    add_root,
    describe_hub,
)
from phalanx.share.hub.members import (
    RandomBytes,
    Rights,
    add_member,
    set_password,
    set_rights,
)
from phalanx.share.hub.moments import microseconds, parse_moment
from phalanx.share.hub.posted import Posted, read_envelope
from phalanx.share.hub.statuses import keep_status
from phalanx.share.hub.structure import read_object
from phalanx.share.hub.tables import COLLECTIONS, MEMBERS, OBJECTS
from phalanx.share.hub.turn import Turn
from phalanx.share.hub.writing import add_objects

_NEXT = "Correct the document; nothing was added."


def seed(
    database: Database,
    document: Mapping[str, Any],
    users: Mapping[str, str],
    *,
    now: datetime,
    random: RandomBytes,
) -> None:
    """Fill a hub; all of the document is kept, or nothing.

    Parameters:
        database: In which none of this is yet.
        document: As read from JSON.
        users: Name -> password. All may do in a collection what the document says of it; the
            first is the member whose objects they are.
        now: When.
        random: Where salts come from.

    Raises:
        InputError: If something in it cannot be used.
    """
    if not users:
        message = "no member whose objects they would be"
        raise InputError(message, next_step="Name at least one user.")
    with database.write() as connection:
        try:
            _seed(connection, document, users, now, random)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            message = f"not in the form of a data file: {type(error).__name__}: {error}"[:200]
            raise InputError(message, next_step=_NEXT) from error


def _seed(
    connection: Connection,
    document: Mapping[str, Any],
    users: Mapping[str, str],
    now: datetime,
    random: RandomBytes,
) -> None:
    for name, password in users.items():
        add_member(connection, name, now)
        set_password(connection, name, password, random)
    first = select(MEMBERS.c.number).where(MEMBERS.c.name == next(iter(users)))
    owner = connection.execute(first).scalar_one()
    discovery = document.get("/discovery", {})
    describe_hub(
        connection,
        About(
            discovery.get("title", "TAXII 2.1"),
            discovery.get("description"),
            discovery.get("contact"),
            discovery.get("default"),
        ),
    )
    urls = {url.rstrip("/").rpartition("/")[2]: url for url in discovery.get("api_roots", ())}
    for name, said in document.items():
        if name == "/discovery":
            continue
        about = said["information"]
        root = Root(name, about["title"], about.get("description"), urls.get(name), is_public=True)
        add_root(connection, root)
        turn = Turn(connection, 0, owner, microseconds(now))
        for status in said.get("status", ()):
            keep_status(turn, name, status["id"], msgspec.json.encode(status))
        for collection in said.get("collections", ()):
            number = _collection(connection, name, collection, users)
            _objects(Turn(connection, number, owner, microseconds(now)), collection)


def _collection(
    connection: Connection, root: str, said: Mapping[str, Any], users: Mapping[str, str]
) -> int:
    made = Collection(
        0, root, said["id"], said["title"], said.get("description"), said.get("alias")
    )
    number = add_collection(connection, made)
    can_read, can_write = bool(said["can_read"]), bool(said["can_write"])
    for name in users:
        rights = Rights(can_read, can_write, can_delete=can_read and can_write)
        set_rights(connection, name, root, said["id"], rights)
    return number


def _objects(turn: Turn, collection: Mapping[str, Any]) -> None:
    """Add the objects of a collection, then set when each was added, as its manifest says."""
    objects: Sequence[Any] = collection.get("objects", ())
    if not objects:
        return
    sent = read_envelope(msgspec.json.encode({"objects": objects}), read_object)
    refused = [each for each in add_objects(turn, sent) if not each.is_stored]
    if refused:
        message = f"{refused[0].object_id}: {refused[0].message}"
        raise InputError(message, next_step=_NEXT)
    records = collection.get("manifest", ())
    added = {(each["id"], parse_moment(each["version"])): each["date_added"] for each in records}
    newest = 0
    for each in sent:
        at = added.get((each.object_id, each.version_at)) if isinstance(each, Posted) else None
        if at is None or not isinstance(each, Posted):
            continue
        moment = parse_moment(at)
        newest = max(newest, moment)
        c = OBJECTS.c
        mine = (c.collection == turn.collection, c.object_id == each.object_id)
        same = OBJECTS.update().where(*mine, c.version_at == each.version_at)
        turn.connection.execute(same.values(date_added=moment))
    if len(added) >= len(sent):
        # So that the clock of the collection stands where the document ends.
        clock = COLLECTIONS.update().where(COLLECTIONS.c.number == turn.collection)
        turn.connection.execute(clock.values(last_added=newest))

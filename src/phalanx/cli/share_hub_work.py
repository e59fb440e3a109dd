"""What the commands of the hub do to its database. A secret is printed once, or nothing is done."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from phalanx.cli.databases import made_before
from phalanx.cli.rendering import hand_out, refuse_known
from phalanx.errors import InputError
from phalanx.owned import read_secret_text
from phalanx.share.hub import (
    Collection,
    Database,
    Root,
    add_collection,
    add_key,
    add_member,
    add_root,
    open_database,
    set_password,
)
from phalanx.share.hub.overview import collections_in, roots_in
from phalanx.store import database_of

_LARGEST_CERTIFICATE_BYTES = 65_536
_LARGEST_PASSWORD_BYTES = 1_024


def now() -> datetime:
    """Return the moment of a command."""
    return datetime.now(UTC)


@contextmanager
def existing_hub(database: str) -> Iterator[Database]:
    """Open the database of a hub that was made before.

    Raises:
        InputError: If there is none: a wrong name must not make another hub.
    """
    refuse_missing(database)
    with _opened(database) as found:
        yield found


def refuse_missing(database: str) -> None:
    """Say that a hub was not made before; of PostgreSQL its server will tell.

    Raises:
        InputError: If there is none.
    """
    made_before(
        database, "hub", "Name its database with --database, or make one by add-collection."
    )


def make_collection(
    database: str, root: Root, name: str, title: str, description: str | None
) -> str:
    """Make a collection, and its API root where there is none; return its path.

    Raises:
        InputError: If it cannot be made, or is there.
    """
    collection_id = str(uuid.uuid4())
    with _opened(database) as found, found.write() as connection:
        if root.name not in roots_in(connection):
            add_root(connection, root)
        made = Collection(0, root.name, collection_id, title, description, name)
        add_collection(connection, made)
        there = collections_in(connection)
        return next(each.path for each in there if each.collection_id == collection_id)


def enter_member(database: str, name: str, output: Path | None) -> None:
    """Enter a member, and hand out its first key.

    Raises:
        InputError: If the name cannot be, or the key cannot be written.
    """
    refuse_known(output)
    with _opened(database) as found, found.write() as connection:
        add_member(connection, name, now())
        hand_out(add_key(connection, name, secrets.token_bytes, now()), output)


def give_key(database: str, name: str, output: Path | None) -> None:
    """Hand out one more key of a member.

    Raises:
        InputError: If there is no such member, or the key cannot be written.
    """
    refuse_known(output)
    with existing_hub(database) as found, found.write() as connection:
        hand_out(add_key(connection, name, secrets.token_bytes, now()), output)


def set_password_from(database: str, name: str, path: Path) -> None:
    """Give a member the password that stands in a file.

    Raises:
        ConfigError: If others may read the file, or it holds no single line.
        InputError: If there is no such member.
    """
    password = read_secret_text(path, "password", _LARGEST_PASSWORD_BYTES)
    with existing_hub(database) as found, found.write() as connection:
        set_password(connection, name, password, secrets.token_bytes)


def fingerprint_of(path: Path) -> str:
    """Return the SHA-256 of a certificate, in hexadecimal.

    Raises:
        InputError: If the file holds none.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        with path.open("rb") as file:
            certificate = x509.load_pem_x509_certificate(file.read(_LARGEST_CERTIFICATE_BYTES))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a certificate (PEM)"
        message = f"{path}: {reason}"
        raise InputError(message, next_step="Name the file of the member's certificate.") from error
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


@contextmanager
def _opened(database: str) -> Iterator[Database]:
    found = open_database(database_of(database))
    try:
        yield found
    finally:
        found.close()

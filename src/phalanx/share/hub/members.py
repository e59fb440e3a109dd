"""Members of the hub, what they prove themselves with, and what they may do.

An API key holds 256 random bits, so its plain SHA-256 is enough: there is nothing to guess. It
is shown once, when it is made. A password is for clients that can do nothing else, and is kept
as its scrypt hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select

from phalanx.errors import InputError
from phalanx.share.hub.tables import CERTIFICATES, COLLECTIONS, KEYS, MEMBERS, RIGHTS

RandomBytes = Callable[[int], bytes]
"""Where keys come from."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"phx\.([0-9a-f]{16})\.([A-Za-z0-9_-]{43})")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_Row = Row[*tuple[Any, ...]]
_NOBODY = "0" * 64
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who has proved who it is."""

    number: int
    name: str

    key_id: str = ""
    """Of the API key that it did so with, at first; empty for other proofs."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a member may do in a collection."""

    can_read: bool = True
    can_write: bool = False

    can_delete: bool = False
    """Its own objects, if it may read and write too; those of others never."""


def add_member(connection: Connection, name: str, now: datetime) -> None:
    """Enter a member.

    Raises:
        InputError: If the name cannot be, or was entered before.
    """
    if not _NAME.fullmatch(name):
        message = f"{name[:70]!r}: a member is named by letters, digits, dots and hyphens"
        raise InputError(message, next_step="Name it so, in at most 64 characters.")
    if _row_of(connection, name) is not None:
        message = f"{name}: is a member, or was one"
        raise InputError(message, next_step="Choose another name.")
    values = {"name": name, "is_active": 1, "password": None, "added_at": now.isoformat()}
    connection.execute(MEMBERS.insert().values(values))


def suspend_member(connection: Connection, name: str, *, is_active: bool = False) -> None:
    """Turn a member away from now on, or take it back; what it added stays.

    Raises:
        InputError: If there is no such member.
    """
    number = _number_of(connection, name)
    mine = MEMBERS.update().where(MEMBERS.c.number == number)
    connection.execute(mine.values(is_active=int(is_active)))


def add_key(connection: Connection, name: str, random: RandomBytes, now: datetime) -> str:
    """Give a member one more API key, and return it; it is kept nowhere.

    Raises:
        InputError: If there is no such member.
    """
    number = _number_of(connection, name)
    secret = base64.urlsafe_b64encode(random(32)).rstrip(b"=").decode()
    key_id = random(8).hex()
    key = f"phx.{key_id}.{secret}"
    row = {"key_id": key_id, "member": number, "key_sha256": _hash(key)}
    connection.execute(KEYS.insert().values(row | {"added_at": now.isoformat()}))
    return key


def revoke_key(connection: Connection, key_id: str, now: datetime) -> None:
    """Make an API key worth nothing, and all tokens that were given for it.

    Parameters:
        connection: Of a writer.
        key_id: The 16 digits between the first two dots of the key.
        now: When.

    Raises:
        InputError: If there is no such key, or it was revoked before.
    """
    mine = KEYS.update().where(KEYS.c.key_id == key_id, KEYS.c.revoked_at.is_(None))
    if not connection.execute(mine.values(revoked_at=now.isoformat())).rowcount:
        message = f"{key_id[:40]!r}: no key that is in use"
        raise InputError(message, next_step="Name the digits after `phx.`.")


def add_certificate(connection: Connection, name: str, fingerprint: str, now: datetime) -> None:
    """Say that a client certificate is a member's.

    Parameters:
        connection: Of a writer.
        name: Of the member.
        fingerprint: SHA-256 of the certificate in DER, as 64 hexadecimal digits; colons may part
            them.
        now: When.

    Raises:
        InputError: If there is no such member, or that is no fingerprint.
    """
    digits = fingerprint.replace(":", "").lower()
    if not _FINGERPRINT.fullmatch(digits):
        message = "a fingerprint is the SHA-256 of a certificate in hexadecimal"
        raise InputError(
            message, next_step="Take it from: openssl x509 -noout -fingerprint -sha256"
        )
    number = _number_of(connection, name)
    connection.execute(CERTIFICATES.delete().where(CERTIFICATES.c.fingerprint == digits))
    row = {"fingerprint": digits, "member": number, "added_at": now.isoformat()}
    connection.execute(CERTIFICATES.insert().values(row))


def remove_certificates(connection: Connection, name: str) -> int:
    """Let no client certificate prove a member any more, and return how many did.

    Raises:
        InputError: If there is no such member.
    """
    number = _number_of(connection, name)
    return connection.execute(CERTIFICATES.delete().where(CERTIFICATES.c.member == number)).rowcount


def set_password(connection: Connection, name: str, password: str, random: RandomBytes) -> None:
    """Let a member prove itself with a password too.

    Raises:
        InputError: If there is no such member.
    """
    number = _number_of(connection, name)
    salt = random(16)
    kept = f"{salt.hex()}${_scrypt(password, salt).hex()}"
    mine = MEMBERS.update().where(MEMBERS.c.number == number)
    connection.execute(mine.values(password=kept))


def set_rights(
    connection: Connection, name: str, root: str, collection: str, rights: Rights | None
) -> None:
    """Say what a member may do in a collection; null means that it does not know of it.

    Parameters:
        connection: Of a writer.
        name: Of the member.
        root: Name of the API root.
        collection: Identifier or alias of the collection.
        rights: What the member may do.

    Raises:
        InputError: If there is no such member or collection.
    """
    member = _number_of(connection, name)
    called = or_(COLLECTIONS.c.collection_id == collection, COLLECTIONS.c.alias == collection)
    found = select(COLLECTIONS.c.number).where(COLLECTIONS.c.root == root, called)
    number = connection.execute(found).scalar()
    if number is None:
        message = f"{root}/{collection}: no such collection"
        raise InputError(message, next_step="Make it first.")
    mine = (RIGHTS.c.member == member, RIGHTS.c.collection == number)
    connection.execute(RIGHTS.delete().where(*mine))
    if rights is not None:
        row = {"member": member, "collection": number}
        flags = {
            "can_read": int(rights.can_read),
            "can_write": int(rights.can_write),
            "can_delete": int(rights.can_delete),
        }
        connection.execute(RIGHTS.insert().values(row | flags))


def member_of_key(connection: Connection, key: str) -> Member | None:
    """Return who proves itself with an API key; nobody for anything else.

    The part of a key that finds the row is no secret; the rest is compared as a whole, in the
    same time whether there is such a row or none.
    """
    parts = _KEY.fullmatch(key)
    if parts is None:
        return None
    row = _key_row(connection, parts[1])
    is_right = hmac.compare_digest(_hash(key), row.key_sha256 if row else _NOBODY)
    return Member(row.number, row.name, parts[1]) if row and is_right else None


def member_of_token(connection: Connection, number: int, key_id: str) -> Member | None:
    """Return whom a token of the hub was given to, unless it or its key was turned away since."""
    if key_id:
        row = _key_row(connection, key_id)
        return Member(row.number, row.name, key_id) if row and row.number == number else None
    found = select(MEMBERS.c.number, MEMBERS.c.name)
    row = connection.execute(
        found.where(MEMBERS.c.number == number, MEMBERS.c.is_active == 1)
    ).one_or_none()
    return Member(row.number, row.name) if row else None


def member_of_certificate(connection: Connection, fingerprint: str) -> Member | None:
    """Return whose client certificate it is."""
    found = select(MEMBERS.c.number, MEMBERS.c.name).join(
        CERTIFICATES, CERTIFICATES.c.member == MEMBERS.c.number
    )
    row = connection.execute(
        found.where(CERTIFICATES.c.fingerprint == fingerprint, MEMBERS.c.is_active == 1)
    ).one_or_none()
    return Member(row.number, row.name) if row else None


def member_with_password(connection: Connection, name: str) -> tuple[Member, str] | None:
    """Return a member that has a password, and what is kept of it."""
    row = _row_of(connection, name) if _NAME.fullmatch(name) else None
    is_one = row is not None and row.is_active and row.password is not None
    return (Member(row.number, row.name), row.password) if row and is_one else None


def member_of_password(connection: Connection, name: str, password: str) -> Member | None:
    """Return who proves itself with its name and a password; slow on purpose."""
    row = _row_of(connection, name) if _NAME.fullmatch(name) else None
    kept = row.password if row and row.is_active else None
    salt, _, right = (kept or f"{_NOBODY}${_NOBODY}").partition("$")
    # Computed for nobody too, so that the time does not tell who is a member.
    is_right = hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)).hex(), right)
    return Member(row.number, row.name) if row and kept and is_right else None


def can_prove_itself() -> ColumnElement[bool]:
    """Return the condition under which a row of members is somebody whom the hub lets in.

    It is not suspended, and has a key that was not revoked, a certificate or a password.
    """
    number = MEMBERS.c.number
    has_key = exists().where(KEYS.c.member == number, KEYS.c.revoked_at.is_(None))
    has_certificate = exists().where(CERTIFICATES.c.member == number)
    return and_(
        MEMBERS.c.is_active == 1, or_(has_key, has_certificate, MEMBERS.c.password.is_not(None))
    )


def _key_row(connection: Connection, key_id: str) -> _Row | None:
    found = select(KEYS.c.key_sha256, MEMBERS.c.number, MEMBERS.c.name).join(
        MEMBERS, KEYS.c.member == MEMBERS.c.number
    )
    return connection.execute(
        found.where(KEYS.c.key_id == key_id, KEYS.c.revoked_at.is_(None), MEMBERS.c.is_active == 1)
    ).one_or_none()


def _row_of(connection: Connection, name: str) -> _Row | None:
    c = MEMBERS.c
    found = select(c.number, c.name, c.is_active, c.password).where(c.name == name)
    return connection.execute(found).one_or_none()


def _number_of(connection: Connection, name: str) -> int:
    row = _row_of(connection, name)
    if row is None:
        message = f"{name[:70]}: no such member"
        raise InputError(message, next_step="Enter it first.")
    return int(row.number)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(errors="replace"), salt=salt, **_SCRYPT)

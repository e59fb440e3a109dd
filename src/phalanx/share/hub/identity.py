"""Who asks: an API key, a token of the hub, a name with a password, or a client certificate.

Where a certificate and another proof are shown together, both must be of one member.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Connection

from phalanx.errors import VerificationError
from phalanx.share.hub.answers import RequestError
from phalanx.share.hub.database import Database
from phalanx.share.hub.members import (
    Member,
    RandomBytes,
    member_of_certificate,
    member_of_key,
    member_of_password,
    member_of_token,
    member_with_password,
)
from phalanx.share.hub.moments import microseconds
from phalanx.share.hub.signing import opened, signed

_MARK = "pht."
_REMEMBERED_FOR = timedelta(seconds=60)
_MOST_REMEMBERED = 1_000
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="TAXII", charset="UTF-8", Bearer realm="TAXII"'}


class Identities:
    """Finds out who asks.

    Parameters:
        database: Of the hub.
        key: Of the hub; tokens are signed with it.
        now: The clock.
        random: Where the key comes from under which passwords are remembered.
    """

    def __init__(
        self, database: Database, key: bytes, now: Callable[[], datetime], random: RandomBytes
    ) -> None:
        """Remember no password yet."""
        self._database = database
        self._key = key
        self._now = now
        self._remembered: OrderedDict[bytes, datetime] = OrderedDict()
        self._own_key = random(32)
        self._lock = Lock()

    def of(self, headers: Mapping[str, str], certificate: str | None) -> Member:
        """Return who asks.

        Parameters:
            headers: Of the request, with small letters.
            certificate: Fingerprint of the client's, if it showed one.

        Raises:
            RequestError: If nobody is proved.
        """
        with self._database.read() as connection:
            shown = self._of_headers(connection, headers)
            if certificate is None:
                member = shown
            else:
                member = member_of_certificate(connection, certificate)
                if shown is not None and (member is None or shown.number != member.number):
                    member = None
                if shown is None and _is_shown(headers):
                    member = None
        if member is None:
            raise RequestError(401, "a proof of membership is needed", _CHALLENGE)
        return member

    def token_of(self, member: Member, seconds: int) -> str:
        """Return a bearer token for a member; it is worth no more than what it was given for."""
        until = microseconds(self._now() + timedelta(seconds=seconds))
        said = {"member": member.number, "key": member.key_id, "until": until}
        return _MARK + signed(self._key, "token", said)

    def _of_headers(self, connection: Connection, headers: Mapping[str, str]) -> Member | None:
        if api_key := headers.get("x-api-key"):
            return member_of_key(connection, api_key)
        scheme, _, proof = headers.get("authorization", "").partition(" ")
        proof = proof.strip()
        # Some clients say `Token`, with what others call a bearer token.
        if scheme.lower() in {"bearer", "token"}:
            if proof.startswith(_MARK):
                return self._of_token(connection, proof)
            return member_of_key(connection, proof)
        return self._of_basic(connection, proof) if scheme.lower() == "basic" else None

    def _of_token(self, connection: Connection, proof: str) -> Member | None:
        try:
            said = opened(self._key, "token", proof.removeprefix(_MARK))
        except VerificationError:
            return None
        if said["until"] <= microseconds(self._now()):
            return None
        return member_of_token(connection, said["member"], said["key"])

    def _of_basic(self, connection: Connection, proof: str) -> Member | None:
        """Take an API key as a password, or the password of those who have one."""
        try:
            decoded = base64.b64decode(proof, validate=True).decode()
        except (ValueError, binascii.Error):
            return None
        name, _, password = decoded.partition(":")
        member = member_of_key(connection, password)
        if member is not None:
            return member if hmac.compare_digest(member.name.encode(), name.encode()) else None
        return self._of_password(connection, name, password)

    def _of_password(self, connection: Connection, name: str, password: str) -> Member | None:
        # A right password is remembered for a minute: its hash is slow to compute on purpose. With
        # what is kept of it, so that one that was changed is forgotten at once.
        known, kept = member_with_password(connection, name) or (None, "")
        said = f"{len(name)}:{name}{len(kept)}:{kept}{password}".encode(errors="replace")
        mark = hmac.digest(self._own_key, said, "sha256")
        now = self._now()
        with self._lock:
            until = self._remembered.get(mark)
        if until is not None and now < until <= now + _REMEMBERED_FOR:
            return known
        member = member_of_password(connection, name, password)
        if member is not None:
            with self._lock:
                self._remembered[mark] = now + _REMEMBERED_FOR
                if len(self._remembered) > _MOST_REMEMBERED:
                    self._remembered.popitem(last=False)
        return member


def _is_shown(headers: Mapping[str, str]) -> bool:
    return bool(headers.get("x-api-key") or headers.get("authorization"))

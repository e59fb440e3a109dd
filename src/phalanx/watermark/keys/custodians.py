"""Custodians: persons of whom two together give out what audit keys are derived from.

Each has two key pairs: Ed25519 to sign approvals, X25519 to receive his halves. Only their public
keys, which are here, are known to the vault.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from itertools import combinations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from phalanx.errors import InputError

MOST = 16
"""Custodians of one vault: each two of them have a pair of halves."""

MOST_NUMBER = 2**53
"""Above every number of an epoch or a line: what JSON writes in one way."""

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """What everybody may know of a custodian."""

    name: str
    signs: str
    """Public key (Ed25519, base64url) that approvals are verified with."""

    receives: str
    """Public key (X25519, base64url) that halves are sealed to."""

    @property
    def signing_key(self) -> Ed25519PublicKey:
        """The key that approvals are verified with.

        Raises:
            InputError: If it is none.
        """
        return Ed25519PublicKey.from_public_bytes(from_text(self.signs, _KEY_BYTES))

    @property
    def receiving_key(self) -> X25519PublicKey:
        """The key that halves are sealed to.

        Raises:
            InputError: If it is none.
        """
        return X25519PublicKey.from_public_bytes(from_text(self.receives, _KEY_BYTES))


def read_public(content: bytes) -> Custodian:
    """Read what a custodian handed over: name and public keys, as JSON.

    Raises:
        InputError: If it is something else.

    Examples:
        >>> read_public(b'{"name": "Ada"}')
        Traceback (most recent call last):
        phalanx.errors.InputError: not the name and the public keys of a custodian
    """
    try:
        found = Custodian(**json.loads(content))
        refuse_name(found.name)
        _ = found.signing_key, found.receiving_key
    except (TypeError, ValueError, RecursionError) as error:
        message = "not the name and the public keys of a custodian"
        raise InputError(message, next_step="Ask the custodian for the file.") from error
    return found


def refuse_name(name: str) -> None:
    """Refuse what is no name of a person.

    Raises:
        InputError: If it is empty, long, or steers a terminal.
    """
    if not 1 <= len(name) <= 100 or not name.isprintable() or name != name.strip():
        message = "a person is named by 1 to 100 printable characters"
        raise InputError(message, next_step="Name the person.")


def refuse_alike(custodians: tuple[Custodian, ...]) -> None:
    """Refuse custodians of whom one could be two.

    Raises:
        InputError: If there is only one, there are too many, or two share a name or a key.
    """
    for each in custodians:
        refuse_name(each.name)
        _ = each.signing_key, each.receiving_key
    reason = ""
    if len(custodians) == 1 or len(custodians) > MOST:
        reason = f"custodians are 2 to {MOST}, or none: without them no key is an audit key"
    for one, other in combinations(custodians, 2):
        if same_person(one.name, other.name):
            reason = f"two custodians are called {one.name}"
        elif one.signs == other.signs or one.receives == other.receives:
            reason = f"{one.name} and {other.name} have the same key"
    if reason:
        raise InputError(reason, next_step="Name different persons, each with own keys.")


def same_person(one: str, other: str) -> bool:
    """Tell whether two names are of one person, however they are written.

    Examples:
        >>> same_person("Ada", " ada "), same_person("Ada", "Grace")
        (True, False)
    """
    return one.strip().casefold() == other.strip().casefold()


def to_text(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_text(text: str, size: int) -> bytes:
    """Return the bytes of base64url without padding, in the one form that they have.

    Raises:
        InputError: If it is none, or of another size.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        message = f"not {size} bytes in base64url"
        raise InputError(message, next_step="Copy it whole.") from error
    if len(raw) != size or to_text(raw) != text:
        message = f"not {size} bytes in base64url"
        raise InputError(message, next_step="Copy it whole.")
    return raw

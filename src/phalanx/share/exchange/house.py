"""What a member has at hand in one run: settings, rules, records, its key, the time."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from phalanx.errors import ConfigError
from phalanx.owned import read_or_make_secret, read_secret
from phalanx.share.blinding.encoding import from_text, to_text
from phalanx.share.exchange.settings import MemberSettings
from phalanx.share.exchange.tables import AllianceFolder
from phalanx.share.gate import Agreement, Policy, load_agreement, load_policy
from phalanx.share.gate.audit import AuditLog
from phalanx.share.gate.queue import ApprovalQueue
from phalanx.share.gate.tables import GateDatabase
from phalanx.share.wire import Authorship, key_id_of

KEY_BYTES = 32
"""Of the private key that signs."""

KEY_NAME = "signing key"
"""What messages call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A member in one run."""

    settings: MemberSettings
    agreement: Agreement
    policy: Policy
    folder: AllianceFolder
    gate: GateDatabase
    now: datetime
    key: Ed25519PrivateKey = field(repr=False)
    random_bytes: Callable[[int], bytes] = field(default=secrets.token_bytes, repr=False)
    """Where decoys come from; nobody may predict it."""

    @property
    def member(self) -> str:
        """Identifier under which the member appears."""
        return self.settings.member_id

    @property
    def recipients(self) -> frozenset[str]:
        """To whom it sends.

        Raises:
            ConfigError: If the agreement knows no such group.
        """
        circles = self.agreement.circles(self.member, self.now)
        if self.settings.to not in circles:
            message = f"{self.settings.agreement}: no group is called {self.settings.to!r}"
            raise ConfigError(message, next_step=f"`to` is one of: {', '.join(circles)}.")
        return circles[self.settings.to]

    @property
    def queue(self) -> ApprovalQueue:
        """Requests and approvals."""
        return ApprovalQueue(self.gate, self.agreement)

    @property
    def audit(self) -> AuditLog:
        """The audit log."""
        return AuditLog(self.gate)

    @property
    def pinned(self) -> dict[str, dict[str, Ed25519PublicKey]]:
        """For each member its public keys by their names; only those of present members."""
        found = {}
        for each in self.agreement.members_at(self.now).values():
            keys = (Ed25519PublicKey.from_public_bytes(from_text(k, KEY_BYTES)) for k in each.keys)
            found[each.id] = {key_id_of(key): key for key in keys}
        return found

    def authorship(self, confidence: int | None = None) -> Authorship:
        """Return the authorship of an object that is made now."""
        return Authorship(
            member=self.member,
            created=self.now,
            modified=self.now,
            handling=self.settings.handling,
            confidence=confidence,
            namespace=self._namespace,
        )

    @property
    def _namespace(self) -> str:
        """Of identifiers: the same for every version, and known to the holder of the key alone."""
        return hmac.digest(self.key.private_bytes_raw(), b"phalanx identifiers v1", "sha256").hex()


def open_house(
    settings: MemberSettings,
    now: datetime,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> House:
    """Open what the settings name.

    Parameters:
        settings: Of the member.
        now: When.
        random_bytes: Where decoys come from.

    Raises:
        ConfigError: If a file is missing or wrong, or the agreement lacks the member or its key.
        InputError: If the folder or the file of the gate cannot be used.
    """
    agreement = load_agreement(settings.agreement)
    member = agreement.members_at(now).get(settings.member_id)
    if member is None:
        message = f"{settings.agreement}: {settings.member} is no member at this time"
        raise ConfigError(message, next_step="Correct `member`, or the agreement.")
    key = Ed25519PrivateKey.from_private_bytes(
        read_secret(settings.signing_key, KEY_NAME, KEY_BYTES)
    )
    if public_text(key) not in member.keys:
        message = f"{settings.agreement}: the public key of {settings.member} is not in it"
        raise ConfigError(message, next_step="Add what `phalanx share identity` prints.")
    return House(
        settings=settings,
        agreement=agreement,
        policy=load_policy(settings.policy),
        folder=AllianceFolder(settings.folder),
        gate=GateDatabase(settings.gate),
        now=now,
        key=key,
        random_bytes=random_bytes,
    )


def public_key(settings: MemberSettings) -> str:
    """Return the public key of a member for the agreement; its private key is made at first.

    Raises:
        ConfigError: If the file of the private key cannot be used.
    """
    return public_key_of(settings.signing_key)


def public_key_of(path: Path) -> str:
    """Return the public key to the private one in a file, which is made where there is none.

    One that begins with a hyphen, which looks like an option, is not made.

    Raises:
        ConfigError: If others may read the file, or it is no key.
    """
    secret = read_or_make_secret(path, KEY_NAME, KEY_BYTES, wanted=_begins_as_a_word)
    return public_text(Ed25519PrivateKey.from_private_bytes(secret))


def _begins_as_a_word(secret: bytes) -> bool:
    return not public_text(Ed25519PrivateKey.from_private_bytes(secret)).startswith("-")


def public_text(key: Ed25519PrivateKey) -> str:
    """Return the public key that belongs to a private one, in base64url."""
    return to_text(key.public_key().public_bytes_raw())

"""The root of audit keys, split so that any two custodians give it back and no one alone learns it.

For each two custodians the root is the exclusive-or of two halves, of which one is drawn at
random; each is sealed to one of the two (HPKE, RFC 9180: X25519, HKDF-SHA256, AES-256-GCM). A
half alone is random bytes. Nothing is computed with shares that a library does not do already,
and an epoch begins without a custodian being there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from phalanx.errors import InputError, VerificationError
from phalanx.watermark.keys.custodians import (
    MOST_NUMBER,
    Custodian,
    from_text,
    refuse_alike,
    to_text,
)
from phalanx.watermark.keys.framing import framed
from phalanx.watermark.keys.sealed_place import RandomBytes
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.tree import ROOT_BYTES, root_id

SEALED_BYTES = 80
"""A half of 32 bytes, an encapsulated key of 32, a tag of 16."""

_ROOT_ID = re.compile(r"wmk_[0-9a-f]{32}")
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """What one custodian of a pair holds of the root."""

    holder: str
    """Name of the custodian whom it is sealed to."""

    other: str
    """Name of the other custodian of the pair."""

    sealed: str
    """80 bytes as base64url; nobody but the holder opens it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditShares:
    """The root of the audit keys of one epoch, in halves. Public: it helps nobody alone."""

    provider: str
    epoch: int
    root_id: str
    """`tree.root_id` of the root."""

    custodians: tuple[Custodian, ...]
    halves: tuple[Half, ...]

    def custodian(self, name: str) -> Custodian:
        """Return a custodian of the epoch.

        Raises:
            InputError: If nobody is called so.
        """
        for each in self.custodians:
            if each.name == name:
                return each
        message = f"{name[:100]!r} is no custodian of epoch {self.epoch}"
        raise InputError(message, next_step="Ask one who is.")

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "provider": self.provider,
            "epoch": self.epoch,
            "root_id": self.root_id,
            "custodians": [
                {"name": each.name, "signs": each.signs, "receives": each.receives}
                for each in self.custodians
            ],
            "halves": [
                {"holder": each.holder, "other": each.other, "sealed": each.sealed}
                for each in self.halves
            ],
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> AuditShares:
        """Understand plain JSON.

        Raises:
            InputError: If it is something else.
        """
        try:
            found = cls(
                provider=said["provider"],
                epoch=said["epoch"],
                root_id=said["root_id"],
                custodians=tuple(Custodian(**each) for each in said["custodians"]),
                halves=tuple(Half(**each) for each in said["halves"]),
            )
            refuse_alike(found.custodians)
            names = {each.name for each in found.custodians}
            for each in found.halves:
                from_text(each.sealed, SEALED_BYTES)
            is_whole = (
                type(found.epoch) is int
                and 1 <= found.epoch < MOST_NUMBER
                and _ROOT_ID.fullmatch(found.root_id)
                and found.provider.isprintable()
                and all({each.holder, each.other} <= names for each in found.halves)
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _no_shares() from error
        if not is_whole:
            raise _no_shares()
        return found


def split_root(
    root: Secret,
    provider: str,
    epoch: int,
    custodians: tuple[Custodian, ...],
    random: RandomBytes,
) -> AuditShares:
    """Split a root among custodians; whoever splits it sees it, and forgets it.

    Parameters:
        root: 32 random bytes.
        provider: Whose it is.
        epoch: Of its keys.
        custodians: Two at least.
        random: Where halves come from.
    """
    halves = []
    for one, other in combinations(custodians, 2):
        pad = Secret(random(ROOT_BYTES))
        for holder, partner, half in ((one, other, pad), (other, one, _xor(root, pad))):
            info = _of_epoch(provider, epoch, holder.name, partner.name)
            sealed = seal_half(half, holder.receiving_key, info)
            halves.append(Half(holder=holder.name, other=partner.name, sealed=sealed))
    return AuditShares(
        provider=provider,
        epoch=epoch,
        root_id=root_id(root),
        custodians=custodians,
        halves=tuple(halves),
    )


def open_half(half: Half, shares: AuditShares, key: X25519PrivateKey) -> Secret:
    """Open one's half of a pair.

    Parameters:
        half: Sealed to this custodian.
        shares: Of the epoch.
        key: Of the custodian.

    Raises:
        VerificationError: If it was sealed to another, for another pair or epoch, or changed.
    """
    info = _of_epoch(shares.provider, shares.epoch, half.holder, half.other)
    return unseal_half(half.sealed, key, info, f"the half of {half.holder} with {half.other}")


def join_root(one: Secret, other: Secret, shares: AuditShares) -> Secret:
    """Put two halves together.

    Raises:
        VerificationError: If they are not those of the root.
    """
    root = _xor(one, other)
    if root_id(root) != shares.root_id:
        message = f"the two halves do not give the audit root of epoch {shares.epoch}"
        raise VerificationError(message, next_step="Ask both custodians to approve again.")
    return root


def seal_half(half: Secret, key: X25519PublicKey, info: bytes) -> str:
    """Seal a half to a public key, for one use that `info` names.

    Raises:
        InputError: If the key is one of the few under which everybody could open it.
    """
    try:
        return to_text(_SUITE.encrypt(half.reveal(), key, info))
    except ValueError as error:
        message = "not a public key that something can be sealed to"
        raise InputError(message, next_step="Ask its owner for another.") from error


def unseal_half(sealed: str, key: X25519PrivateKey, info: bytes, name: str) -> Secret:
    """Open a half that was sealed for a use.

    Raises:
        InputError: If it is no sealed half.
        VerificationError: If it was sealed to another key or for another use, or changed.
    """
    raw = from_text(sealed, SEALED_BYTES)
    try:
        return Secret(_SUITE.decrypt(raw, key, info))
    except InvalidTag as error:
        message = f"{name} does not open: it is another's, of another use, or was changed"
        raise VerificationError(message, next_step="Export the halves from the vault.") from error


def _of_epoch(provider: str, epoch: int, holder: str, other: str) -> bytes:
    return framed("phalanx audit half v1", provider, epoch, holder, other)


def _xor(one: Secret, other: Secret) -> Secret:
    # Joined in no variable: an error further on may show what the variables hold.
    return Secret(bytes(a ^ b for a, b in zip(one.reveal(), other.reveal(), strict=True)))


def _no_shares() -> InputError:
    message = "not the halves of an audit root"
    return InputError(message, next_step="Export them from the vault.")

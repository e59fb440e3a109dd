"""A request: an opening with the halves that it needs, signed by the vault that was asked.

Halves are sealed again to whatever key an opening names. So a custodian who could be shown an
opening of somebody else's making would give the root away. He approves nothing but what the key
signed that he knows his vault by: it stands in his own file, and came there by a comparison of
fingerprints, not with the request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from phalanx.errors import InputError, VerificationError
from phalanx.watermark.keys.custodians import from_text, to_text
from phalanx.watermark.keys.framing import framed
from phalanx.watermark.keys.halves import AuditShares
from phalanx.watermark.keys.opening import Opening
from phalanx.watermark.keys.secret import Secret

_CONTEXT = "phalanx.watermark/request/1"
_REQUEST, _IDENTITY = "phalanx.audit-request/1", "phalanx.vault-identity/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultIdentity:
    """What a vault is known by. Public."""

    provider: str
    signs: str
    """Public key (Ed25519, base64url) that requests are verified with."""

    @property
    def signing_key(self) -> Ed25519PublicKey:
        """The key that requests are verified with.

        Raises:
            InputError: If it is none.
        """
        return Ed25519PublicKey.from_public_bytes(from_text(self.signs, 32))

    @property
    def fingerprint(self) -> str:
        """What two persons read to each other: 32 hexadecimal digits of SHA-256."""
        said = framed("phalanx vault identity v1", self.provider, self.signs)
        return hashlib.sha256(said).hexdigest()[:32]

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"schema": _IDENTITY, "provider": self.provider, "signs": self.signs}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> VaultIdentity:
        """Understand plain JSON.

        Raises:
            InputError: If it is something else.
        """
        try:
            found = cls(provider=said["provider"], signs=said["signs"])
            _ = found.signing_key
            is_whole = said["schema"] == _IDENTITY and 1 <= len(found.provider) <= 100
            is_whole = is_whole and found.provider.isprintable()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _no(_IDENTITY) from error
        if not is_whole:
            raise _no(_IDENTITY)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What custodians are sent. Public."""

    opening: Opening
    shares: AuditShares
    """Of the epoch, in halves that nobody but each custodian opens."""

    signature: str
    """Of both, by the vault (Ed25519, base64url)."""

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "schema": _REQUEST,
            "opening": self.opening.as_json(),
            "shares": self.shares.as_json(),
            "signature": self.signature,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Request:
        """Understand plain JSON.

        Raises:
            InputError: If it is something else.
        """
        try:
            opening, shares = said["opening"], said["shares"]
            is_whole = said["schema"] == _REQUEST and isinstance(opening, dict)
            is_whole = is_whole and isinstance(shares, dict)
            signature = str(said["signature"])
        except (KeyError, TypeError) as error:
            raise _no(_REQUEST) from error
        if not is_whole:
            raise _no(_REQUEST)
        return cls(
            opening=Opening.from_json(opening),
            shares=AuditShares.from_json(shares),
            signature=signature,
        )


def identity_of(provider: str, key: Secret) -> VaultIdentity:
    """Return what a vault is known by, from the key that it signs with."""
    public = _private(key).public_key().public_bytes_raw()
    return VaultIdentity(provider=provider, signs=to_text(public))


def sign_request(opening: Opening, shares: AuditShares, key: Secret) -> Request:
    """Sign what custodians are to be asked.

    Parameters:
        opening: What is asked.
        shares: Of its epoch.
        key: That the vault signs with.
    """
    signature = _private(key).sign(_statement(opening, shares))
    return Request(opening=opening, shares=shares, signature=to_text(signature))


def verify_request(request: Request, identity: VaultIdentity) -> None:
    """Verify that a vault asked for exactly this.

    Parameters:
        request: As it was received.
        identity: Of the vault that the custodian trusts.

    Raises:
        VerificationError: If the vault did not sign it, or something in it was changed.
        InputError: If the signature is none.
    """
    statement = _statement(request.opening, request.shares)
    try:
        identity.signing_key.verify(from_text(request.signature, 64), statement)
    except InvalidSignature as error:
        message = (
            f"the vault of {identity.provider} that is trusted here, {identity.fingerprint}, did "
            "not sign this request"
        )
        next_step = "Approve nothing. Tell whoever runs the vault, by another way than this came."
        raise VerificationError(message, next_step=next_step) from error


def _statement(opening: Opening, shares: AuditShares) -> bytes:
    said: dict[str, Any] = {"context": _CONTEXT}
    said |= {"opening": opening.as_json(), "shares": shares.as_json()}
    return rfc8785.dumps(said)


def _private(key: Secret) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.reveal())


def _no(schema: str) -> InputError:
    message = f"not a document of {schema}"
    return InputError(message, next_step="Ask whoever runs the vault for the file.")

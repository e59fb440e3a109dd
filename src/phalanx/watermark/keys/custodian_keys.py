"""What only a custodian holds: his keys, which vaults he trusts, and what he approved.

He remembers what he approved by the line of the vault's log that noted the asking. A request that
comes a second time is refused. So is another one of the same line: a log has each line once, and
one that goes two ways is that of a vault in whose place an older one was put.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.watermark.keys.custodians import Custodian, to_text
from phalanx.watermark.keys.opening import Opening
from phalanx.watermark.keys.request import VaultIdentity
from phalanx.watermark.keys.secret import Secret

KEY_BYTES = 32
MOST_APPROVED = 10_000
"""Requests that are remembered; older ones are over long since."""

_SCHEMA = "phalanx.custodian/2"


@dataclass(frozen=True, slots=True)
class Approved:
    """A request that was approved."""

    vault: str
    """Fingerprint of the vault that asked."""

    line: int
    """Of its log."""

    opening: str
    """Digest of the opening."""


@dataclass(frozen=True, slots=True)
class CustodianKeys:
    """All of it."""

    name: str
    signs: Secret
    receives: Secret
    trusts: Mapping[str, VaultIdentity] = field(default_factory=dict)
    """Provider -> its vault, whose requests may be approved."""

    approved: tuple[Approved, ...] = ()

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """The key that approvals are signed with."""
        return Ed25519PrivateKey.from_private_bytes(self.signs.reveal())

    @property
    def receiving_key(self) -> X25519PrivateKey:
        """The key that opens his halves."""
        return X25519PrivateKey.from_private_bytes(self.receives.reveal())

    @property
    def public(self) -> Custodian:
        """What the vault is told."""
        return Custodian(
            name=self.name,
            signs=to_text(self.signing_key.public_key().public_bytes_raw()),
            receives=to_text(self.receiving_key.public_key().public_bytes_raw()),
        )

    def trusted(self, provider: str) -> VaultIdentity:
        """Return the vault of a provider that is trusted.

        Raises:
            PolicyError: If none is.
        """
        found = self.trusts.get(provider)
        if found is None:
            message = f"{self.name} does not know the vault of {provider[:100]!r}"
            next_step = "Trust it first, by its fingerprint as two other persons read it to you."
            raise PolicyError(message, next_step=next_step)
        return found

    def trusting(self, identity: VaultIdentity, fingerprint: str, *, anew: bool) -> CustodianKeys:
        """Return the keys with a vault that is trusted from now on.

        Parameters:
            identity: Of the vault, as it came.
            fingerprint: As it was heard of somebody who runs the vault.
            anew: Whether another vault of that provider is replaced.

        Raises:
            VerificationError: If the identity has another fingerprint.
            PolicyError: If another vault of the provider is trusted already.
        """
        if "".join(fingerprint.split()).lower() != identity.fingerprint:
            message = f"the identity has the fingerprint {identity.fingerprint}, not this one"
            next_step = "Trust it not. Somebody may have put his own in its place."
            raise VerificationError(message, next_step=next_step)
        known = self.trusts.get(identity.provider)
        if known not in {None, identity} and not anew:
            message = f"another vault of {identity.provider} is trusted: {known.fingerprint}"
            next_step = "Ask why there is a new one; if that is right, trust it anew."
            raise PolicyError(message, next_step=next_step)
        return replace(self, trusts={**self.trusts, identity.provider: identity})

    def refuse_again(self, opening: Opening) -> None:
        """Refuse what was approved before, and a log that goes two ways.

        Raises:
            PolicyError: If the opening was approved.
            VerificationError: If another opening was, of the same line of the log.
        """
        vault = self.trusted(opening.provider).fingerprint
        for each in self.approved:
            if each.opening == opening.digest:
                message = f"{self.name} approved this request before"
                raise PolicyError(message, next_step="Hand over that approval, or ask anew.")
            if (each.vault, each.line) == (vault, opening.line):
                message = (
                    f"line {opening.line} of the vault's log was another request when "
                    f"{self.name} approved it: an older vault was put in its place"
                )
                next_step = "Approve nothing. Find out who did, with both requests at hand."
                raise VerificationError(message, next_step=next_step)

    def having_approved(self, opening: Opening) -> CustodianKeys:
        """Return the keys with an opening that is remembered."""
        vault = self.trusted(opening.provider).fingerprint
        kept = (*self.approved, Approved(vault, opening.line, opening.digest))
        return replace(self, approved=kept[-MOST_APPROVED:])


def as_secret(keys: CustodianKeys) -> Secret:
    """Write the keys down, to be sealed."""
    return Secret(
        rfc8785.dumps(
            {
                "schema": _SCHEMA,
                "name": keys.name,
                "signs": keys.signs.reveal().hex(),
                "receives": keys.receives.reveal().hex(),
                "trusts": [each.as_json() for each in keys.trusts.values()],
                "approved": [[each.vault, each.line, each.opening] for each in keys.approved],
            }
        )
    )


def from_secret(secret: Secret) -> CustodianKeys | None:
    """Read keys, also of the form without trust and memory; null if they are something else.

    Nothing is raised: an error would carry the variables of this function, with keys in them.
    """
    if not secret.reveal().startswith(b'{"'):
        return _of_first_form(secret)
    try:
        said: dict[str, Any] = json.loads(secret.reveal())
        if said["schema"] != _SCHEMA:
            return None
        vaults = tuple(map(VaultIdentity.from_json, said["trusts"]))
        return CustodianKeys(
            said["name"],
            Secret(bytes.fromhex(said["signs"])),
            Secret(bytes.fromhex(said["receives"])),
            {each.provider: each for each in vaults},
            tuple(Approved(vault, line, opening) for vault, line, opening in said["approved"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError, InputError):
        return None


def _of_first_form(secret: Secret) -> CustodianKeys | None:
    """Read both keys, one behind the other, and the name."""
    if len(secret) <= 2 * KEY_BYTES:
        return None
    return CustodianKeys(
        secret.reveal()[2 * KEY_BYTES :].decode(errors="replace"),
        Secret(secret.reveal()[:KEY_BYTES]),
        Secret(secret.reveal()[KEY_BYTES : 2 * KEY_BYTES]),
    )

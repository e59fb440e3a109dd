"""What a repository of roots says: which parties count, and which keys and grants no longer do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

import rfc8785
from pydantic import Field, ValidationError

from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.json_text import parse_object
from phalanx.release.envelopes.statement import Digest, Moment, Part, Text
from phalanx.release.parties.identity import Identity

REVOKED = "revoked.json"
LOG_POLICY = "log.policy"
PARTIES = "parties/"
TERMS = "terms/"
TIMESTAMP_DAYS = 1
"""For which the roots of a day count. It is how long a revocation can be kept back."""

CLOCKS_DIFFER_BY = timedelta(hours=1)
"""At most, between who publishes roots and who reads them."""

_MOST_REVOKED = 10_000


class Revocation(Part):
    """That a key or a grant no longer counts."""

    digest: Digest
    """Fingerprint of an identity, or digest of a grant."""

    at: Moment
    reason: Text


class Revoked(Part):
    """Everything that was revoked; nothing is ever taken back."""

    keys: Annotated[tuple[Revocation, ...], Field(strict=False, max_length=_MOST_REVOKED)] = ()
    grants: Annotated[tuple[Revocation, ...], Field(strict=False, max_length=_MOST_REVOKED)] = ()

    def as_bytes(self) -> bytes:
        """Return the file that is signed."""
        return rfc8785.dumps(self.model_dump(mode="json")) + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """A repository whose signatures, versions and times were verified."""

    parties: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint -> SHA-256 of the identity file, in hexadecimal."""

    revoked: Revoked = field(default_factory=Revoked)
    log_policy: bytes | None = None
    expires_at: datetime
    """From when on it is stale."""

    def refuse_untrusted(
        self, issuer: Identity, recipient: Identity, grant: str, now: datetime
    ) -> None:
        """Refuse a grant that no longer counts, or is of parties that do not.

        Parameters:
            issuer: As he was pinned; the repository has to list him.
            recipient: As he was pinned.
            grant: Digest of the grant, in hexadecimal.
            now: In UTC.

        Raises:
            PolicyError: If the roots are stale, or count for longer than any do: then the clock
                was set back, and what expired meanwhile would count; or if a key or the grant was
                revoked.
            VerificationError: If the issuer is not listed.
        """
        if now >= self.expires_at:
            raise stale(at=self.expires_at)
        if self.expires_at - now > timedelta(days=TIMESTAMP_DAYS) + CLOCKS_DIFFER_BY:
            message = f"the clock says {now.isoformat()}, and the roots are of a later day"
            raise PolicyError(message, next_step="Set the clock, or ask the issuer about his.")
        for party in (issuer, recipient):
            for each in self.revoked.keys:
                if each.digest == party.fingerprint:
                    message = f"the keys of {party.name} were revoked: {_why(each)}"
                    raise PolicyError(message, next_step="Ask the issuer for a new release.")
        for each in self.revoked.grants:
            if each.digest == grant:
                message = f"the grant was revoked: {_why(each)}"
                raise PolicyError(message, next_step="Ask the issuer for a new grant.")
        if self.parties.get(issuer.fingerprint) != file_digest(issuer):
            message = f"the roots do not list {issuer.name}"
            raise VerificationError(message, next_step="Name the roots of this issuer.")


def stale(why: str = "", *, at: datetime | None = None) -> PolicyError:
    """Return what is said of roots that are not of today, in words or with when they expired."""
    message = f"the roots are stale: {why if at is None else f'they expired at {at.isoformat()}'}"
    return PolicyError(message, next_step="Ask the issuer to publish them, and check the clock.")


def identity_file(identity: Identity) -> bytes:
    """Return an identity as a repository holds it."""
    return rfc8785.dumps(identity.as_json()) + b"\n"


def file_digest(identity: Identity) -> str:
    """Return the digest by which a repository names an identity."""
    return hashlib.sha256(identity_file(identity)).hexdigest()


def parse_revoked(content: bytes, what: str) -> Revoked:
    """Understand what was revoked.

    Raises:
        VerificationError: If it is not in its form.
    """
    try:
        return Revoked.model_validate_json(rfc8785.dumps(parse_object(content, what)))
    except (InputError, ValidationError, ValueError) as error:
        message = f"{what} does not say what was revoked"
        raise VerificationError(message, next_step="Ask the issuer to publish again.") from error


def _why(revocation: Revocation) -> str:
    return f"{revocation.reason} ({revocation.at.isoformat()})"

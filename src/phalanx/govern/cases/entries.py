"""An act as it is kept: who did it, when, and after which one.

Entries of a case are a chain: each names the SHA-256 of the one before it, so that none can be
changed or taken out without those after it being others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any

import rfc8785
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from phalanx.errors import InputError, VerificationError
from phalanx.govern.cases.acts import Act, Login
from phalanx.govern.packages.records import Digest, Id, Salt

MOST_BYTES = 512 * 1024
"""Of one entry."""


class Entry(BaseModel):
    """One act in its place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case: Id
    number: int = Field(ge=1)
    """From 1 on, without gaps."""

    at: AwareDatetime
    """By the clock of the machine that kept it."""

    by: Id
    """Person of the case."""

    login: Login
    """As whom the person was signed in."""

    previous: Digest | None = None
    """SHA-256 of the entry before it; null for the first."""

    salt: Salt | None = None
    """Random: whoever sees the digest, in a ledger or a package, can test no guess at what was
    said. Null in acts that were kept before there were salts."""

    act: Annotated[Act, Field(discriminator="act")]

    def payload(self) -> bytes:
        """Return the entry as its digest is made of: canonical JSON (RFC 8785).

        Raises:
            InputError: If it is too large.
        """
        said: dict[str, Any] = json.loads(self.model_dump_json(exclude_none=True))
        payload = rfc8785.dumps(said)
        if len(payload) > MOST_BYTES:
            message = f"an act in {self.case} has more than {MOST_BYTES:,} bytes"
            raise InputError(message, next_step="Put what is long into a file, and gather it.")
        return payload

    @property
    def digest(self) -> str:
        """SHA-256 of its payload, in hexadecimal."""
        return sha256(self.payload()).hexdigest()


def entry_of(payload: bytes, what: str) -> Entry:
    """Return the entry of which this is the payload.

    Parameters:
        payload: As it was kept.
        what: What messages call it.

    Raises:
        VerificationError: If it is none, or is written in another way than `Entry.payload` does.
    """
    try:
        entry = Entry.model_validate_json(payload)
        is_same = entry.payload() == payload
    except (ValidationError, InputError) as error:
        raise _other(what) from error
    if not is_same:
        raise _other(what)
    return entry


def refuse_broken_chain(entries: Sequence[Entry], case: str) -> None:
    """Refuse entries that are not one chain from the first act on.

    Raises:
        VerificationError: If one is of another case, in another place, or does not follow the one
            before it; the message says which.
    """
    previous = None
    for number, entry in enumerate(entries, 1):
        if (entry.case, entry.number, entry.previous) != (case, number, previous):
            what = f"act {number} of {case}"
            raise _other(what)
        previous = entry.digest


def _other(what: str) -> VerificationError:
    message = f"{what} is not as it was kept"
    return VerificationError(message, next_step="Bring the cases back from a backup.")

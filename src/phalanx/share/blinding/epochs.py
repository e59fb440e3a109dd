"""Epochs: which key is in use when, and the commitment that all members compare.

A key that served for ever would let whoever learns it test guesses against all tokens ever
shared. So it is replaced, and the old one destroyed. The commitment of an epoch covers its key,
its times and the commitment of the epoch before it: members who compare one short string know
that they have always been given the same keys.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from phalanx.errors import InputError, VerificationError
from phalanx.share.blinding.encoding import from_text, to_text
from phalanx.share.blinding.group import ELEMENT_BYTES, as_element
from phalanx.share.blinding.hashing import framed
from phalanx.share.blinding.identifiers import SCHEME

_DOMAIN = b"phalanx epoch commitment v1"


@dataclass(frozen=True, slots=True)
class EpochKey:
    """What everybody may know about the key of an epoch."""

    epoch: int
    """Number of the epoch, at least 0; a later one has a higher number."""

    valid_from: datetime
    """First moment at which the key is used."""

    valid_until: datetime
    """When the next epoch takes over."""

    evaluates_until: datetime
    """When the server stops answering for it, and destroys the key."""

    public_key: str
    """An element, base64url."""

    previous: str
    """Commitment of the epoch before; empty for the first one."""

    @property
    def element(self) -> bytes:
        """The public key as an element of the group.

        Raises:
            InputError: If it is none.
        """
        return as_element(from_text(self.public_key, ELEMENT_BYTES))

    @property
    def commitment(self) -> str:
        """What members compare: SHA-256 over everything above, base64url."""
        moments = (self.valid_from, self.valid_until, self.evaluates_until)
        fields = (
            SCHEME,
            str(self.epoch),
            *(moment.astimezone(UTC).isoformat(timespec="microseconds") for moment in moments),
            self.public_key,
            self.previous,
        )
        said = framed(_DOMAIN) + b"".join(framed(field.encode()) for field in fields)
        return to_text(hashlib.sha256(said).digest())

    def evaluates_at(self, moment: datetime) -> bool:
        """Tell whether the server answers for this epoch at a moment."""
        return self.valid_from <= moment < self.evaluates_until


def check_chain(epochs: Sequence[EpochKey]) -> None:
    """Check that epochs follow each other, each committing to the one before.

    Raises:
        VerificationError: If one does not, or its times are out of order.

    Examples:
        >>> day = datetime(2026, 1, 1, tzinfo=UTC)
        >>> check_chain([EpochKey(1, day, day, day, "", "")])
        Traceback (most recent call last):
        phalanx.errors.VerificationError: epoch 1: its times are out of order
    """
    for each in epochs:
        if not each.valid_from < each.valid_until <= each.evaluates_until:
            raise _broken(each, "its times are out of order")
    for before, after in pairwise(epochs):
        if after.epoch <= before.epoch:
            raise _broken(after, "its number is not above that of the epoch before it")
        if after.previous != before.commitment:
            raise _broken(after, "it does not commit to the epoch before it")
        if after.valid_from < before.valid_until:
            raise _broken(after, "it begins before the one before it ends")


def pinned_epoch(epochs: Sequence[EpochKey], commitment: str) -> EpochKey:
    """Find the epoch that a member compared with others, among those that a server published.

    Parameters:
        epochs: As the server says.
        commitment: As the members agreed, outside the server.

    Raises:
        VerificationError: If the server published no such epoch, or its key is no element.
    """
    for each in epochs:
        if hmac.compare_digest(each.commitment.encode(), commitment.encode()):
            try:
                as_element(each.element)
            except InputError as error:
                raise _broken(each, "its public key is no element of the group") from error
            return each
    message = "the key server published no epoch with the pinned commitment"
    raise VerificationError(message, next_step="Compare the commitment with other members.")


def _broken(epoch: EpochKey, reason: str) -> VerificationError:
    message = f"epoch {epoch.epoch}: {reason}"
    return VerificationError(message, next_step="Do not use this key server; ask its operator.")

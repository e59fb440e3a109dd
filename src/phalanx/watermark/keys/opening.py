"""An opening: who wants which audit keys, for what, until when; and the approvals of custodians.

Two custodians approve one and the same opening, each by signing its digest and by sealing his
halves again, to a key that was made for this opening alone. What he signs cannot be used for
another purpose, by another requester, for other keys, or after its time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.watermark.keys.custodians import (
    CustodianKeys,
    from_text,
    refuse_name,
    same_person,
    to_text,
)
from phalanx.watermark.keys.framing import framed
from phalanx.watermark.keys.halves import AuditShares, open_half, seal_half
from phalanx.watermark.keys.tree import refuse_key_name

LONGEST = timedelta(days=30)
"""For which an opening may be asked."""

MOST_NAMES = 10_000
MOST_BYTES = 4 << 20
"""Of an opening or an approval in a file."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CONTEXT = "phalanx.watermark/approval/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is asked of the custodians. Public."""

    provider: str
    epoch: int
    root_id: str
    """Of the audit root that the keys are derived from."""

    scheme: str
    """Of marking."""

    names: tuple[str, ...]
    """Of the keys."""

    reason: str
    """Why the keys are needed, in words."""

    plan: str
    """SHA-256 of the plan of the audit, in hexadecimal; what is done with the keys stands there."""

    by: str
    """Who asks, and may not approve."""

    opens_at: datetime
    closes_at: datetime
    """From when on the keys may be derived, and when no longer."""

    recipient: str
    """Public key (X25519, base64url) that halves are sealed to; made for this opening alone."""

    def __post_init__(self) -> None:
        """Refuse what nobody could approve with open eyes.

        Raises:
            InputError: With what is wrong.
        """
        refuse_name(self.by)
        for name in self.names:
            refuse_key_name(name)
        reason = ""
        # What custodians read must not steer their terminals, and looks as it is.
        if not (10 <= len(self.reason.strip()) <= 2000 and self.reason.isprintable()):
            reason = "the reason has 10 to 2,000 printable characters, on one line"
        elif not all(map(str.isprintable, (self.provider, self.scheme, self.recipient))):
            reason = "provider, scheme and recipient are printable"
        elif type(self.epoch) is not int:
            reason = "an epoch is a whole number"
        elif not _DIGEST.fullmatch(self.plan):
            reason = "the plan is named by its SHA-256, 64 hexadecimal digits"
        elif not (self.opens_at.tzinfo and self.closes_at.tzinfo):
            reason = "an opening is for times with a time zone"
        elif not 1 <= len(set(self.names)) == len(self.names) <= MOST_NAMES:
            reason = f"an opening is of 1 to {MOST_NAMES:,} different keys"
        elif not timedelta() < self.closes_at - self.opens_at <= LONGEST:
            reason = f"an opening lasts at most {LONGEST.days} days, and ends after it begins"
        if reason:
            raise InputError(reason, next_step="Ask again.")

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical form, in hexadecimal: what custodians read to each other."""
        return hashlib.sha256(rfc8785.dumps(self.as_json())).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self) | {
            "names": list(self.names),
            "opens_at": _moment(self.opens_at),
            "closes_at": _moment(self.closes_at),
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Opening:
        """Understand plain JSON.

        Raises:
            InputError: If it is something else.
        """
        try:
            return cls(
                **{
                    **said,
                    "names": tuple(said["names"]),
                    "opens_at": datetime.fromisoformat(said["opens_at"]).astimezone(UTC),
                    "closes_at": datetime.fromisoformat(said["closes_at"]).astimezone(UTC),
                }
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            message = "not an opening of audit keys"
            raise InputError(message, next_step="Ask whoever sent it for the file.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """That a custodian gives his halves for an opening."""

    opening: str
    """Digest of the opening."""

    custodian: str
    approved_at: datetime
    halves: Mapping[str, str]
    """Other custodian of the pair -> the half, sealed to the key of the opening."""

    signature: str
    """Of everything above (Ed25519, base64url)."""

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return _said(self.opening, self.custodian, self.approved_at, self.halves) | {
            "signature": self.signature
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Approval:
        """Understand plain JSON.

        Raises:
            InputError: If it is something else.
        """
        try:
            return cls(
                opening=str(said["opening"]),
                custodian=str(said["custodian"]),
                approved_at=datetime.fromisoformat(said["approved_at"]).astimezone(UTC),
                halves={str(other): str(half) for other, half in said["halves"].items()},
                signature=str(said["signature"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            message = "not an approval of a custodian"
            raise InputError(message, next_step="Ask the custodian for the file.") from error


def read_document(content: bytes) -> Mapping[str, Any]:
    """Read the JSON object of an opening, an approval or shares, up to a size.

    Raises:
        InputError: If it is none, or too large.
    """
    if len(content) > MOST_BYTES:
        message = f"more than {MOST_BYTES:,} bytes"
        raise InputError(message, next_step="Name another file.")
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        message = "not a JSON document"
        raise InputError(message, next_step="Name another file.") from error
    if not isinstance(said, dict):
        message = "not a JSON object"
        raise InputError(message, next_step="Name another file.")
    return said


def approve(opening: Opening, shares: AuditShares, keys: CustodianKeys, now: datetime) -> Approval:
    """Approve an opening after having read it: this gives one's halves for it.

    Parameters:
        opening: Everything in it is approved.
        shares: Of its epoch, as the vault exports them.
        keys: Of the custodian.
        now: With a time zone.

    Raises:
        PolicyError: If it is over, asked by the custodian himself, or of other shares.
        InputError: If this is no custodian of the epoch.
        VerificationError: If the halves are not his, or were changed.
    """
    _refuse_wrong(opening, shares, now)
    if same_person(opening.by, keys.name):
        message = f"{keys.name} asked for the opening, and does not approve it"
        raise PolicyError(message, next_step="Another custodian has to.")
    if shares.custodian(keys.name) != keys.public:
        message = f"{keys.name} holds other keys than the custodian of epoch {shares.epoch}"
        raise VerificationError(message, next_step="Use the file of that time.")
    recipient = X25519PublicKey.from_public_bytes(from_text(opening.recipient, 32))
    halves = {
        half.other: seal_half(
            open_half(half, shares, keys.receiving_key),
            recipient,
            of_opening(opening, half.holder, half.other),
        )
        for half in shares.halves
        if half.holder == keys.name
    }
    said = _said(opening.digest, keys.name, now, halves)
    signature = keys.signing_key.sign(_statement(said))
    return Approval(
        opening=opening.digest,
        custodian=keys.name,
        approved_at=now,
        halves=halves,
        signature=to_text(signature),
    )


def refuse_unapproved(
    opening: Opening, approvals: tuple[Approval, Approval], shares: AuditShares, now: datetime
) -> None:
    """Refuse an opening that two different custodians did not approve, or whose time is not now.

    Parameters:
        opening: That is to be carried out.
        approvals: Of two custodians.
        shares: Of the epoch.
        now: With a time zone.

    Raises:
        PolicyError: If the two are one person or asked themselves, or it is too early or late.
        VerificationError: If an approval is of another opening, or not signed by its custodian.
        InputError: If somebody is no custodian of the epoch.
    """
    _refuse_wrong(opening, shares, now)
    if now < opening.opens_at:
        message = f"the opening begins at {opening.opens_at.isoformat()}"
        raise PolicyError(message, next_step="Wait until then.")
    one, other = approvals
    if same_person(one.custodian, other.custodian):
        message = f"both approvals are of {one.custodian}"
        raise PolicyError(message, next_step="Ask a second custodian.")
    for each in approvals:
        custodian = shares.custodian(each.custodian)
        if same_person(opening.by, each.custodian):
            message = f"{each.custodian} asked for the opening, and does not approve it"
            raise PolicyError(message, next_step="Another custodian has to.")
        said = _said(each.opening, each.custodian, each.approved_at, each.halves)
        try:
            custodian.signing_key.verify(from_text(each.signature, 64), _statement(said))
        except InvalidSignature as error:
            message = f"the approval of {each.custodian} is not as it was signed"
            raise VerificationError(message, next_step="Ask the custodian again.") from error
        if each.opening != opening.digest:
            message = f"the approval of {each.custodian} is of another opening"
            raise VerificationError(message, next_step="Ask the custodian to approve this one.")


def of_opening(opening: Opening, holder: str, other: str) -> bytes:
    """Return what a half is sealed for: one opening and one pair."""
    return framed("phalanx audit half of an opening v1", opening.digest, holder, other)


def _refuse_wrong(opening: Opening, shares: AuditShares, now: datetime) -> None:
    wanted = (opening.provider, opening.epoch, opening.root_id)
    if wanted != (shares.provider, shares.epoch, shares.root_id):
        message = "the opening is of another vault or epoch than the halves"
        raise PolicyError(message, next_step="Take the halves of its epoch.")
    if now >= opening.closes_at:
        message = f"the opening was over at {opening.closes_at.isoformat()}"
        raise PolicyError(message, next_step="Ask for a new one.")


def _said(
    opening: str, custodian: str, approved_at: datetime, halves: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "opening": opening,
        "custodian": custodian,
        "approved_at": _moment(approved_at),
        "halves": dict(halves),
    }


def _statement(said: dict[str, Any]) -> bytes:
    return rfc8785.dumps({"context": _CONTEXT, **said})


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")

"""Approvals: two custodians give their halves for one opening that the vault asked for.

Each verifies that the vault signed the request, signs the digest of the opening, and seals his
halves again, to the key that was made for this opening alone. What he signs cannot be used for
another purpose, by another requester, for other keys, or after its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.watermark.keys.custodian_keys import CustodianKeys
from phalanx.watermark.keys.custodians import from_text, same_person, to_text
from phalanx.watermark.keys.framing import framed
from phalanx.watermark.keys.halves import AuditShares, open_half, seal_half
from phalanx.watermark.keys.opening import SKEW, Opening, read_moment, written
from phalanx.watermark.keys.request import Request, verify_request

_CONTEXT = "phalanx.watermark/approval/1"


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
            found = cls(
                opening=str(said["opening"]),
                custodian=str(said["custodian"]),
                approved_at=read_moment(said["approved_at"]),
                halves={str(other): str(half) for other, half in said["halves"].items()},
                signature=str(said["signature"]),
            )
            # What cannot be printed could not be written down to be verified either.
            texts = (found.opening, found.custodian, *found.halves, *found.halves.values())
            is_whole = all(map(str.isprintable, texts))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise _no_approval() from error
        if not is_whole:
            raise _no_approval()
        return found


def approve(request: Request, keys: CustodianKeys, now: datetime) -> Approval:
    """Approve a request after having read it: this gives one's halves for its opening.

    Parameters:
        request: Everything in its opening is approved.
        keys: Of the custodian, with the key of the vault that he trusts.
        now: With a time zone.

    Raises:
        PolicyError: If it is over, not yet asked for, asked by the custodian himself, of other
            halves, or was approved before.
        InputError: If this is no custodian of the epoch, or he trusts no vault of this provider.
        VerificationError: If the vault did not sign it, if its log goes two ways, or if the halves
            are not his.
    """
    opening, shares = request.opening, request.shares
    verify_request(request, keys.trusted(opening.provider))
    _refuse_wrong(opening, shares, now)
    if now < opening.asked_at - SKEW:
        message = f"the opening was asked for at {opening.asked_at.isoformat()}, which is not yet"
        raise PolicyError(message, next_step="Compare the clocks of both machines.")
    keys.refuse_again(opening)
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
    return Approval(
        opening=opening.digest,
        custodian=keys.name,
        approved_at=now,
        halves=halves,
        signature=to_text(keys.signing_key.sign(_statement(said))),
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
        if not opening.asked_at - SKEW <= each.approved_at <= now + SKEW:
            message = f"{each.custodian} approved before it was asked, or after now"
            raise PolicyError(message, next_step="Compare the clocks of both machines.")


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
        "approved_at": written(approved_at),
        "halves": dict(halves),
    }


def _statement(said: dict[str, Any]) -> bytes:
    return rfc8785.dumps({"context": _CONTEXT, **said})


def _no_approval() -> InputError:
    message = "not an approval of a custodian"
    return InputError(message, next_step="Ask the custodian for the file.")

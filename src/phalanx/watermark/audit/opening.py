"""That the keys of an audit are those that were committed to before it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import rfc8785

from phalanx.errors import VerificationError
from phalanx.watermark.audit.plan import Plan
from phalanx.watermark.keys.commitment import Commitment, OpenedKey, open_key, verify_key
from phalanx.watermark.keys.listing import DerivedKeys
from phalanx.watermark.keys.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A commitment, and each of its keys opened."""

    commitment: Commitment
    """As it was published."""

    opened: tuple[OpenedKey, ...]
    """All of its keys, in their order."""

    names: tuple[str, ...] = ()
    """What each key is for, in their order, where the plan names keys so: those of custodians. The
    commitment fixes the order of the keys, and the plan that of the names."""


def opened_all(keys: DerivedKeys, commitment: Commitment, seed: Secret) -> Opening:
    """Open all keys of a commitment that custodians' audit keys were committed to with.

    Parameters:
        keys: As they were handed out.
        commitment: As it was published.
        seed: Of the commitment.
    """
    return Opening(
        commitment=commitment,
        opened=tuple(
            open_key(keys, commitment.plan, seed, index) for index in range(len(keys.ids))
        ),
        names=keys.names,
    )


def commitment_digest(commitment: Commitment) -> str:
    """Return what a plan says of a commitment: SHA-256 of its canonical JSON, hexadecimal."""
    return hashlib.sha256(rfc8785.dumps(commitment.as_json())).hexdigest()


def keys_in_order(
    plan: Plan, keys: Mapping[str, bytes], opening: Opening | None = None
) -> list[bytes]:
    """Return the keys of a plan, in its order.

    Parameters:
        plan: The plan.
        keys: Name -> key, of the plan's keys and no others.
        opening: Of the commitment that was published. Null where the plan names none.

    Raises:
        VerificationError: If the keys are not those of the plan, or of the commitment; or the
            commitment is to another plan, or to another scheme.
    """
    if keys.keys() != set(plan.key_ids):
        refuse("these are not the keys of the plan")
    if opening is not None:
        _check_opening(plan, keys, opening)
    elif plan.key_commitment:
        refuse("the plan names a commitment to its keys, which was not opened")
    return [keys[name] for name in plan.key_ids]


def _check_opening(plan: Plan, keys: Mapping[str, bytes], opening: Opening) -> None:
    commitment, opened = opening.commitment, opening.opened
    if plan.key_commitment and commitment_digest(commitment) != plan.key_commitment:
        refuse("the plan names another commitment to its keys")
    if (commitment.plan, commitment.scheme) != (plan.digest_to_commit(), plan.scheme):
        refuse("the commitment to keys is to another plan, or another scheme")
    whole = commitment.keys == len(plan.key_ids) == len(opened)
    whole = whole and len(opening.names) in {0, len(opened)}
    if not whole or any(each.index != at for at, each in enumerate(opened)):
        refuse("the commitment holds other keys than the plan, or not all were opened")
    said = opening.names or tuple(each.key_id for each in opened)
    for name, given, each in zip(plan.key_ids, said, opened, strict=True):
        verify_key(commitment, each)
        if given != name or not hmac.compare_digest(each.key.reveal(), keys[name]):
            refuse("a key is not the one that was committed to in its place")


def refuse(message: str) -> NoReturn:
    """Refuse to go on with an audit that is not the one that was planned.

    Raises:
        VerificationError: Always.
    """
    raise VerificationError(message, next_step="Audit with what was published, or plan anew.")

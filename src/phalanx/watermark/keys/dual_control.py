"""Audit keys under dual control: asked for, approved by two custodians, derived once.

A key that convicts must not be usable by one person alone: who can test in secret can test until
something fits, and who can mark with it can make evidence. The vault holds the root of audit keys
only in halves that custodians open, and a use is noted before a key is handed out.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from phalanx.errors import InputError, PolicyError
from phalanx.watermark.keys.approval import Approval, of_opening, refuse_unapproved
from phalanx.watermark.keys.contents import Epoch, Pending
from phalanx.watermark.keys.custodians import to_text
from phalanx.watermark.keys.halves import AuditShares, join_root, unseal_half
from phalanx.watermark.keys.listing import DerivedKeys, derived_keys
from phalanx.watermark.keys.opening import Opening
from phalanx.watermark.keys.request import Request, sign_request
from phalanx.watermark.keys.sealed_place import RandomBytes
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.tree import purpose_root
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.schemes.scheme import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an opening is asked for."""

    names: Sequence[str]
    """Of the keys."""

    setting: Setting
    """Of the scheme."""

    reason: str
    """In words, which custodians read."""

    plan: str
    """SHA-256 of the plan of the audit, in hexadecimal."""

    opens_at: datetime
    closes_at: datetime
    epoch: int | None = None
    """Of the keys; null for the one in use."""


def ask(
    vault: Vault, wanted: Wanted, act: Act, random: RandomBytes = secrets.token_bytes
) -> Request:
    """Ask for an opening of audit keys; the request is what two custodians are then sent.

    Parameters:
        vault: That holds them.
        wanted: Which keys, for what, when.
        act: Who asks, and when.
        random: Where the key that halves are sealed to comes from.

    Raises:
        InputError: If something is missing or too long.
        PolicyError: If the epoch has no audit keys or was destroyed, or the vault signs nothing
            yet.
        PhalanxError: If the vault cannot be opened or written.
    """
    with vault.held() as (contents, generation):
        if contents.signs is None:
            message = f"{vault.folder}: made before vaults signed their requests"
            raise PolicyError(message, next_step="Begin the next epoch: then it signs.")
        shares = _shares(contents.epoch(wanted.epoch))
        key = Secret(random(32))
        public = X25519PrivateKey.from_private_bytes(key.reveal()).public_key()
        before = vault.log.uses()[-1]
        opening = Opening(
            provider=shares.provider,
            epoch=shares.epoch,
            root_id=shares.root_id,
            scheme=wanted.setting.name,
            names=tuple(wanted.names),
            reason=wanted.reason,
            plan=wanted.plan,
            by=act.by,
            asked_at=act.at,
            line=before.number + 1,
            before=before.line_hash,
            opens_at=wanted.opens_at,
            closes_at=wanted.closes_at,
            recipient=to_text(public.public_bytes_raw()),
        )
        kept = tuple(each for each in contents.pending if act.at < each.opening.closes_at)
        changed = replace(contents, pending=(*kept, Pending(opening=opening, key=key)))
        request = sign_request(opening, shares, contents.signs)
        vault.change("asked", act, _facts(opening), changed, generation)
        return request


def waiting(vault: Vault) -> tuple[Opening, ...]:
    """Return the openings that were asked for and not carried out, the oldest first.

    Parameters:
        vault: That was asked.

    Raises:
        PhalanxError: If it cannot be opened.
    """
    with vault.held() as (contents, _):
        return tuple(each.opening for each in contents.pending)


def open_keys(
    vault: Vault,
    opening: Opening,
    approvals: tuple[Approval, Approval],
    setting: Setting,
    now: datetime,
) -> DerivedKeys:
    """Derive the audit keys of an opening that two custodians approved, once.

    Parameters:
        vault: That was asked.
        opening: As it was asked for.
        approvals: Of two different custodians, none of whom asked.
        setting: Of the scheme of the opening.
        now: With a time zone.

    Raises:
        PolicyError: If it was not approved so, its time is not now, or it was carried out.
        VerificationError: If an approval or a half is not what its custodian gave.
        InputError: If the scheme is another one.
        PhalanxError: If the vault cannot be opened or written.
    """
    with vault.held() as (contents, generation):
        epoch = contents.epoch(opening.epoch)
        shares = _shares(epoch)
        found = [each for each in contents.pending if each.opening == opening]
        if not found:
            message = "this opening was not asked for here, or was carried out"
            raise PolicyError(message, next_step="Ask for a new one.")
        if setting.name != opening.scheme:
            message = f"the opening is of keys of {opening.scheme}, not of {setting.name}"
            raise InputError(message, next_step="Name that scheme.")
        refuse_unapproved(opening, approvals, shares, now)
        root = purpose_root(_joined(found[0], approvals, shares), "audit")
        derived = derived_keys(root, "audit", epoch, opening.names, setting)
        left = tuple(each for each in contents.pending if each.opening != opening)
        facts = _facts(opening) | {
            "approved_by": sorted(each.custodian for each in approvals),
            "signatures": sorted(each.signature for each in approvals),
            **derived.facts(),
        }
        # Noted before anybody holds a key.
        act = Act(opening.by, now)
        vault.change("opened", act, facts, replace(contents, pending=left), generation)
        return derived


def _shares(epoch: Epoch) -> AuditShares:
    if epoch.shares is None:
        message = f"epoch {epoch.number} has no audit keys: it began without custodians"
        raise PolicyError(message, next_step="Name custodians when the next epoch begins.")
    return epoch.shares


def _joined(pending: Pending, approvals: tuple[Approval, Approval], shares: AuditShares) -> Secret:
    """Open the halves that two custodians sealed to the key of an opening."""
    key = X25519PrivateKey.from_private_bytes(pending.key.reveal())
    halves = []
    for mine, its in (approvals, approvals[::-1]):
        sealed = mine.halves.get(its.custodian, "")
        info = of_opening(pending.opening, mine.custodian, its.custodian)
        halves.append(unseal_half(sealed, key, info, f"the half of {mine.custodian}"))
    return join_root(halves[0], halves[1], shares)


def _facts(opening: Opening) -> dict[str, Any]:
    return {
        "opening": opening.digest,
        "epoch": opening.epoch,
        "reason": opening.reason,
        "plan": opening.plan,
        "closes_at": opening.closes_at.isoformat(),
    }

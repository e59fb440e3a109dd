"""What everybody may know of keys: ids, purposes, dates; and derived keys with their ids."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from phalanx.errors import InputError, PolicyError
from phalanx.watermark.keys.contents import Epoch
from phalanx.watermark.keys.framing import framed
from phalanx.watermark.keys.secret import Secret, SecretKeys
from phalanx.watermark.keys.tree import (
    PURPOSES,
    Purpose,
    derive_keys,
    derived_id,
    purpose_root,
    root_id,
    withdrawn_id,
)
from phalanx.watermark.schemes.scheme import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEpoch:
    """An epoch, as it may be published."""

    epoch: int
    begins: datetime
    ends: datetime | None
    """Null for the one in use."""

    destroyed: datetime | None
    ids: Mapping[Purpose, str]
    """Purpose -> id of the root of its keys; none once the epoch is destroyed, and none of audit
    keys where there are no custodians. That of `audit` names what custodians hold."""

    custodians: tuple[str, ...]
    """Names of those who hold the root of audit keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """A key, as it may be published."""

    key_id: str
    purpose: Purpose
    scheme: str
    epoch: int
    begins: datetime
    ends: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedKeys:
    """Keys of one scheme, purpose and epoch, in the order in which they were asked for."""

    purpose: Purpose
    epoch: int
    begins: datetime
    ends: datetime | None
    """When the epoch ended; null for the one in use."""

    scheme: str
    names: tuple[str, ...]
    ids: tuple[str, ...]
    keys: SecretKeys

    def public(self) -> tuple[ListedKey, ...]:
        """Return what may be published: neither keys nor whose they are."""
        return tuple(
            ListedKey(
                key_id=each,
                purpose=self.purpose,
                scheme=self.scheme,
                epoch=self.epoch,
                begins=self.begins,
                ends=self.ends,
            )
            for each in self.ids
        )

    def facts(self) -> dict[str, Any]:
        """Return what the log says: how many, and a hash over all ids."""
        return {
            "purpose": self.purpose,
            "epoch": self.epoch,
            "scheme": self.scheme,
            "keys": len(self.ids),
            "ids_sha256": hashlib.sha256(framed(*self.ids)).hexdigest(),
        }


def listed(epoch: Epoch) -> ListedEpoch:
    """Return an epoch as it may be published."""
    ids: dict[Purpose, str] = {}
    if epoch.root is not None:
        ids = {
            purpose: root_id(purpose_root(epoch.root, purpose))
            for purpose in PURPOSES
            if purpose != "audit"
        }
    if epoch.shares is not None:
        ids["audit"] = epoch.shares.root_id
    return ListedEpoch(
        epoch=epoch.number,
        begins=epoch.begins,
        ends=epoch.ends,
        destroyed=epoch.destroyed,
        ids=ids,
        custodians=tuple(each.name for each in epoch.shares.custodians) if epoch.shares else (),
    )


def derived_keys(
    root: Secret, purpose: Purpose, epoch: Epoch, names: Sequence[str], setting: Setting
) -> DerivedKeys:
    """Derive the keys of a purpose, with what may be known of them.

    Raises:
        InputError: If there are none, or a name is none.
    """
    if not names:
        message = "no key was asked for"
        raise InputError(message, next_step="Name at least one.")
    keys = derive_keys(root, names, setting)
    return DerivedKeys(
        purpose=purpose,
        epoch=epoch.number,
        begins=epoch.begins,
        ends=epoch.ends,
        scheme=setting.name,
        names=tuple(names),
        ids=tuple(derived_id(root, name, setting) for name in names),
        keys=keys,
    )


def refuse_withdrawn(epoch: Epoch, root: Secret, names: Sequence[str]) -> None:
    """Refuse names whose keys were withdrawn.

    Parameters:
        epoch: Of the keys.
        root: Of their purpose.
        names: For whom or what they are.

    Raises:
        PolicyError: If one was.
    """
    withdrawn = frozenset(epoch.withdrawn)
    if not withdrawn:
        return
    gone = next((name for name in names if withdrawn_id(root, name) in withdrawn), None)
    if gone is not None:
        message = f"the key of {gone} was withdrawn from epoch {epoch.number}"
        raise PolicyError(message, next_step="Leave it out; nothing is served or tested with it.")

"""What a vault holds, and how that is written inside its seal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import rfc8785

from phalanx.errors import InputError, PolicyError
from phalanx.watermark.keys.custodians import Custodian, refuse_alike
from phalanx.watermark.keys.halves import AuditShares, split_root
from phalanx.watermark.keys.opening import Opening
from phalanx.watermark.keys.sealed_place import RandomBytes
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.tree import ROOT_BYTES, epoch_root

_SCHEMA, _FIRST_SCHEMA = "phalanx.watermark-vault/2", "phalanx.watermark-vault/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """An epoch of keys."""

    number: int
    """From 1, without gaps."""

    begins: datetime
    ends: datetime | None
    """When the next one began; null for the one in use."""

    root: Secret | None
    """That all its keys but those for audits are derived from; null once it is destroyed."""

    shares: AuditShares | None
    """Of the root of its audit keys; null where there are no custodians, or it is destroyed."""

    withdrawn: tuple[str, ...] = ()
    """`tree.withdrawn_id` of names whose keys are not derived any more."""

    destroyed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An opening that was asked for, and the key that halves are sealed to."""

    opening: Opening
    key: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything inside the seal."""

    provider: str
    chain: Secret
    """From which the next epoch follows; the root of this one does not follow from it alone."""

    epochs: tuple[Epoch, ...]
    pending: tuple[Pending, ...] = field(default=())
    signs: Secret | None
    """That requests to custodians are signed with; null in a vault of the first form, until its
    next epoch."""

    head: str
    """Hash of the last line of the log of uses when this was written."""

    @property
    def current(self) -> Epoch:
        """The epoch in use."""
        return self.epochs[-1]

    def epoch(self, number: int | None) -> Epoch:
        """Return an epoch, or the one in use for null.

        Raises:
            InputError: If there is no such epoch.
            PolicyError: If it was destroyed.
        """
        if number is None:
            return self.current
        if not 1 <= number <= len(self.epochs):
            message = f"there is no epoch {number}"
            last = len(self.epochs)
            there = f"one of 1 to {last}" if last > 1 else "1, the only one"
            raise InputError(message, next_step=f"Name {there}.")
        found = self.epochs[number - 1]
        if found.destroyed is not None:
            message = f"epoch {number} was destroyed at {found.destroyed.isoformat()}"
            raise PolicyError(message, next_step="Its keys are gone for good.")
        return found

    def with_epoch(self, epoch: Epoch) -> Contents:
        """Return the contents with one epoch replaced."""
        kept = (epoch if each.number == epoch.number else each for each in self.epochs)
        return replace(self, epochs=tuple(kept))


def begin_epoch(  # noqa: PLR0913, PLR0917 - what an epoch is made of
    provider: str,
    chain: Secret,
    number: int,
    custodians: tuple[Custodian, ...],
    begins: datetime,
    random: RandomBytes,
) -> Epoch:
    """Return an epoch that begins, with a new root of audit keys if there are custodians.

    Raises:
        InputError: If custodians are alike.
    """
    refuse_alike(custodians)
    shares = None
    if custodians:
        # Drawn, not derived: whoever opens the vault alone must not find it.
        shares = split_root(Secret(random(ROOT_BYTES)), provider, number, custodians, random)
    root = epoch_root(chain, number)
    return Epoch(number=number, begins=begins, ends=None, root=root, shares=shares)


def as_secret(contents: Contents) -> Secret:
    """Write contents down, to be sealed."""
    return Secret(
        rfc8785.dumps(
            {
                "schema": _SCHEMA,
                "provider": contents.provider,
                "chain": contents.chain.reveal().hex(),
                "signs": contents.signs.reveal().hex() if contents.signs else None,
                "epochs": [
                    {
                        "number": each.number,
                        "begins": _moment(each.begins),
                        "ends": _moment(each.ends),
                        "root": each.root.reveal().hex() if each.root else None,
                        "shares": each.shares.as_json() if each.shares else None,
                        "withdrawn": list(each.withdrawn),
                        "destroyed": _moment(each.destroyed),
                    }
                    for each in contents.epochs
                ],
                "pending": [
                    {"opening": each.opening.as_json(), "key": each.key.reveal().hex()}
                    for each in contents.pending
                ],
                "head": contents.head,
            }
        )
    )


def from_secret(secret: Secret) -> Contents | None:
    """Read contents, also of the first form; null if they are something else.

    Nothing is raised: an error would carry the variables of this function, with keys in them.
    """
    try:
        said = json.loads(secret.reveal())
        if said["schema"] not in {_SCHEMA, _FIRST_SCHEMA}:
            return None
        contents = Contents(
            provider=said["provider"],
            chain=_secret(said["chain"]),
            epochs=tuple(map(_epoch, said["epochs"])),
            pending=tuple(
                Pending(opening=Opening.from_json(each["opening"]), key=_secret(each["key"]))
                # What was asked before vaults signed their requests cannot be approved.
                for each in (said["pending"] if said["schema"] == _SCHEMA else ())
            ),
            signs=_secret(said["signs"]) if said.get("signs") else None,
            head=said["head"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InputError):
        return None
    numbers = [each.number for each in contents.epochs]
    return contents if numbers and numbers == list(range(1, len(numbers) + 1)) else None


def _epoch(said: Mapping[str, Any]) -> Epoch:
    return Epoch(
        number=said["number"],
        begins=datetime.fromisoformat(said["begins"]),
        ends=_maybe(said["ends"]),
        root=_secret(said["root"]) if said["root"] else None,
        shares=AuditShares.from_json(said["shares"]) if said["shares"] else None,
        withdrawn=tuple(said.get("withdrawn", ())),
        destroyed=_maybe(said["destroyed"]),
    )


def _secret(text: str) -> Secret:
    return Secret(bytes.fromhex(text))


def _maybe(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None

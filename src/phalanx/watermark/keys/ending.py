"""What ends: an epoch for good, a key as far as the tree allows, a seal.

All keys of an epoch but those for audits are derived from one root. Without the root none of them
comes back: so an epoch can be destroyed. One key among them cannot, as long as the root is there
for the others: whoever opens the vault with a program of his own derives it again. It can be
*withdrawn*: Phalanx derives it no more, and it is destroyed with its epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from phalanx.errors import InputError, PolicyError
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.tree import Purpose, purpose_root, withdrawn_id
from phalanx.watermark.keys.vault import Act, Vault

MOST_WITHDRAWN = 10_000
"""Keys of one epoch: of more, the epoch is to be destroyed."""


def destroy_epoch(vault: Vault, epoch: int, act: Act) -> None:
    """Destroy the keys of an epoch that is over, for good.

    Where the vault is sealed with a key file, that is replaced too, so that no older copy of the
    vault opens any more. What a file system or a backup keeps of a deleted key file is the
    operator's care; where there is only a passphrase, older copies keep what they held. Keys that
    were handed out, to a gateway or in a file, are where they were handed.

    Parameters:
        vault: That holds it.
        epoch: Number.
        act: Who does it, and when.

    Raises:
        PolicyError: If it is the one in use, or was destroyed before.
        InputError: If there is no such epoch.
        PhalanxError: If the vault cannot be opened or written.
    """
    with vault.held() as (contents, generation):
        held = contents.epoch(epoch)
        if held.ends is None:
            message = f"epoch {epoch} is in use"
            raise PolicyError(message, next_step="Begin the next one first.")
        gone = replace(held, root=None, shares=None, withdrawn=(), destroyed=act.at)
        pending = tuple(each for each in contents.pending if each.opening.epoch != epoch)
        changed = replace(contents.with_epoch(gone), pending=pending)
        vault.change("destroyed", act, {"epoch": epoch}, changed, generation, replace_key_file=True)


def withdraw_keys(
    vault: Vault, purpose: Purpose, names: Sequence[str], act: Act, *, epoch: int | None = None
) -> int:
    """Withdraw keys: they are not derived any more, under any scheme.

    The root stays, and with it what a program other than Phalanx could derive; the keys are
    destroyed when their epoch is.

    Parameters:
        vault: That holds them.
        purpose: Of the keys; not `audit`, whose keys no one derives alone anyway.
        names: For whom or what they are.
        act: Who does it, and when.
        epoch: Of the keys; null for the one in use.

    Returns:
        The number of the epoch.

    Raises:
        PolicyError: If the purpose is `audit`, there are too many, or the epoch was destroyed.
        InputError: If there is no such epoch or purpose, or a name is none.
        PhalanxError: If the vault cannot be opened or written.
    """
    if purpose == "audit":
        message = "audit keys are derived in openings alone: there is nothing to withdraw"
        raise PolicyError(message, next_step="Destroy their epoch once it is over.")
    if not names:
        message = "no key was named"
        raise InputError(message, next_step="Name at least one.")
    with vault.held() as (contents, generation):
        held = contents.epoch(epoch)
        assert held.root is not None  # noqa: S101 - epoch() returns none that was destroyed
        root = purpose_root(held.root, purpose)
        ids = sorted({withdrawn_id(root, name) for name in names} - set(held.withdrawn))
        withdrawn = (*held.withdrawn, *ids)
        if len(withdrawn) > MOST_WITHDRAWN:
            message = f"more than {MOST_WITHDRAWN:,} keys of epoch {held.number}"
            raise PolicyError(message, next_step="Begin the next epoch, and destroy this one.")
        facts = {"epoch": held.number, "purpose": purpose, "keys": len(names), "ids": ids}
        changed = contents.with_epoch(replace(held, withdrawn=withdrawn))
        vault.change("withdrawn", act, facts, changed, generation)
        return held.number


def reseal(vault: Vault, seal: Seal, act: Act) -> None:
    """Seal the vault with another passphrase, key file or cost. Its keys stay what they are.

    The vault is written whole under the new seal and takes the place of the one before: after a
    crash either seal opens it. A key file that stays where it is is made anew, so that older
    copies of the vault open to nobody; one at another place leaves the former where it was, and
    whoever has that and an older copy opens the copy.

    Parameters:
        vault: As it is opened until now.
        seal: That opens it from now on.
        act: Who does it, and when.

    Raises:
        InputError: If there is a key file already where the new one is to be: it may be another
            vault's.
        PhalanxError: If the vault cannot be opened or written.
    """
    with vault.held() as (contents, generation):
        new = seal.key_file
        if new is not None and new.exists() and not _is_same(new, vault.seal):
            message = f"{new}: is there already, and may open another vault"
            raise InputError(message, next_step="Name a new file, or the key file of this vault.")
        facts = {"passphrase": seal.passphrase is not None, "key_file": new is not None}
        vault.change("resealed", act, facts, contents, generation, replace_key_file=True, seal=seal)


def _is_same(key_file: Path, seal: Seal) -> bool:
    return seal.key_file is not None and seal.key_file.exists() and seal.key_file.samefile(key_file)

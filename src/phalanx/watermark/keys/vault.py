"""The vault: a folder with the sealed tree of keys and the log of what was done with it.

Every act takes the folder for itself, reads what is there, notes what it does, and writes the
whole vault anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from phalanx.errors import InputError, PolicyError
from phalanx.store.lock import locked
from phalanx.watermark.keys.contents import Contents, Epoch, as_secret, begin_epoch, from_secret
from phalanx.watermark.keys.custodians import Custodian, refuse_name
from phalanx.watermark.keys.listing import (
    DerivedKeys,
    ListedEpoch,
    derived_keys,
    listed,
    refuse_withdrawn,
)
from phalanx.watermark.keys.newest import note_written, refuse_older
from phalanx.watermark.keys.request import VaultIdentity, identity_of
from phalanx.watermark.keys.sealed_file import MOST_BYTES, damaged
from phalanx.watermark.keys.sealed_place import RandomBytes, Seal, SealedPlace
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.tree import (
    ROOT_BYTES,
    Purpose,
    first_chain,
    next_chain,
    purpose_root,
)
from phalanx.watermark.keys.use_log import BEGINNING, Kind, UseLog
from phalanx.watermark.schemes.scheme import Setting

KIND = "watermark-vault"
VAULT_FILE, LOG_FILE = "vault.sealed", "uses.jsonl"
_ROOM_BYTES = 8192
"""For what a sealed file adds to its content."""

_HELD = "another process is using this vault"


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, and when: for the log."""

    by: str
    """Person or program."""

    at: datetime
    """With a time zone."""

    def __post_init__(self) -> None:
        """Refuse what a log cannot say.

        Raises:
            InputError: If the name is none.
            ValueError: If the moment has no time zone.
        """
        refuse_name(self.by)
        if self.at.tzinfo is None:
            message = "a moment without a time zone is none"
            raise ValueError(message)


class Vault:
    """A vault that was made before.

    Parameters:
        folder: Of the vault.
        seal: That opens it.
        last_hash: Of a line of the log that was kept elsewhere, and must still be in it.
        random: Where keys come from.

    Examples:
        >>> import tempfile
        >>> from datetime import UTC
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> folder = Path(tempfile.mkdtemp()) / "vault"
        >>> seal, act = Seal(key_file=folder.with_name("vault.key")), Act("Ada", datetime.now(UTC))
        >>> vault = make_vault(folder, "example.com", seal, act)
        >>> setting = PhalanxGumbel().setting
        >>> vault.derive("account", ["acct_1", "acct_2"], setting, act).keys
        SecretKeys(2 of 32 bytes)
        >>> vault.rotate(act).number
        2
    """

    def __init__(
        self,
        folder: Path,
        seal: Seal,
        *,
        last_hash: str | None = None,
        random: RandomBytes = secrets.token_bytes,
    ) -> None:
        """Keep where it is."""
        self.folder = folder
        self.log = UseLog(folder / LOG_FILE)
        self.seal = seal
        self._last_hash = last_hash
        self._random = random

    def listing(self) -> tuple[ListedEpoch, ...]:
        """Return what everybody may know of the keys: epochs, purposes, ids, dates."""
        with self.held() as (contents, _):
            return tuple(map(listed, contents.epochs))

    def identity(self) -> VaultIdentity:
        """Return what custodians know the vault by.

        Raises:
            PolicyError: If it is of the first form, and signs nothing yet.
        """
        with self.held() as (contents, _):
            if contents.signs is None:
                message = f"{self.folder}: made before vaults signed their requests"
                raise PolicyError(message, next_step="Begin the next epoch: then it signs.")
            return identity_of(contents.provider, contents.signs)

    def last_hash(self) -> str:
        """Return the hash of the last line of the log, to be kept elsewhere."""
        with self.held():
            return self.log.uses()[-1].line_hash

    def derive(
        self,
        purpose: Purpose,
        names: Sequence[str],
        setting: Setting,
        act: Act,
        *,
        epoch: int | None = None,
    ) -> DerivedKeys:
        """Derive keys, and note that it was done.

        Parameters:
            purpose: Any but `audit`.
            names: Of accounts, campaigns, models or decoys.
            setting: Of the scheme.
            act: Who does it, and when.
            epoch: Of the keys; null for the one in use.

        Raises:
            PolicyError: If the purpose is `audit`, the epoch was destroyed, or a key withdrawn.
            InputError: If there is no such epoch or purpose, or a name is none.
            PhalanxError: If the vault cannot be opened.
        """
        if purpose == "audit":
            message = "audit keys are derived in an opening that two custodians approved"
            raise PolicyError(message, next_step="Ask for an opening.")
        with self.held() as (contents, _):
            held = contents.epoch(epoch)
            assert held.root is not None  # noqa: S101 - epoch() returns none that was destroyed
            root = purpose_root(held.root, purpose)
            refuse_withdrawn(held, root, names)
            derived = derived_keys(root, purpose, held, names, setting)
            self.log.append(act.at, "derived", act.by, derived.facts())
            return derived

    def rotate(self, act: Act, *, custodians: Sequence[Custodian] | None = None) -> Epoch:
        """Begin the next epoch, and end the one in use, whose keys stay until it is destroyed.

        Parameters:
            act: Who does it, and when.
            custodians: Of its audit keys; null for those of the epoch before.

        Raises:
            InputError: If the time is before that of the last epoch, or custodians are alike.
            PhalanxError: If the vault cannot be opened or written.
        """
        with self.held() as (contents, generation):
            last = contents.current
            if act.at < last.begins:
                message = f"epoch {last.number} began at {last.begins.isoformat()}"
                raise InputError(message, next_step="Set the clock of this machine.")
            if custodians is None:
                custodians = last.shares.custodians if last.shares else ()
            chain = next_chain(contents.chain, Secret(self._random(ROOT_BYTES)))
            new = begin_epoch(
                contents.provider, chain, last.number + 1, tuple(custodians), act.at, self._random
            )
            ended = contents.with_epoch(replace(last, ends=act.at))
            # A vault of the first form signs from here on.
            signs = contents.signs or Secret(self._random(ROOT_BYTES))
            changed = replace(ended, chain=chain, epochs=(*ended.epochs, new), signs=signs)
            facts = {"epoch": new.number, "custodians": [each.name for each in custodians]}
            self.change("rotated", act, facts, changed, generation)
            return new

    @contextmanager
    def held(self) -> Iterator[tuple[Contents, int]]:
        """Hold the vault, and hand out what is in it now, and its generation.

        Raises:
            PhalanxError: If it cannot be opened, or is an older one.
        """
        if not (self.folder / VAULT_FILE).exists():
            message = f"{self.folder}: no vault"
            raise InputError(message, next_step="Make one, or name another folder.")
        with locked(self.folder, _HELD):
            opened = SealedPlace(self.folder / VAULT_FILE, KIND, self.seal).read()
            contents = from_secret(opened.content)
            if contents is None:
                raise damaged(str(self.folder / VAULT_FILE), "it holds no tree of keys")
            refuse_older(self.folder, self.log, contents.head, opened, last_hash=self._last_hash)
            yield contents, opened.generation

    def change(  # noqa: PLR0913 - who did what, and what follows
        self,
        kind: Kind,
        act: Act,
        facts: Mapping[str, Any],
        changed: Contents,
        generation: int,
        *,
        replace_key_file: bool = False,
        seal: Seal | None = None,
    ) -> None:
        """Note what is done, write the vault, and note which vault is the newest.

        Parameters:
            kind: What is done.
            act: Who does it, and when.
            facts: Of the log.
            changed: What the vault holds from now on.
            generation: Of the vault until now.
            replace_key_file: Make a new key file.
            seal: That opens it from now on; null for the one until now.

        Raises:
            PolicyError: If the vault would be larger than what is read again.
            PhalanxError: If something cannot be written.
        """
        if len(as_secret(replace(changed, head=BEGINNING))) > MOST_BYTES - _ROOM_BYTES:
            message = f"{self.folder}: the vault would be too large to be read"
            raise PolicyError(message, next_step="Carry out openings, or wait until they are over.")
        head = self.log.append(act.at, kind, act.by, facts).line_hash
        place = SealedPlace(self.folder / VAULT_FILE, KIND, seal or self.seal, self._random)
        content = as_secret(replace(changed, head=head))
        raw = place.write(content, generation + 1, replace_key_file=replace_key_file)
        self.seal = seal or self.seal
        note_written(self.log, generation + 1, raw, act.at, act.by)


def make_vault(  # noqa: PLR0913 - who makes which vault when
    folder: Path,
    provider: str,
    seal: Seal,
    act: Act,
    *,
    custodians: Sequence[Custodian] = (),
    random: RandomBytes = secrets.token_bytes,
) -> Vault:
    """Make a vault with its first epoch.

    Parameters:
        folder: Where none is yet; made for its owner alone.
        provider: Whose keys they are, such as `example.com`.
        seal: That opens it from now on.
        act: Who does it, and when.
        custodians: Of audit keys; without any, there are none in the first epoch.
        random: Where keys come from.

    Raises:
        InputError: If there is a vault, the provider has no name, or custodians are alike.
        ConfigError: If it cannot be written.
    """
    # First what may be refused: then nothing was made.
    chain = first_chain(Secret(random(ROOT_BYTES)), provider)
    first = begin_epoch(provider, chain, 1, tuple(custodians), act.at, random)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    vault = Vault(folder, seal, random=random)
    with locked(folder, _HELD):
        if (folder / VAULT_FILE).exists() or vault.log.path.exists():
            message = f"{folder}: holds a vault already"
            raise InputError(message, next_step="Name another folder.")
        contents = Contents(
            provider=provider,
            chain=chain,
            epochs=(first,),
            signs=Secret(random(ROOT_BYTES)),
            head="",
        )
        facts = {"provider": provider, "custodians": [each.name for each in custodians]}
        vault.change("made", act, facts, contents, 0)
    return vault

"""The keys of the key server: one secret file for each epoch, and a public list of all.

A key that is no longer used is deleted. Then nobody, the server included, can make another
token of that epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.owned import read_or_make_secret, read_secret, written_whole
from phalanx.share.blinding.encoding import to_text
from phalanx.share.blinding.epochs import EpochKey, check_chain
from phalanx.share.blinding.group import SCALAR_BYTES
from phalanx.share.blinding.identifiers import SCHEME
from phalanx.share.blinding.voprf import KeyPair, derive_key_pair

EPOCHS_FILE = "epochs.json"
"""The public list; it may be copied to anyone."""

_EPOCHS = TypeAdapter(tuple[EpochKey, ...])
_LARGEST_LIST_BYTES = 1 << 20
_NAME = "blinding key"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that a folder held when it was read."""

    epochs: tuple[EpochKey, ...]
    """All that ever were, in order."""

    pairs: dict[int, KeyPair] = field(repr=False)
    """Epoch -> its key, for those that were not destroyed."""

    def current(self, moment: datetime) -> EpochKey | None:
        """Return the epoch whose tokens are shared at a moment."""
        for each in reversed(self.epochs):
            if each.epoch in self.pairs and each.valid_from <= moment < each.valid_until:
                return each
        return None

    def pair(self, epoch: int, moment: datetime) -> KeyPair:
        """Return the key that answers for an epoch.

        Raises:
            PolicyError: If there is no such epoch, or it has not begun, or it is over.
        """
        for each in self.epochs:
            if each.epoch == epoch and each.evaluates_at(moment) and epoch in self.pairs:
                return self.pairs[epoch]
        message = "this epoch is not answered for: it is unknown, to come, or over"
        raise PolicyError(message, next_step="Ask for an epoch that the key server lists.")


@dataclass(frozen=True, slots=True)
class Terms:
    """How epochs follow each other."""

    lifetime: timedelta = timedelta(days=30)
    """How long one lasts."""

    grace: timedelta = timedelta(days=7)
    """How long its key answers after that."""

    ahead: timedelta = timedelta(days=7)
    """How long before it ends the next one is published, so that members can compare its
    commitment."""


def read_keyring(folder: Path) -> Keyring:
    """Read the keys of a folder.

    Raises:
        InputError: If there is no list of epochs, or it cannot be read.
        ConfigError: If others may read a key.
        VerificationError: If list and keys contradict each other.
    """
    epochs = _read_epochs(folder)
    pairs = {}
    for each in epochs:
        if not _seed_file(folder, each.epoch).exists():
            continue
        pair = _pair(read_secret(_seed_file(folder, each.epoch), _NAME, SCALAR_BYTES), each.epoch)
        if pair.public_key != each.element:
            message = f"{folder}: the key of epoch {each.epoch} is not the published one"
            raise VerificationError(message, next_step="Bring the folder back from a backup.")
        pairs[each.epoch] = pair
    return Keyring(epochs, pairs)


def add_epoch(folder: Path, begins: datetime, lifetime: timedelta, grace: timedelta) -> EpochKey:
    """Make the key of the next epoch and publish it, ahead of its beginning where possible.

    Parameters:
        folder: Of the keys; made if it is missing.
        begins: When it begins, with a time zone; not before the last one ends.
        lifetime: How long it lasts.
        grace: How long the key answers after that.

    Raises:
        InputError: If the times are out of order, or overlap those of the last epoch.
        ConfigError: If the folder cannot be written.
    """
    epochs = _read_epochs(folder) if (folder / EPOCHS_FILE).exists() else ()
    number = epochs[-1].epoch + 1 if epochs else 1
    planned = EpochKey(
        epoch=number,
        valid_from=begins,
        valid_until=begins + lifetime,
        evaluates_until=begins + lifetime + grace,
        public_key="",
        previous=epochs[-1].commitment if epochs else "",
    )
    try:
        check_chain((*epochs, planned))
    except VerificationError as error:
        raise InputError(str(error), next_step="Begin it when the last one ends.") from error

    def published(seed: bytes) -> EpochKey:
        return replace(planned, public_key=to_text(_pair(seed, number).public_key))

    # A word that begins with a hyphen looks like an option.
    seed = read_or_make_secret(
        _seed_file(folder, number),
        _NAME,
        SCALAR_BYTES,
        wanted=lambda seed: not published(seed).commitment.startswith("-"),
    )
    new = published(seed)
    with written_whole(folder / EPOCHS_FILE) as aside:
        aside.write_bytes(_EPOCHS.dump_json((*epochs, new), indent=2) + b"\n")
    return new


def add_epoch_in_time(
    folder: Path, now: datetime, terms: Terms, begins: datetime | None = None
) -> EpochKey | None:
    """Make the key of the next epoch if it is time, and nothing otherwise.

    Parameters:
        folder: Of the keys; made if it is missing.
        now: With a time zone. The first epoch, and one after a gap, begins now.
        terms: Of the epochs.
        begins: Before which the next epoch does not begin.

    Raises:
        InputError: If the list of epochs cannot be read.
        ConfigError: If the folder cannot be written.
    """
    epochs = _read_epochs(folder) if (folder / EPOCHS_FILE).exists() else ()
    ends = epochs[-1].valid_until if epochs else now
    if ends > now + terms.ahead:
        return None
    return add_epoch(folder, max(ends, begins or now), terms.lifetime, terms.grace)


def destroy_past_keys(folder: Path, now: datetime) -> tuple[int, ...]:
    """Delete the keys of epochs that are no longer answered for, and return their numbers.

    The public list keeps them, so that the chain of commitments stays whole. What a file
    system or a backup keeps of a deleted file is the operator's care.

    Raises:
        InputError: If there is no list of epochs.
    """
    past = [each.epoch for each in _read_epochs(folder) if each.evaluates_until <= now]
    there = tuple(epoch for epoch in past if _seed_file(folder, epoch).exists())
    for epoch in there:
        _seed_file(folder, epoch).unlink()
    return there


def _read_epochs(folder: Path) -> tuple[EpochKey, ...]:
    path = folder / EPOCHS_FILE
    try:
        with path.open("rb") as file:
            epochs = _EPOCHS.validate_json(file.read(_LARGEST_LIST_BYTES))
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise InputError(message, next_step="Make the first epoch.") from error
    except ValidationError as error:
        message = f"{path}: not a list of epochs"
        raise InputError(message, next_step="Bring the folder back from a backup.") from error
    check_chain(epochs)
    return epochs


def _seed_file(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch}.key"


def _pair(seed: bytes, epoch: int) -> KeyPair:
    return derive_key_pair(seed, f"{SCHEME} {epoch}".encode())

"""The issuer's log of releases, and what opens its entries.

The log is public and holds salted digests. What was entered under which salt is kept beside it, for
its owner alone: he can prove an entry, and nobody can recognise one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.owned import OWNER_ONLY, read_or_make_secret
from phalanx.release.logged.openings import Opening, Openings
from phalanx.release.names import refuse_unsafe
from phalanx.transparency.log_folder import LogFolder
from phalanx.transparency.log_reader import CHECKPOINT
from phalanx.transparency.note_keys import NoteSigner, is_key_name
from phalanx.transparency.own_log import ORIGIN, keep_origin, own_signer
from phalanx.transparency.proofs import Proof
from phalanx.transparency.salted import SALT_BYTES, salted_entry

PUBLIC = "public"
"""Folder of the log itself, which is served."""

_KEY, _OPENINGS = "log.key", "openings.db"


@dataclass(frozen=True, slots=True)
class LogBook:
    """A log that this process may add to, with its openings."""

    folder: Path
    log: LogFolder
    signer: NoteSigner

    @property
    def openings(self) -> Openings:
        """What opens its entries."""
        return Openings(self.folder / _OPENINGS)

    def enter(
        self, digests: tuple[str, ...], random: Callable[[int], bytes], time: int
    ) -> tuple[Opening, ...]:
        """Enter digests that are not in the log yet, and return the openings of all of them.

        Parameters:
            digests: SHA-256 of payloads, in hexadecimal.
            random: Gives so many random bytes, such as `secrets.token_bytes`.
            time: Seconds since 1970.

        Raises:
            InputError: If the log cannot be written.
            VerificationError: If it is damaged.
            ConfigError: If others may read the openings, or they are damaged.
        """
        with self._locked():
            known = self.openings.find(digests)
            new = [each for each in dict.fromkeys(digests) if each not in known]
            salts = [random(SALT_BYTES) for _ in new]
            entries = [
                salted_entry(bytes.fromhex(digest), salt)
                for digest, salt in zip(new, salts, strict=True)
            ]
            # An entry whose opening is lost in a break is entered again; one without an entry
            # would be believed.
            indexes = self.log.append(entries, time) if entries else range(0)
            made = [
                Opening(digest=digest, salt=salt, index=index)
                for digest, salt, index in zip(new, salts, indexes, strict=True)
            ]
            self.openings.keep(made)
            known |= {each.digest: each for each in made}
        return tuple(known[each] for each in digests)

    def proof(self, opening: Opening) -> Proof:
        """Return the proof of an entry under the present checkpoint, its salt as extra data."""
        note, checkpoint = self.log.state()
        return self.log.reader.proof(opening.index, note, checkpoint.size, opening.salt)

    def check(self) -> int:
        """Verify that the tree is that of the checkpoint, and every opening that of its entry.

        Returns:
            How many entries the log has.

        Raises:
            VerificationError: If not.
        """
        _, checkpoint = self.log.state()
        self.log.reader.refuse_other_tree(checkpoint)
        entries = self.log.reader.entries(0, checkpoint.size)
        for each in self.openings.all():
            entry = salted_entry(bytes.fromhex(each.digest), each.salt)
            if each.index >= len(entries) or entries[each.index] != entry:
                raise self.openings.damaged()
        return len(entries)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, OWNER_ONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)
        except OSError as error:
            message = f"{self.folder}: the log cannot be written: {reason_of(error)}"
            raise InputError(message, next_step="Mend it, and try again.") from error


def begin_book(folder: Path, origin: str, time: int) -> LogBook:
    """Begin a log of releases in a new folder.

    Parameters:
        folder: For the log and what opens it.
        origin: Its name, such as `lab.example/releases`.
        time: Seconds since 1970.

    Raises:
        ConfigError: If the name is none, or the key cannot be made.
        InputError: If there is a log already.
    """
    if not is_key_name(origin):
        message = f"{origin[:80]!r} is no name of a log"
        raise ConfigError(message, next_step="Name it like lab.example/releases, without spaces.")
    refuse_unsafe(origin)
    if (folder / ORIGIN).exists():
        message = f"{folder}: there is a log already"
        raise InputError(message, next_step="Name a new folder.")
    read_or_make_secret(folder / _KEY, "key of a log", 32)
    book = _book(folder, origin)
    if (folder / PUBLIC / CHECKPOINT).exists():
        book.log.state()  # of a beginning that was broken off, or of another key
    else:
        book.log.begin(time)
    keep_origin(folder, origin)
    return book


def open_book(folder: Path) -> LogBook:
    """Return a log that was begun before.

    Raises:
        ConfigError: If there is none, or others may read its key.
    """
    return _book(folder)


def _book(folder: Path, origin: str | None = None) -> LogBook:
    signer = own_signer(folder, _KEY, "log", origin)
    return LogBook(folder, LogFolder(folder / PUBLIC, signer), signer)

"""A ledger in a folder: events are recorded at its end, and are there when its log says so."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import ConfigError, InputError, VerificationError, reason_of
from phalanx.govern.ledger.journal import Journal, Line, parsed_line
from phalanx.govern.ledger.payload import payload_of
from phalanx.govern.ledger.proving import ProvedEvent
from phalanx.model.event import Event
from phalanx.owned import OWNER_ONLY, read_or_make_secret
from phalanx.transparency.checkpoints import Checkpoint
from phalanx.transparency.log_folder import LogFolder
from phalanx.transparency.log_reader import CHECKPOINT, LogReader
from phalanx.transparency.note_keys import NoteKey, NoteSigner, is_key_name
from phalanx.transparency.notes import Note
from phalanx.transparency.own_log import ORIGIN, keep_origin, own_signer
from phalanx.transparency.places import fetch_from
from phalanx.transparency.policy import Policy
from phalanx.transparency.salted import SALT_BYTES, salted_entry

PUBLIC = "public"
"""Folder of the log, which may be served as it is."""

_EVENTS, _KEY = "events", "ledger.key"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event and its number in the ledger."""

    number: int
    event: Event


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger that this process may add to."""

    folder: Path
    journal: Journal
    log: LogFolder
    signer: NoteSigner

    @property
    def key(self) -> NoteKey:
        """The key that its checkpoints are signed with, for those who verify."""
        return self.signer.public

    def state(self) -> tuple[Note, Checkpoint]:
        """Return the present checkpoint, signed and understood.

        Raises:
            InputError: If it cannot be read.
            VerificationError: If this ledger did not sign it.
        """
        return self.log.state()

    def record(
        self, events: Sequence[Event], random: Callable[[int], bytes], time: int
    ) -> tuple[Recorded, ...]:
        """Record events in the order given. They are on the disk, and in the log, then.

        Parameters:
            events: That happened. None is recorded if one of them cannot be.
            random: Gives so many random bytes, such as `secrets.token_bytes`.
            time: Seconds since 1970, for the checkpoint.

        Raises:
            InputError: If an event is none, or the ledger cannot be written.
            VerificationError: If it is damaged.
            ConfigError: If others may read its events.
        """
        payloads = [payload_of(each) for each in events]
        salts = random(SALT_BYTES * len(events))
        lines, entries = [], []
        for at, (event, payload) in enumerate(zip(events, payloads, strict=True)):
            salt = salts[at * SALT_BYTES : (at + 1) * SALT_BYTES]
            lines.append(Line(event, salt).as_bytes(payload))
            entries.append(salted_entry(hashlib.sha256(payload).digest(), salt))
        with self._locked():
            size = self.state()[1].size
            if lines:
                # Events first: an entry whose event is lost could never be opened.
                self.journal.write(size, lines)
                self.log.append(entries, time)
        return tuple(Recorded(size + at, event) for at, event in enumerate(events))

    def events(self, start: int = 0, stop: int | None = None) -> Iterator[Recorded]:
        """Yield what was recorded, in order.

        Parameters:
            start: Number of the first one.
            stop: Number after the last one; all of them where it is null.

        Raises:
            VerificationError: If the ledger is damaged.
            ConfigError: If others may read its events.
        """
        size = self.state()[1].size
        last = size if stop is None else min(size, stop)
        for number, line in enumerate(self.journal.lines(start, last), start):
            yield Recorded(number, line.event)

    def prove(self, number: int) -> ProvedEvent:
        """Return an event with the proof that it stands in the log.

        Raises:
            InputError: If there is no such event.
            VerificationError: If the ledger is damaged.
        """
        note, checkpoint = self.state()
        if not 0 <= number < checkpoint.size:
            message = f"the ledger has {checkpoint.size:,} events, and none of number {number:,}"
            raise InputError(message, next_step="See `phalanx govern ledger` for their numbers.")
        line = next(self.journal.lines(number, number + 1))
        proof = self.log.reader.proof(number, note, checkpoint.size, line.salt)
        return ProvedEvent(line.event, proof)

    def check(self) -> int:
        """Verify every event against its entry, and every entry against the signed tree.

        Returns:
            How many events there are.

        Raises:
            VerificationError: If one differs; the message says which.
        """
        _, checkpoint = self.state()
        refuse_other_events(self.journal, self.log.reader, checkpoint)
        return checkpoint.size

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, OWNER_ONLY)
        except OSError as error:
            message = f"{self.folder}: the ledger cannot be written: {reason_of(error)}"
            raise InputError(message, next_step="Mend it, and try again.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def verify_ledger(folder: Path, policy: Policy) -> Checkpoint:
    """Verify a ledger by what others said of it, without the key of who keeps it.

    Parameters:
        folder: Of the ledger, or a copy of its `public` and `events`.
        policy: Which ledgers are believed, and which witnesses have to have seen its checkpoint.

    Returns:
        Its checkpoint.

    Raises:
        VerificationError: If the policy does not believe it, or an event differs; the message says
            which.
        InputError: If it cannot be read.
        ConfigError: If others may read its events.
    """
    reader = LogReader(fetch=fetch_from(str(folder / PUBLIC)))
    checkpoint = policy.accept(reader.checkpoint(), f"the checkpoint of {folder}")
    refuse_other_events(Journal(folder / _EVENTS), reader, checkpoint)
    return checkpoint


def refuse_other_events(journal: Journal, reader: LogReader, checkpoint: Checkpoint) -> None:
    """Refuse events that are not those of a tree.

    Parameters:
        journal: Of the events.
        reader: Of the log.
        checkpoint: Of the tree; it was accepted before.

    Raises:
        VerificationError: If an event or an entry differs; the message says which.
        ConfigError: If others may read the events.
    """
    reader.refuse_other_tree(checkpoint)
    entries = reader.entries(0, checkpoint.size)
    for number, raw in enumerate(journal.raw_lines(0, checkpoint.size)):
        line = parsed_line(raw, f"event {number:,} of the ledger")
        digest = hashlib.sha256(payload_of(line.event)).digest()
        if salted_entry(digest, line.salt) != entries[number]:
            message = f"event {number:,} of the ledger is not the one that was logged"
            raise VerificationError(message, next_step="Bring it back from a backup.")


def begin_ledger(folder: Path, origin: str, time: int) -> Ledger:
    """Begin a ledger in a new folder, or one whose beginning was broken off.

    Parameters:
        folder: For its log, its events and its key.
        origin: Its name, such as `lab.example/ledger`.
        time: Seconds since 1970.

    Raises:
        ConfigError: If the name is none, or the key cannot be made.
        InputError: If there is a ledger already, or the folder cannot be made.
    """
    if not is_key_name(origin):
        message = f"{origin[:80]!r} is no name of a ledger"
        raise ConfigError(message, next_step="Name it like lab.example/ledger, without spaces.")
    if (folder / ORIGIN).exists():
        message = f"{folder}: there is a ledger already"
        raise InputError(message, next_step="Name a new folder.")
    read_or_make_secret(folder / _KEY, "key of a ledger", 32)
    ledger = _ledger(folder, origin)
    if (folder / PUBLIC / CHECKPOINT).exists():
        ledger.state()  # of a beginning that was broken off, or of another key
    else:
        ledger.log.begin(time)
    keep_origin(folder, origin)
    return ledger


def open_ledger(folder: Path) -> Ledger:
    """Return a ledger that was begun before.

    Raises:
        ConfigError: If there is none, or others may read its key.
    """
    return _ledger(folder)


def _ledger(folder: Path, origin: str | None = None) -> Ledger:
    signer = own_signer(folder, _KEY, "ledger", origin)
    return Ledger(folder, Journal(folder / _EVENTS), LogFolder(folder / PUBLIC, signer), signer)

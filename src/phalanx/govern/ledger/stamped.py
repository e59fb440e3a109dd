"""Checkpoints of a ledger that an authority stamped, kept beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.govern.ledger.ledger import PUBLIC, Ledger
from phalanx.govern.ledger.stamps import MOST_BYTES, stamp_of, verify_stamp
from phalanx.owned import written_whole
from phalanx.transparency.checkpoints import Checkpoint, parse_checkpoint
from phalanx.transparency.log_reader import LogReader
from phalanx.transparency.note_keys import NoteKey
from phalanx.transparency.notes import MOST_BYTES as MOST_NOTE_BYTES
from phalanx.transparency.notes import Note, parse_note
from phalanx.transparency.places import fetch_from
from phalanx.transparency.policy import Policy

STAMPS = "stamps"
"""Folder of what was stamped: for each size of the ledger a checkpoint and its stamp."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """So many events were in the ledger then."""

    size: int
    at: datetime
    """By the clock of the authority, in UTC."""


def stamp_ledger(ledger: Ledger, url: str, roots: Sequence[Certificate]) -> Stamped:
    """Have the present checkpoint stamped, and keep the stamp.

    Parameters:
        ledger: Whose.
        url: Of the authority.
        roots: Certificates that its own has to come from.

    Raises:
        ConfigError: If the URL is none.
        ServiceError: If the authority cannot be reached.
        VerificationError: If its answer does not hold, or the ledger is damaged.
        InputError: If the stamp cannot be kept.
    """
    note, checkpoint = ledger.state()
    stamp = stamp_of(note.text.encode(), url, roots)
    place = ledger.folder / STAMPS / f"{checkpoint.size:012}"
    try:
        # The checkpoint first: a stamp alone says nothing.
        for suffix, content in ((".checkpoint", note.as_text().encode()), (".tsr", stamp)):
            with written_whole(place.with_suffix(suffix)) as aside, aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        message = f"{place}: the stamp cannot be kept: {reason_of(error)}"
        raise InputError(message, next_step="Mend it, and have it stamped again.") from error
    return Stamped(checkpoint.size, verify_stamp(stamp, note.text.encode(), roots, url))


def verified_stamps(ledger: Ledger, roots: Sequence[Certificate]) -> tuple[Stamped, ...]:
    """Return what was stamped of a ledger, as `stamps_of`."""
    return stamps_of(ledger.folder, (ledger.key,), ledger.state()[1], roots)


def stamps_of(
    folder: Path, keys: tuple[NoteKey, ...], now: Checkpoint, roots: Sequence[Certificate]
) -> tuple[Stamped, ...]:
    """Return what was stamped, oldest first, after verifying all of it.

    Each checkpoint has to be the beginning of what the ledger is now.

    Parameters:
        folder: Of the ledger.
        keys: That its checkpoints may be signed with.
        now: Its present checkpoint, which was accepted before.
        roots: Certificates that those of authorities have to come from.

    Raises:
        VerificationError: If a stamp or its checkpoint does not hold, or is of another past.
        InputError: If one of them cannot be read.
    """
    place, policy = folder / STAMPS, Policy(logs=keys)
    fetch, reader = fetch_from(str(place)), LogReader(fetch=fetch_from(str(folder / PUBLIC)))
    found = []
    for path in sorted(place.glob("*.tsr")):
        name = path.with_suffix(".checkpoint").name
        note = _note(fetch(name, MOST_NOTE_BYTES), place / name)
        then = policy.accept(note, str(place / name))
        reader.refuse_inconsistent(then, now)
        stamp = fetch(path.name, MOST_BYTES)
        found.append(Stamped(then.size, verify_stamp(stamp, note.text.encode(), roots, str(path))))
    return tuple(found)


def _note(content: bytes, path: Path) -> Note:
    note = parse_note(content, str(path))
    size = parse_checkpoint(note.text, str(path)).size
    if path.stem != f"{size:012}":
        message = f"{path}: is a checkpoint of {size:,} events"
        raise VerificationError(message, next_step="Bring the stamps back from a backup.")
    return note

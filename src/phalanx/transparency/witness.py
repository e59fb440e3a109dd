"""A witness: it cosigns a checkpoint of a log that is consistent with all that it saw before."""

from __future__ import annotations

from pathlib import Path

from phalanx.errors import VerificationError
from phalanx.transparency.log_reader import LogReader
from phalanx.transparency.memory import compare
from phalanx.transparency.note_keys import NoteKey, NoteSigner
from phalanx.transparency.notes import Note
from phalanx.transparency.policy import Policy


def cosign(reader: LogReader, log: NoteKey, signer: NoteSigner, memory: Path, time: int) -> Note:
    """Return the checkpoint of a log with the witness's signature.

    Parameters:
        reader: Of the log.
        log: Its key, as it was pinned.
        signer: Of the witness.
        memory: Folder of what the witness saw; without it nothing is witnessed.
        time: Seconds since 1970.

    Raises:
        VerificationError: If the log did not sign it, or it shows another tree than before.
        InputError: If the log cannot be read.
        ServiceError: If it cannot be reached.
    """
    note = reader.checkpoint()
    checkpoint = Policy(logs=(log,)).accept(note, "the checkpoint of the log")
    reader.refuse_other_tree(checkpoint)
    if not compare(memory, note, reader, is_newest=True):
        message = "the checkpoint was not compared with what was seen before"
        raise VerificationError(message, next_step="Name the log, not a copy of its checkpoint.")
    return note.signed(signer, time)

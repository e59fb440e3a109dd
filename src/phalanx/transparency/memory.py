"""The newest checkpoint that was seen of each log, so that no log shows two trees unnoticed."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.owned import OWNER_ONLY, written_whole
from phalanx.transparency.checkpoints import Checkpoint, parse_checkpoint
from phalanx.transparency.log_reader import LogReader, split_view
from phalanx.transparency.notes import MOST_BYTES, Note, parse_note
from phalanx.transparency.places import fetch_from


def compare(folder: Path, note: Note, reader: LogReader | None, *, is_newest: bool = False) -> bool:
    """Compare a checkpoint with the newest that was seen of its log, and remember the newer one.

    Parameters:
        folder: Of what was seen; it is made if it is missing.
        note: A checkpoint that was accepted.
        reader: Of the log, which proves that the one is the beginning of the other; without it
            only checkpoints of one size can be compared.
        is_newest: Whether it is what the log says now, and so may not be older than what was seen.

    Returns:
        Whether it was compared with all that was seen. What could not be compared is not
        remembered.

    Raises:
        VerificationError: If the log shows two trees.
        InputError: If the log cannot be read.
        ServiceError: If it cannot be reached.
        ConfigError: If nothing can be remembered here.
    """
    new = parse_checkpoint(note.text, "the checkpoint")
    with _locked(folder):
        path = folder / f"{hashlib.sha256(new.origin.encode()).hexdigest()[:32]}.checkpoint"
        old = _seen(path)
        if old is not None and old.size == new.size and old.root != new.root:
            raise split_view(old, new)
        if old is not None and old.size != new.size:
            if reader is None:
                return False
            if is_newest:
                reader.refuse_inconsistent(old, new)
            first, last = sorted((old, new), key=lambda each: each.size)
            reader.refuse_inconsistent(first, last)
        if old is None or new.size > old.size:
            # On the disk before anybody signs: what was forgotten could be contradicted.
            with written_whole(path) as aside, aside.open("w", encoding="utf-8") as file:
                file.write(note.as_text())
                file.flush()
                os.fsync(file.fileno())
            _sync(folder)
    return True


def _seen(path: Path) -> Checkpoint | None:
    if not path.exists():
        return None
    content = fetch_from(str(path.parent))(path.name, MOST_BYTES)
    return parse_checkpoint(parse_note(content, str(path)).text, str(path))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    except OSError as error:
        message = f"{folder}: nothing can be remembered here: {reason_of(error)}"
        raise ConfigError(message, next_step="Name another folder.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    except OSError as error:
        message = f"{folder}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Mend it, and try again.") from error
    finally:
        os.close(lock)

"""A log in a folder: entries are added at its end, and are there when its checkpoint says so.

The checkpoint is replaced last: what was written before a break is not part of the log, and is
written again. One process adds at a time. The folder can be served as it is.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.owned import OWNER_ONLY, written_whole
from phalanx.transparency.checkpoints import Checkpoint, parse_checkpoint
from phalanx.transparency.growing import Edge, hashes_of
from phalanx.transparency.log_reader import CHECKPOINT, LogReader
from phalanx.transparency.merkle import EMPTY_ROOT, root_of
from phalanx.transparency.note_keys import NoteKey, NoteSigner
from phalanx.transparency.notes import MOST_SIGNATURES, Note, signed_note
from phalanx.transparency.places import fetch_from
from phalanx.transparency.tiles import (
    HEIGHT,
    WIDTH,
    read_bundle,
    read_tile,
    subtrees_of,
    width_of,
)

_FEW_FILES = 64
"""Up to here each file is brought to the disk by itself, and beyond all of them at once."""


class LogFolder:
    """A log that this process may add to.

    Parameters:
        folder: Of the log.
        signer: Of its checkpoints, whose name is the log's origin.
    """

    def __init__(self, folder: Path, signer: NoteSigner) -> None:
        """Keep where it is; nothing is read yet."""
        self._folder = folder
        self._signer = signer
        self._key: NoteKey = signer.public
        self.reader = LogReader(fetch=fetch_from(str(folder)))

    def begin(self, time: int) -> None:
        """Make an empty log, with a checkpoint that says so.

        Raises:
            InputError: If there is a log, or the folder cannot be made.
        """
        with self._locked():
            if (self._folder / CHECKPOINT).exists():
                message = f"{self._folder}: there is a log already"
                raise InputError(message, next_step="Name a new folder.")
            self._publish(0, EMPTY_ROOT, time)

    def state(self) -> tuple[Note, Checkpoint]:
        """Return the checkpoint, signed and understood.

        Raises:
            InputError: If it cannot be read.
            VerificationError: If this log did not sign it.
        """
        note = self.reader.checkpoint()
        found = parse_checkpoint(note.text, "the checkpoint of the log")
        signed_at = note.signed_at(self._key, "the checkpoint of the log")
        if signed_at is None or found.origin != self._signer.name:
            message = f"{self._folder}: is a log of another key"
            raise VerificationError(message, next_step="Name the key that the log began with.")
        return note, found

    def append(self, entries: Sequence[bytes], time: int) -> range:
        """Add entries, and return which numbers they have. They are on the disk then.

        Parameters:
            entries: Each of at most 65,535 bytes.
            time: Seconds since 1970.

        Raises:
            InputError: If the log cannot be written; then nothing was added.
            VerificationError: If it is damaged.
        """
        with self._locked():
            _, before = self.state()
            edge = self._edge(before)
            try:
                full = self._write_all(edge.add(entries))
                self._write_all(edge.partial())
                if edge.size > before.size:
                    subtree = subtrees_of(self.reader.fetch, edge.size)
                    self._publish(edge.size, root_of(subtree, edge.size), time)
                for path in full:
                    shutil.rmtree(self._folder / f"{path}.p", ignore_errors=True)
            except OSError as error:
                message = f"{self._folder}: the log cannot be written: {reason_of(error)}"
                raise InputError(message, next_step="Mend it, and try again.") from error
        return range(before.size, edge.size)

    def add_signatures(self, cosigned: Note, keys: Iterable[NoteKey]) -> int:
        """Add what witnesses signed to the checkpoint, and return how many signatures were new.

        Parameters:
            cosigned: The present checkpoint, with their signatures.
            keys: Of the witnesses; what others signed is left out.

        Raises:
            VerificationError: If it is another checkpoint, or a signature does not hold.
        """
        with self._locked():
            note, _ = self.state()
            if cosigned.text != note.text:
                message = "another checkpoint was cosigned than the present one"
                raise VerificationError(message, next_step="Have the present one cosigned.")
            wanted = {(each.name, each.id): each for each in keys}
            for key in wanted.values():
                cosigned.signed_at(key, "the cosigned checkpoint")
            kept = {(each.name, each.key_id) for each in note.signatures}
            new = [
                each
                for each in cosigned.signatures
                if (each.name, each.key_id) in wanted.keys() - kept
            ]
            whole = Note(text=note.text, signatures=(*note.signatures, *new)[:MOST_SIGNATURES])
            self._replace(whole)
        return len(new)

    def _edge(self, before: Checkpoint) -> Edge:
        size, fetch = before.size, self.reader.fetch
        edge = Edge(size=size)
        level = 0
        while size >> (HEIGHT * level):
            index = size >> (HEIGHT * (level + 1))
            is_open = width_of(level, index, size)
            edge.tiles.append(hashes_of(read_tile(fetch, level, index, size)) if is_open else [])
            level += 1
        if size % WIDTH:
            edge.entries = read_bundle(fetch, size // WIDTH, size)
        self.reader.refuse_other_tree(before)
        return edge

    def _write_all(self, files: Iterator[tuple[str, bytes]]) -> list[str]:
        paths: list[str] = []
        folders: set[Path] = set()
        for path, content in files:
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with written_whole(target) as aside:
                _write(aside, content, sync=len(paths) < _FEW_FILES)
            folders.add(target.parent)
            paths.append(path)
        if len(paths) > _FEW_FILES:
            os.sync()
        else:
            for folder in folders:
                _sync(folder)
        return paths

    def _publish(self, size: int, root: bytes, time: int) -> None:
        checkpoint = Checkpoint(origin=self._signer.name, size=size, root=root)
        self._replace(signed_note(checkpoint.as_text(), [self._signer], time))

    def _replace(self, note: Note) -> None:
        with written_whole(self._folder / CHECKPOINT) as aside:
            _write(aside, note.as_text().encode(), sync=True)
        _sync(self._folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, OWNER_ONLY)
        except OSError as error:
            message = f"{self._folder}: no log can be kept here: {reason_of(error)}"
            raise InputError(message, next_step="Name another folder.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _write(path: Path, content: bytes, *, sync: bool) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

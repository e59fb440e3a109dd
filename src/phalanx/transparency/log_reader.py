"""Reading a log: its checkpoint, its entries, and proofs that are made of its tiles."""

from __future__ import annotations

from dataclasses import dataclass

from phalanx.errors import VerificationError
from phalanx.transparency.checkpoints import Checkpoint
from phalanx.transparency.merkle import (
    EMPTY_ROOT,
    consistency_path,
    inclusion_path,
    is_consistent,
    leaf_hash,
    root_of,
)
from phalanx.transparency.notes import MOST_BYTES, Note, parse_note
from phalanx.transparency.proofs import Proof
from phalanx.transparency.tiles import WIDTH, Fetch, read_bundle, subtrees_of

CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReader:
    """A log as it is read."""

    fetch: Fetch

    def checkpoint(self) -> Note:
        """Return the signed checkpoint; nothing of it is verified yet.

        Raises:
            InputError: If the log has none, or cannot be reached.
            VerificationError: If it is no note.
        """
        return parse_note(self.fetch(CHECKPOINT, MOST_BYTES), "the checkpoint of the log")

    def proof(self, index: int, note: Note, size: int, extra: bytes) -> Proof:
        """Return the proof that an entry is in the log, as a checkpoint has it.

        Parameters:
            index: Of the entry.
            note: The signed checkpoint.
            size: That it says.
            extra: What goes with the proof.

        Raises:
            ValueError: If there is no such entry.
        """
        path = inclusion_path(subtrees_of(self.fetch, size), index, size)
        return Proof(extra=extra, index=index, path=path, checkpoint=note)

    def refuse_inconsistent(self, old: Checkpoint, new: Checkpoint) -> None:
        """Refuse a log that is not what it was before, with more at its end.

        Parameters:
            old: That was seen before.
            new: That is seen now; both are signed.

        Raises:
            VerificationError: If the log has shrunk, or says something else of its past.
            InputError: If it cannot be read.
        """
        if new.size < old.size:
            message = f"the log {new.origin} has {new.size:,} entries, and had {old.size:,} before"
            raise VerificationError(message, next_step="Keep both checkpoints, and tell others.")
        path = consistency_path(subtrees_of(self.fetch, new.size), old.size, new.size)
        if not is_consistent(old.size, old.root, new.size, new.root, path):
            raise split_view(old, new)

    def entries(self, start: int, size: int) -> list[bytes]:
        """Return entries from a start to the end, each as the tree of this size has it.

        Parameters:
            start: Index of the first one.
            size: Entries of the log, as a checkpoint that was accepted says.

        Raises:
            VerificationError: If an entry is not the one that the tree holds.
        """
        subtree, found = subtrees_of(self.fetch, size), []
        for number in range(start // WIDTH, -(-size // WIDTH)):
            for offset, entry in enumerate(read_bundle(self.fetch, number, size)):
                index = number * WIDTH + offset
                if leaf_hash(entry) != subtree(0, index):
                    message = f"entry {index:,} of the log is not the one in its tree"
                    raise VerificationError(message, next_step="Fetch the log again.")
                if index >= start:
                    found.append(entry)
        return found

    def refuse_other_tree(self, checkpoint: Checkpoint) -> None:
        """Refuse a log whose tiles are not those of its checkpoint.

        Raises:
            VerificationError: If the root differs.
        """
        size = checkpoint.size
        root = root_of(subtrees_of(self.fetch, size), size) if size else EMPTY_ROOT
        if root != checkpoint.root:
            message = f"the tiles of the log {checkpoint.origin} are not those of its checkpoint"
            raise VerificationError(message, next_step="Bring the log back from a backup.")


def split_view(old: Checkpoint, new: Checkpoint) -> VerificationError:
    """Return what is said of a log that shows two trees."""
    message = (
        f"the log {new.origin} shows two trees: with {old.size:,} entries and with {new.size:,}, "
        "the one is not the beginning of the other"
    )
    return VerificationError(message, next_step="Keep both checkpoints: they prove it.")

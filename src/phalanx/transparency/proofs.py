"""Proofs that an entry was logged, which are verified without asking the log.

References:
    C2SP tlog-proof.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from phalanx.errors import VerificationError
from phalanx.transparency.base64_text import from_base64, to_base64
from phalanx.transparency.checkpoints import MOST_SIZE, Checkpoint, parse_checkpoint
from phalanx.transparency.merkle import HASH_BYTES, MOST_PROOF_HASHES, is_included, leaf_hash
from phalanx.transparency.notes import MOST_BYTES, Note, parse_note
from phalanx.transparency.policy import Policy

FIRST_LINE = "c2sp.org/tlog-proof@v1"
MOST_EXTRA_BYTES = 4096
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Where an entry stands in a log, and the way from it to a root that the log signed."""

    extra: bytes
    """What the entry is made of besides, such as a salt; nobody signs it by itself."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: Note

    def as_text(self) -> str:
        """Return the proof as a file holds it."""
        lines = [FIRST_LINE]
        if self.extra:
            lines.append(f"extra {to_base64(self.extra)}")
        lines += [f"index {self.index}", *(to_base64(each) for each in self.path)]
        return "\n".join(lines) + "\n\n" + self.checkpoint.as_text()

    def verify(self, entry: bytes, policy: Policy, what: str) -> Checkpoint:
        """Return the checkpoint under which an entry was logged, if it was.

        Parameters:
            entry: That must be in the log.
            policy: Which logs count, and which witnesses have to have seen it.
            what: What messages call the entry.

        Raises:
            VerificationError: If it is not proved, or the checkpoint is not signed as it has to be.
        """
        checkpoint = policy.accept(self.checkpoint, f"the checkpoint of {what}")
        if not is_included(
            leaf_hash(entry), self.index, checkpoint.size, self.path, checkpoint.root
        ):
            message = f"{what} is not in the log {checkpoint.origin}, as its proof says"
            raise VerificationError(message, next_step="Ask whoever sent it for a proof.")
        return checkpoint


def parse_proof(content: bytes, what: str) -> Proof:
    """Understand a proof. Nothing in it is verified yet.

    Parameters:
        content: Of a file.
        what: What messages call it.

    Raises:
        VerificationError: If it is none.
    """
    if len(content) > MOST_BYTES + 2 * MOST_EXTRA_BYTES:
        raise _no_proof(what)
    try:
        head, found, note = content.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        raise _no_proof(what) from error
    lines = head.split("\n")
    if not found or lines.pop(0) != FIRST_LINE or not lines:
        raise _no_proof(what)
    extra = b""
    if lines[0].startswith("extra "):
        extra = from_base64(lines.pop(0).removeprefix("extra ")) or b""
        if not 0 < len(extra) <= MOST_EXTRA_BYTES or not lines:
            raise _no_proof(what)
    index = _INDEX.fullmatch(lines.pop(0))
    path = tuple(from_base64(each) or b"" for each in lines)
    if (
        index is None
        or int(index[1]) > MOST_SIZE
        or len(path) > MOST_PROOF_HASHES
        or any(len(each) != HASH_BYTES for each in path)
    ):
        raise _no_proof(what)
    checkpoint = parse_note(note, what)
    parse_checkpoint(checkpoint.text, what)
    return Proof(extra=extra, index=int(index[1]), path=path, checkpoint=checkpoint)


def _no_proof(what: str) -> VerificationError:
    message = f"{what} is no proof of a log"
    return VerificationError(message, next_step="Ask whoever sent it for it again.")

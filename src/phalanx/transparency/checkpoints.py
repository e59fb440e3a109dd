"""Checkpoints: what a log says it holds, in three lines that are signed.

References:
    C2SP tlog-checkpoint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from phalanx.errors import VerificationError
from phalanx.transparency.base64_text import from_base64, to_base64
from phalanx.transparency.merkle import HASH_BYTES

MOST_SIZE = (1 << 63) - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How large a log is, and the root of its tree then."""

    origin: str
    """Name of the log."""

    size: int
    root: bytes

    def as_text(self) -> str:
        r"""Return the text that is signed.

        Examples:
            >>> Checkpoint(origin="lab.example/log", size=1, root=bytes(32)).as_text()
            'lab.example/log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n'
        """
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"


def parse_checkpoint(text: str, what: str) -> Checkpoint:
    """Understand the text of a checkpoint, which may have further lines.

    Raises:
        VerificationError: If it is none.
    """
    lines = text.split("\n")
    root = from_base64(lines[2]) if len(lines) >= 4 else None
    if (
        root is None
        or lines[-1]
        or not all(lines[:-1])
        or not _SIZE.fullmatch(lines[1])
        or int(lines[1]) > MOST_SIZE
        or len(root) != HASH_BYTES
    ):
        message = f"{what} is no checkpoint of a log"
        raise VerificationError(message, next_step="Fetch it again from the log.")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)

"""Two sets, and the CPU seconds that each step of an intersection takes.

Imported by the interpreter of the peer, so it needs the standard library alone.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

SHARED_OF = 7
"""One item of the smaller set in so many is in the larger one too."""


def items_of(asker: int, responder: int) -> tuple[list[str], list[str]]:
    """Return both sets: tokens that look like those of the key server."""
    mine = [_token(i) for i in range(asker)]
    shared = mine[::SHARED_OF]
    return mine, shared + [_token(asker + i) for i in range(responder - len(shared))]


class Steps:
    """CPU seconds of one step after the other."""

    def __init__(self) -> None:
        """Begin the first step."""
        self.seconds: dict[str, float] = {}
        self._begin = time.process_time()

    def end(self, step: str) -> None:
        """End a step, and begin the next one."""
        now = time.process_time()
        self.seconds[step] = round(now - self._begin, 3)
        self._begin = time.process_time()


def say(steps: Steps, *, found: int, sent_bytes: int) -> None:
    """Print what was measured, as one JSON line."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    print(
        json.dumps(
            {
                "steps": steps.seconds,
                "cpu_seconds": round(sum(steps.seconds.values()), 1),
                "found": found,
                "sent_mb": round(sent_bytes / 1e6, 1),
                "peak_mb": int(peak.split()[1]) // 1024,
            }
        )
    )


def _token(number: int) -> str:
    return hashlib.sha256(b"item %d" % number).hexdigest()[:43]

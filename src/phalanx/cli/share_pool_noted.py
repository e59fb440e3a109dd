"""What the audit log says of a submission to the pool: that it goes out, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from phalanx.errors import PhalanxError
from phalanx.share.gate.audit import PROGRAM, AuditLog
from phalanx.share.pool.refusals import NotTakenError

_REASON_CHARACTERS = 300


class NotedSubmission:
    """A submission that the gate allowed, as the audit log follows it.

    Parameters:
        log: Of the member's gate.
        facts: Of the submission, as the gate decided on it.
        now: Says the time.
    """

    def __init__(self, log: AuditLog, facts: dict[str, Any], now: Callable[[], datetime]) -> None:
        """Note nothing yet."""
        self._log = log
        self._facts = facts
        self._now = now
        self._is_out = False

    def sending(self, **about: Any) -> None:  # noqa: ANN401 - plain JSON
        """Note that a batch goes out now: whatever happens to this process, that stands."""
        self._facts |= about
        self._note("sending")
        self._is_out = True

    def taken(self) -> None:
        """Note that the pool has it."""
        self._note("taken by the pool")

    def failed(self, error: PhalanxError) -> None:
        """Note that it was not taken, or that nobody knows, and why."""
        action = "not sent"
        if self._is_out:
            is_refused = isinstance(error, NotTakenError)
            action = "refused by the pool" if is_refused else "unknown whether taken"
        self._note(action, reason=str(error)[:_REASON_CHARACTERS])

    def _note(self, action: str, **more: str) -> None:
        facts = {**self._facts, "action": action, **more}
        self._log.append(self._now(), "pooled", PROGRAM, facts)


@contextmanager
def noted_submission(
    log: AuditLog, facts: dict[str, Any], now: Callable[[], datetime]
) -> Iterator[NotedSubmission]:
    """Follow a submission; where it fails, the audit log says so, and how far it came.

    Parameters:
        log: Of the member's gate.
        facts: Of the submission, as the gate decided on it.
        now: Says the time.
    """
    noted = NotedSubmission(log, facts, now)
    try:
        yield noted
    except PhalanxError as error:
        noted.failed(error)
        raise

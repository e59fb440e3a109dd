"""What people do in the console, into the ledger where there is one, and into the service's log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from phalanx.govern.ledger import open_ledger
from phalanx.model.event import Event, EventKind


class Acts:
    """Records acts.

    Parameters:
        ledger: Folder; null where none is kept.
        random: Gives random bytes, for salts.
    """

    def __init__(self, ledger: Path | None, random: Callable[[int], bytes]) -> None:
        """Open the ledger once, so that a wrong folder is told at the start."""
        self._ledger = None if ledger is None else open_ledger(ledger)
        self._random = random
        self._log = structlog.get_logger("phalanx.console")

    def record(
        self,
        kind: EventKind,
        at: datetime,
        actor: str,
        subject: str,
        *,
        digest: str | None = None,
        **facts: str | int | bool,
    ) -> None:
        """Record an act.

        Parameters:
            kind: What kind of act it was.
            at: When.
            actor: Name of the user.
            subject: What it was done to.
            digest: SHA-256 of what it concerns.
            facts: What else an auditor needs.

        Raises:
            PhalanxError: If the ledger cannot be written.
        """
        self._log.info("act", kind=kind, actor=actor, subject=subject)
        if self._ledger is not None:
            event = Event(
                kind=kind, at=at, actor=actor, subject=subject, digest=digest, facts=facts
            )
            self._ledger.record([event], self._random, int(at.timestamp()))

"""What commands did, on its way into the ledger, where one is named.

`--ledger` names it, or `ledger` at the top of `phalanx.toml`, for every command that has it.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from phalanx.govern.ledger import Ledger
    from phalanx.model.event import EventKind

LedgerFolder = Annotated[Path | None, Parameter(name="--ledger", show_default=False)]
"""Type of the option `--ledger`."""

Facts = Mapping[str, str | int | bool]
"""What an auditor needs to know of an act, in few words."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records what a command did; nothing where no ledger is named."""

    ledger: Ledger | None

    def record(
        self,
        kind: EventKind,
        subject: str,
        facts: Facts,
        *,
        artefact: bytes | Path | None = None,
        actor: str | None = None,
    ) -> int | None:
        """Record one act, and return its number, null where no ledger is named: it is on the disk.

        Parameters:
            kind: Of act.
            subject: What it was done to, without names of people and without what was said.
            facts: What an auditor needs besides, in few words.
            artefact: What it made or was about: its SHA-256 is recorded. Of a device or a pipe,
                which cannot be read again, none is.
            actor: Who did it; the user of this machine if nobody is named.

        Raises:
            InputError: If the ledger cannot be written.
            VerificationError: If it is damaged.
        """
        if self.ledger is None:
            return None
        import secrets
        from datetime import UTC, datetime
        from hashlib import sha256

        from phalanx.model.event import Event

        now = datetime.now(UTC)
        if isinstance(artefact, Path):
            artefact = artefact.read_bytes() if artefact.is_file() else None
        digest = None if artefact is None else sha256(artefact).hexdigest()
        event = Event(
            kind=kind, at=now, actor=actor or getpass.getuser(), subject=subject[:256],
            digest=digest, facts=facts,
        )  # fmt: skip
        (made,) = self.ledger.record([event], secrets.token_bytes, int(now.timestamp()))
        return made.number


def recorder(folder: Path | None) -> Recorder:
    """Open the ledger, before anything is done that has to get into it.

    Raises:
        ConfigError: If there is none, or others may read its key.
        VerificationError: If it is damaged.
    """
    if folder is None:
        return Recorder(None)
    from phalanx.govern.ledger import open_ledger

    ledger = open_ledger(folder)
    ledger.state()
    return Recorder(ledger)

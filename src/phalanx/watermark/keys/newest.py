"""Which vault is the newest: the log knows the generation that was written last.

An older vault put back in its place is noticed by the log; an older vault with its older log, by
the hash of a line that was kept elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from phalanx.errors import VerificationError
from phalanx.watermark.keys.sealed_place import Opened
from phalanx.watermark.keys.use_log import UseLog

_NEVER: Mapping[str, Any] = {"generation": 0, "sha256": ""}


def refuse_older(
    folder: Path, log: UseLog, head: str, opened: Opened, *, last_hash: str | None
) -> None:
    """Refuse a vault or a log that is older than what was there before.

    Parameters:
        folder: Of the vault, for messages.
        log: Of its uses; a line that a crash kept from being written is written now.
        head: Hash of the line that the vault was written after.
        opened: The vault.
        last_hash: Of a line that was kept elsewhere.

    Raises:
        VerificationError: If either is older, or the log is not whole.
        ConfigError: If the log cannot be read or written.
    """
    uses = log.uses()
    wanted = {head} if last_hash is None else {head, last_hash}
    if not wanted <= {each.line_hash for each in uses}:
        message = f"{log.path}: lines were removed, or it is an older log"
        raise VerificationError(message, next_step="Restore the log from a backup.")
    last = next((each.facts for each in reversed(uses) if each.kind == "written"), _NEVER)
    is_same = hashlib.sha256(opened.raw).hexdigest() == last["sha256"]
    if opened.generation < last["generation"] or (
        opened.generation == last["generation"] and not is_same
    ):
        message = f"{folder}: an older vault was put in the place of a newer one"
        raise VerificationError(message, next_step="Find out who did; restore the newer one.")
    if opened.generation > last["generation"]:
        # The machine went down between the vault and this line, without which the vault before
        # it could take its place again.
        note_written(log, opened.generation, opened.raw, datetime.now(UTC), "phalanx")


def note_written(log: UseLog, generation: int, raw: bytes, at: datetime, by: str) -> None:
    """Note which vault is the newest.

    Parameters:
        log: Of its uses.
        generation: Of the vault that was written.
        raw: The file.
        at: When.
        by: Who wrote it.

    Raises:
        ConfigError: If the log cannot be written.
    """
    facts = {"generation": generation, "sha256": hashlib.sha256(raw).hexdigest()}
    log.append(at, "written", by, facts)

"""What lies in folders and databases, as the look-ups of controls take it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, select

from phalanx.console.seen.audits import read_audits, read_signers
from phalanx.console.seen.releases import NO_IDENTITY, read_identities, read_release, release_names
from phalanx.govern.controls.seen import MarkAudit, MarkAudits, SealedCopy
from phalanx.store import DatabasePlace
from phalanx.store.rows import ScanRow
from phalanx.store.schema import reach, translated
from phalanx.store.tables import SCANS

_MOMENTS = frozenset({"started_at", "first_exchange", "last_exchange", "kept_until"})


def copies_of(folder: Path, identities: Path | None) -> tuple[SealedCopy, ...]:
    """Read copies that were sealed, and whether they verify.

    Parameters:
        folder: With a folder for each.
        identities: Folder of those of issuers and recipients; null where nobody named it.

    Raises:
        InputError: If a folder cannot be read.
        VerificationError: If an identity is none.
    """
    known = read_identities(identities)
    found = [read_release(folder / name, known) for name in release_names(folder)]
    return tuple(
        SealedCopy(
            name=each.name,
            problem=each.problem,
            is_unknown=each.problem.startswith(NO_IDENTITY),
            is_marked=each.is_marked,
            delete_by=each.delete_by,
        )
        for each in found
    )


def audits_of(folder: Path, signers: Sequence[Path]) -> MarkAudits:
    """Read reports of audits of marks.

    Parameters:
        folder: Of them.
        signers: Public keys (PEM) of those who may sign.

    Raises:
        InputError: If the folder cannot be read.
        ConfigError: If a key is none.
    """
    reports, unread = read_audits(folder, read_signers(signers))
    return MarkAudits(
        reports=tuple(
            MarkAudit(name=each.name, plan_digest=each.plan_digest, signed_by=each.signed_by)
            for each in reports
        ),
        unread=tuple(each.name for each in unread),
    )


def scans_of(place: DatabasePlace) -> tuple[ScanRow, ...]:
    """Read the scans that a store keeps; it is not opened for a scan, and not locked.

    Raises:
        InputError: If there is no store.
        ServiceError: If its database cannot be reached.
    """
    engine = reach(place)
    try:
        with translated(place), engine.connect() as connection:
            rows = connection.execute(select(SCANS).order_by(SCANS.c.number)).mappings().all()
    finally:
        engine.dispose()
    return tuple(ScanRow(**_moments(row)) for row in rows)


def _moments(row: RowMapping) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name in _MOMENTS else value
        for name, value in row.items()
    }

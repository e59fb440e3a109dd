"""What a member's own scan and records say: groups that were tested, and marks of accounts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.errors import InputError
from phalanx.share.pool.findings import SOURCES, GroupEvidence

_COLUMNS = ("parties", "log10_e_of_sources", "log10_e_honest")
_NEXT = "Scan again with --for-pool, and name the folder that it wrote."


def read_groups(path: Path) -> list[GroupEvidence]:
    """Read the groups of a scan.

    Parameters:
        path: `groups.parquet` of a scan for the pool.

    Raises:
        InputError: If it is absent, empty, or something else.
    """
    try:
        table = pq.read_table(path, columns=list(_COLUMNS))
    except (OSError, pa.ArrowException) as error:
        message = f"{path}: cannot be read: {str(error)[:200]}"
        raise InputError(message, next_step=_NEXT) from error
    if not table.num_rows:
        message = f"{path}: holds no group"
        raise InputError(message, next_step=_NEXT)
    try:
        return groups_in(table)
    except (KeyError, TypeError, ValueError, pa.ArrowException) as error:
        message = f"{path}: not the groups of a scan"
        raise InputError(message, next_step=_NEXT) from error


def groups_in(table: pa.Table) -> list[GroupEvidence]:
    """Return the groups of a table, with columns as in `groups.parquet`.

    Raises:
        KeyError: If a column is missing.
        TypeError: If one is of another type.
        ValueError: If one names a source that the pool does not know.
    """
    parties, sources, use = (table[name].to_pylist() for name in _COLUMNS)
    return [
        GroupEvidence(tuple(tuple(map(str, party)) for party in group), _known(said), float(u))
        for group, said, u in zip(parties, sources, use, strict=True)
    ]


def _known(said: list[tuple[str, float]]) -> dict[str, float]:
    known = {source: float(log10_e) for source, log10_e in said}
    if not known.keys() <= set(SOURCES):
        message = f"sources are {', '.join(SOURCES)}"
        raise ValueError(message)
    return known

"""The file of marks that `phalanx share match` writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phalanx.detect.alliance.kinds import KINDS
from phalanx.errors import InputError

_TIME = pa.timestamp("us", tz="UTC")
MARK_SCHEMA = pa.schema(
    [
        ("account_id", pa.string()),
        ("campaign", pa.string()),
        ("kind", pa.string()),
        ("matches", pa.int64()),
        ("first_seen", _TIME),
        ("last_seen", _TIME),
    ]
)
"""Columns that a file of marks must have. It may have `valid_until` besides, and others, which
are passed over."""

VALID_UNTIL = "valid_until"
_MOST_ROWS = 50_000_000
_LONGEST_TEXT = 512
"""Characters of an account or a campaign."""

_REQUIRED = ("account_id", "campaign", "kind", "matches")
_REMAKE = "Make it with `phalanx share match`."


@dataclass(frozen=True, slots=True, eq=False)
class SharedMarks:
    """Which accounts carry a mark of which shared campaign, as other providers' lists say.

    Raises:
        InputError: If a column is missing or of another kind, or a cell says nothing.

    Examples:
        >>> rows = {"account_id": ["a"], "campaign": ["campaign--1"], "kind": ["email"]}
        >>> marks = SharedMarks(pa.table({**rows, "matches": [1], "first_seen": [None],
        ...     "last_seen": [None]}))
        >>> marks.table.num_rows
        1
    """

    table: pa.Table
    """Columns as `MARK_SCHEMA`, accounts as in the log, in clear."""

    source: str = "the table of marks"
    """What errors call it."""

    def __post_init__(self) -> None:
        """Check once, where the mistake is made."""
        object.__setattr__(self, "table", _checked(self.table, self.source))


def read_marks(path: Path) -> SharedMarks:
    """Read a file of marks.

    Parameters:
        path: Parquet, at most 50 million rows.

    Raises:
        InputError: If it cannot be read, or is no file of marks.
    """
    try:
        with pq.ParquetFile(path) as file:
            rows, present = file.metadata.num_rows, set(file.schema_arrow.names)
            if rows > _MOST_ROWS:
                _refuse(str(path), f"holds {rows:,} marks, more than {_MOST_ROWS:,}")
            wanted = [name for name in (*MARK_SCHEMA.names, VALID_UNTIL) if name in present]
            table = file.read(columns=wanted)
    except (OSError, pa.ArrowException) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        message = f"{path}: {reason or 'not a Parquet file that can be read'}"
        raise InputError(message, next_step=_REMAKE) from None
    return SharedMarks(table, str(path))


def _checked(table: pa.Table, source: str) -> pa.Table:
    absent = [name for name in MARK_SCHEMA.names if table.column_names.count(name) != 1]
    if absent:
        _refuse(source, f"has no single column {', '.join(absent)}")
    known = [*MARK_SCHEMA, pa.field(VALID_UNTIL, _TIME)]
    present = [each for each in known if each.name in table.column_names]
    columns = {}
    for each in present:
        columns[each.name] = _cast(table[each.name], each, source)
    for name in _REQUIRED:
        if columns[name].null_count:
            _refuse(source, f"column {name} is empty in {columns[name].null_count:,} rows")
    for name in ("account_id", "campaign"):
        longest = pc.max(pc.utf8_length(columns[name])).as_py() or 0
        if longest > _LONGEST_TEXT:
            _refuse(source, f"column {name} holds {longest:,} characters in one row")
    unknown = pc.unique(columns["kind"]).to_pylist()
    unknown = sorted(kind for kind in unknown if kind not in KINDS)
    if unknown:
        _refuse(source, f"kind is {unknown[0][:40]!r}, not one of {', '.join(KINDS)}")
    if table.num_rows and pc.min(columns["matches"]).as_py() < 1:
        _refuse(source, "matches is below 1 in some row")
    return pa.table(columns)


def _cast(column: pa.ChunkedArray, field: pa.Field, source: str) -> pa.ChunkedArray:
    """Return a column in its type, from one that says the same; numbers are no text."""
    given = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_text = pa.types.is_string(given) or pa.types.is_large_string(given)
    alike = (
        is_text
        if field.type == pa.string()
        else pa.types.is_integer(given)
        if field.type == pa.int64()
        else pa.types.is_timestamp(given)
    )
    if not (alike or pa.types.is_null(given)):
        _refuse(source, f"column {field.name} is {given}, not {field.type}")
    try:
        return column.cast(field.type)
    except pa.ArrowException:
        _refuse(source, f"column {field.name} does not fit into {field.type}")


def _refuse(source: str, reason: str) -> None:
    message = f"{source}: {reason}"
    raise InputError(message, next_step=_REMAKE)

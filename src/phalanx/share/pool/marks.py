"""Marks of a member's accounts, from its own record of who carries what; it never leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from phalanx.errors import InputError
from phalanx.share.blinding.identifiers import KINDS, canonical

Mark = tuple[str, str]
"""Kind of an identifier, and its value in the one form that all members give it."""

_COLUMNS = ("account_id", "kind", "value")
_TYPES = pa.schema([(name, pa.string()) for name in _COLUMNS])
_NEXT = "Give the columns account_id, kind and value."


@dataclass(frozen=True, slots=True)
class Marks:
    """Who shows what."""

    of_account: Mapping[str, frozenset[Mark]]
    """Account in clear -> its marks."""

    unusable: int
    """Rows without a value, or with one that is none of its kind."""


def read_marks(path: Path) -> Marks:
    """Read who shows what.

    Parameters:
        path: Columns `account_id`, `kind` and `value`; Parquet if it ends in .parquet, JSON Lines
            if in .jsonl or .json, else CSV.

    Raises:
        InputError: If it cannot be read, lacks a column, or names a kind that no member knows. The
            message holds no identifier.
    """
    try:
        table = _read(path)
        columns = [table[name].cast(pa.string()).to_pylist() for name in _COLUMNS]
    except (OSError, KeyError, pa.ArrowException) as error:
        message = f"{path}: cannot be read as identifiers"
        raise InputError(message, next_step=_NEXT) from error
    found: defaultdict[str, set[Mark]] = defaultdict(set)
    unusable = 0
    for account, kind, value in zip(*columns, strict=True):
        if kind not in KINDS:
            message = f"{path}: a row has no known kind; there are {', '.join(KINDS)}"
            raise InputError(message, next_step="Mend or remove the row.")
        try:
            mark = (kind, canonical(kind, value or ""))
        except InputError:
            unusable += 1
            continue
        if account:
            found[account].add(mark)
    return Marks({account: frozenset(marks) for account, marks in found.items()}, unusable)


def _read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path, columns=list(_COLUMNS))
    if path.suffix in {".json", ".jsonl"}:
        options = pa.json.ParseOptions(explicit_schema=_TYPES, unexpected_field_behavior="ignore")
        return pa.json.read_json(path, parse_options=options)
    convert = pa.csv.ConvertOptions(
        column_types=_TYPES,
        include_columns=list(_COLUMNS),
        strings_can_be_null=True,
        null_values=[""],
    )
    return pa.csv.read_csv(path, convert_options=convert)

"""The member's own record of who carries what: a table that never leaves the house.

Columns `account_id`, `kind` and `value`, as CSV, JSON Lines or Parquet. Values are brought to the
form that all members give them, so that one card or address is one, however it was written.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from phalanx.errors import InputError, reason_of
from phalanx.share.blinding.identifiers import KINDS, canonical

Mark = tuple[str, str]
"""Kind of an identifier, and its value in the one form that all members give it."""

_COLUMNS = ("account_id", "kind", "value")
_LONGEST_LINE = 1 << 20
_TYPES = pa.schema([(name, pa.string()) for name in _COLUMNS])
_NEXT = "Give a table with the columns account_id, kind and value."


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """Who carries what."""

    carriers: Mapping[Mark, frozenset[str]]
    """Mark -> accounts in clear."""

    unusable: Mapping[str, int]
    """Kind -> values that are none of that kind, and were left out."""

    accounts: frozenset[str] = frozenset()
    """Accounts of which the table has a row, whatever stands in it."""

    def by_account(self) -> dict[str, frozenset[Mark]]:
        """Return what each account carries.

        Examples:
            >>> card = ("payment", "c")
            >>> Identifiers(carriers={card: frozenset({"a"})}, unusable={}).by_account()
            {'a': frozenset({('payment', 'c')})}
        """
        found: defaultdict[str, set[Mark]] = defaultdict(set)
        for mark, accounts in self.carriers.items():
            for account in accounts:
                found[account].add(mark)
        return {account: frozenset(marks) for account, marks in found.items()}


def read_identifiers(path: Path) -> Identifiers:
    """Read who carries what.

    Parameters:
        path: CSV, or JSON Lines if it ends in .jsonl or .json, or Parquet if in .parquet.

    Raises:
        InputError: If it cannot be read, lacks a column, or names a kind that no member knows. The
            message holds no identifier.
    """
    carriers: dict[tuple[str, str], set[str]] = defaultdict(set)
    unusable: Counter[str] = Counter()
    named: set[str] = set()
    forms: dict[tuple[str, str], str] = {}
    for batch in _batches(path):
        for account, kind, value in zip(*(batch.column(name) for name in _COLUMNS), strict=True):
            said = kind.as_py()
            if said not in KINDS:
                message = f"{path}: a row has no known kind; there are {', '.join(KINDS)}"
                raise InputError(message, next_step="Mend or remove the row.")
            named.update([account.as_py()] if account.is_valid else ())
            if not (account.is_valid and value.is_valid):
                unusable[said] += 1
                continue
            raw = (said, value.as_py())
            if raw not in forms:
                forms[raw] = _form(*raw)
            if forms[raw]:
                carriers[said, forms[raw]].add(account.as_py())
            else:
                unusable[said] += 1
    return Identifiers(
        carriers={each: frozenset(accounts) for each, accounts in carriers.items()},
        unusable=unusable,
        accounts=frozenset(named),
    )


def _form(kind: str, value: str) -> str:
    try:
        return canonical(kind, value)
    except InputError:
        return ""


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        _refuse_other_columns(path, _columns_of(path))
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(columns=list(_COLUMNS)):
                    yield (
                        pa.Table.from_batches([batch]).select(_COLUMNS).cast(_TYPES).to_batches()[0]
                    )
        elif path.suffix in {".json", ".jsonl"}:
            options = pa.json.ParseOptions(
                explicit_schema=_TYPES, unexpected_field_behavior="ignore"
            )
            yield from pa.json.read_json(path, parse_options=options).to_batches()
        else:
            convert = pa.csv.ConvertOptions(
                column_types=_TYPES, include_columns=_COLUMNS, strings_can_be_null=True,
                null_values=[""],
            )  # fmt: skip
            with pa.csv.open_csv(path, convert_options=convert) as reader:
                yield from reader
    except (OSError, pa.ArrowException, csv.Error, KeyError, ValueError, RecursionError) as error:
        is_there = not (isinstance(error, OSError) and error.errno)
        reason = "no table" if is_there else reason_of(error)
        message = f"{path}: cannot be read as identifiers: {reason}"
        next_step = _NEXT if is_there else "Check the path, and that you may read the file."
        raise InputError(message, next_step=next_step) from error


def _columns_of(path: Path) -> list[str]:
    """Return the columns of a table, of JSON Lines those of the first one."""
    with path.open("rb") as file:
        if path.suffix == ".parquet":
            return list(pq.read_schema(file).names)
        first = file.readline(_LONGEST_LINE)
    if path.suffix in {".json", ".jsonl"}:
        row = json.loads(first)
        return list(row) if isinstance(row, dict) else []
    return next(csv.reader([first.decode("utf-8-sig").strip()]), [])


def _refuse_other_columns(path: Path, columns: list[str]) -> None:
    absent = [name for name in _COLUMNS if name not in columns]
    if absent:
        # What stands there is not repeated: without a heading, it is somebody's identifier.
        message = f"{path}: the table has no column {', '.join(absent)}"
        raise InputError(message, next_step=_NEXT)

"""Which account or campaign was served under which key, when, and how much.

The register holds names of keys, never keys: those stay in the vault. A register is evidence,
and every row of it counts in the correction for many tests, so that one bad row refuses it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.errors import InputError, reason_of
from phalanx.owned import written_whole

MOST_ROWS = 10_000_000
MOST_LINE_BYTES = 4096

_MOST_NAME = 512
_SCHEMA = pa.schema(
    [
        ("account", pa.string()),
        ("key_id", pa.string()),
        ("first_served", pa.timestamp("us", tz="UTC")),
        ("last_served", pa.timestamp("us", tz="UTC")),
        ("tokens", pa.int64()),
    ]
)
_OF_A_VAULT = pa.schema(
    [
        ("key_name", pa.string()),
        ("scheme", pa.string()),
        ("purpose", pa.string()),
        ("epoch", pa.int64()),
    ]
)
_EVERY = pa.schema([*_SCHEMA, *_OF_A_VAULT])
"""A register may lack the columns of a vault."""
_EXPECTED = "Give account, key_id, first_served, last_served (with a time zone) and tokens."


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedKey:
    """What one account was served under one key."""

    account: str
    """Account or campaign, usually a pseudonym."""

    key_id: str
    """Name of the key. Accounts of one campaign may share one."""

    first_served: datetime
    """When the first marked text was served, with a time zone."""

    last_served: datetime
    """When the last one was."""

    tokens: int
    """Marked tokens that were served."""

    key_name: str = ""
    """What the key is for, from which a vault derives it; empty where somebody else keeps keys."""

    scheme: str = ""
    """Of the key, with its parameters."""

    purpose: str = ""
    """Of the key."""

    epoch: int = 0
    """Of the key, from 1; 0 where there are none."""


def read_register(path: Path) -> tuple[ServedKey, ...]:
    """Read a register, Parquet by its ending and JSON lines otherwise.

    Raises:
        InputError: If it cannot be read, or a row is not as expected.
    """
    try:
        if path.suffix == ".parquet":
            return _read_parquet(path)
        return _read_lines(path)
    except pa.ArrowException as error:
        message = f"{path}: is no Parquet, or was cut off"
        raise InputError(message, next_step=_EXPECTED) from error
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the path and its permissions.") from error


def write_register(path: Path, rows: Sequence[ServedKey]) -> None:
    """Write a register for its owner alone, Parquet by its ending and JSON lines otherwise.

    Examples:
        >>> import tempfile
        >>> at = datetime(2026, 9, 1, tzinfo=UTC)
        >>> row = ServedKey(account="a", key_id="k", first_served=at, last_served=at, tokens=9)
        >>> for ending in ("parquet", "jsonl"):
        ...     file = Path(tempfile.mkdtemp()) / f"register.{ending}"
        ...     write_register(file, [row])
        ...     assert read_register(file) == (row,)

    Raises:
        InputError: If a row is one that `read_register` refuses.
    """
    for number, row in enumerate(rows, 1):
        _row({name: getattr(row, name) for name in _SCHEMA.names}, path, number)
    with written_whole(path) as aside:
        if path.suffix == ".parquet":
            columns = {
                name: pa.array([getattr(row, name) for row in rows], type=_EVERY.field(name).type)
                for name in _EVERY.names
            }
            pq.write_table(pa.table(columns, schema=_EVERY), aside, compression="zstd")
            return
        with aside.open("w", encoding="utf-8") as file:
            for row in rows:
                values = {name: getattr(row, name) for name in _EVERY.names}
                file.write(json.dumps(values, default=datetime.isoformat) + "\n")


def _read_parquet(path: Path) -> tuple[ServedKey, ...]:
    with pq.ParquetFile(path) as file:
        if len(set(file.schema_arrow.names)) != len(file.schema_arrow.names):
            message = f"the register {path} names a column twice"
            raise InputError(message, next_step=_EXPECTED)
        missing = [name for name in _SCHEMA.names if name not in file.schema_arrow.names]
        if missing or file.metadata.num_rows > MOST_ROWS:
            what = f"lacks {', '.join(missing)}" if missing else f"has over {MOST_ROWS:,} rows"
            message = f"the register {path} {what}"
            raise InputError(message, next_step=_EXPECTED)
        rows: list[ServedKey] = []
        there = [name for name in _EVERY.names if name in file.schema_arrow.names]
        for batch in file.iter_batches(columns=there):
            rows += [_row(values, path, len(rows) + 1) for values in batch.to_pylist()]
    return tuple(rows)


def _read_lines(path: Path) -> tuple[ServedKey, ...]:
    rows: list[ServedKey] = []
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MOST_LINE_BYTES + 1):
            number += 1
            if len(line) > MOST_LINE_BYTES or number > MOST_ROWS:
                raise _bad(path, number, "is too long")
            if not line.strip():
                continue
            try:
                values = json.loads(line, object_pairs_hook=_each_once)
            except _TwiceError as error:
                raise _bad(path, number, "names a field twice") from error
            except (ValueError, RecursionError) as error:
                raise _bad(path, number, "is no JSON") from error
            rows.append(_row(values, path, number))
    return tuple(rows)


class _TwiceError(ValueError):
    """A field is named twice: whoever reads it takes one of two values."""


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found


def _is_text(text: str) -> bool:
    """Tell whether a text can be written: half of a pair of surrogates cannot."""
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False


def _row(values: object, path: Path, number: int) -> ServedKey:
    """Check one row."""
    if not isinstance(values, dict):
        raise _bad(path, number, "is no object")
    account, key_id, tokens = (values.get(name) for name in ("account", "key_id", "tokens"))
    for name, text in (("account", account), ("key_id", key_id)):
        if not (isinstance(text, str) and 0 < len(text) <= _MOST_NAME and _is_text(text)):
            raise _bad(path, number, f"has no usable {name}")
    if not (isinstance(tokens, int) and not isinstance(tokens, bool) and 0 <= tokens < 2**63):
        raise _bad(path, number, "has no usable tokens")
    first, last = (_instant(values, name, path, number) for name in _SCHEMA.names[2:4])
    if last < first:
        raise _bad(path, number, "was last served before it was first served")
    texts = {name: values.get(name) or "" for name in _OF_A_VAULT.names[:3]}
    for name, text in texts.items():
        if not (isinstance(text, str) and len(text) <= _MOST_NAME):
            raise _bad(path, number, f"has no usable {name}")
    epoch = values.get("epoch") or 0
    if not (isinstance(epoch, int) and not isinstance(epoch, bool) and 0 <= epoch < 2**31):
        raise _bad(path, number, "has no usable epoch")
    return ServedKey(
        account=str(account),
        key_id=str(key_id),
        first_served=first,
        last_served=last,
        tokens=tokens,
        epoch=epoch,
        **texts,
    )


def _instant(values: dict[str, Any], name: str, path: Path, number: int) -> datetime:
    value = values.get(name)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise _bad(path, number, f"has no usable {name}") from error
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _bad(path, number, f"has no usable {name}")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise _bad(path, number, f"has no usable {name}") from error


def _bad(path: Path, number: int, what: str) -> InputError:
    return InputError(f"row {number} of the register {path} {what}", next_step=_EXPECTED)

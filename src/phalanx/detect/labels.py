"""Labels: which campaign an account belongs to, and what kind of traffic it sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.json as pajson
import pyarrow.parquet as pq

from phalanx.detect.csv_table import place_of, read_csv
from phalanx.errors import InputError

LABEL_SCHEMA = pa.schema(
    {"account_id": pa.string(), "campaign": pa.string(), "traffic_class": pa.string()}
)
"""Columns of a label table; `campaign` is null for honest accounts."""

_JSON_SUFFIXES = frozenset({".jsonl", ".json", ".ndjson"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What is known about accounts, by their identifiers in the scan."""

    campaigns: Mapping[str, str]
    """Account -> labelled campaign; honest accounts are not in it."""

    classes: Mapping[str, str]
    """Account -> traffic class; every labelled account is in it."""


def read_labels(source: pa.Table | Path, pseudonym_key: bytes | None) -> Labels:
    """Read labels.

    Parameters:
        source: Table, or Parquet, CSV or JSONL file, with the columns of `LABEL_SCHEMA` and
            account identifiers as they stand in the log.
        pseudonym_key: Key under which the scan replaced identifiers; null if it did not.

    Raises:
        InputError: If the source cannot be read or misses a column.
    """
    where = "the label table" if isinstance(source, pa.Table) else str(source)
    table = source if isinstance(source, pa.Table) else _read(source)
    missing = [name for name in LABEL_SCHEMA.names if name not in table.column_names]
    if missing:
        message = f"{where}: columns {missing} are missing; found {table.column_names}"
        raise InputError(message, next_step="Give account_id, campaign and traffic_class.")
    try:
        table = table.select(LABEL_SCHEMA.names).cast(LABEL_SCHEMA)
    except pa.ArrowException:
        message = f"{where}: the labels are not text"
        raise InputError(message, next_step="Write every column of the labels as text.") from None
    table = table.filter(table.column("account_id").is_valid())
    accounts = _aliases(table.column("account_id").to_pylist(), pseudonym_key)
    names = table.column("campaign").to_pylist()
    classes = table.column("traffic_class").to_pylist()
    return Labels(
        campaigns={account: name for account, name in zip(accounts, names, strict=True) if name},
        classes={a: name or "unknown" for a, name in zip(accounts, classes, strict=True)},
    )


def _read(path: Path) -> pa.Table:
    """Read a label file by its suffix."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            texts = pacsv.ConvertOptions(column_types=LABEL_SCHEMA, strings_can_be_null=True)
            return read_csv(path, texts)
        if suffix in _JSON_SUFFIXES:
            return pajson.read_json(path)
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        message = f"{path}: the labels cannot be read{place_of(error)}"
        raise InputError(message, next_step="Pass a Parquet, CSV or JSONL file.") from None


def _aliases(accounts: list[str], pseudonym_key: bytes | None) -> list[str]:
    """Return the identifiers that the scan used for these accounts."""
    if pseudonym_key is None:
        return accounts
    # Only needed under a key, which a scan of simulated traffic rarely has.
    from phalanx.logs.pseudonym import pseudonym  # noqa: PLC0415

    return [pseudonym(pseudonym_key, "account_id", account) for account in accounts]

"""What Spark reads by itself, as native columns with the file and row of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.errors import InputError
from phalanx.logs.columnar import PARQUET_MAGIC
from phalanx.logs.columns import FieldPath, resolve
from phalanx.logs.engine.spark_session import spark_errors
from phalanx.logs.engine.spark_worker import FILE_COLUMN, ROW_BITS, ROW_COLUMN
from phalanx.logs.exchange_log import ExchangeLog
from phalanx.logs.quality import Quality
from phalanx.logs.schema import RESPONSE_CHARACTERS
from phalanx.logs.sources import Source

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# Where each kind of table tells the file and the row of a record.
_PLACES = (
    ("_metadata.file_path", "_metadata.row_index"),  # Parquet, Delta
    ("_file", "_pos"),  # Iceberg
)


@dataclass(frozen=True, slots=True)
class FileOrder:
    """The files of a log, in the order in which this machine's readers would take them."""

    hashes: npt.NDArray[np.int64]
    """Hash of each file's path, ascending."""

    numbers: npt.NDArray[np.int64]
    """Number of each file, in the order of `hashes`."""

    names: tuple[str, ...]
    """Name of each file by its number; the source alone where it has no files."""

    inputs: Mapping[str, str]
    """Name -> size and time of change, which stand in for a digest."""

    def place(self, position: int) -> tuple[str, int]:
        """Return the file and the row, from 1, at a position."""
        number = position >> ROW_BITS if self.hashes.size else 0
        return self.names[number], position & ((1 << ROW_BITS) - 1)


@dataclass(frozen=True, slots=True)
class SparkSource:
    """Native columns, and the order of the files that they come from."""

    frame: DataFrame
    order: FileOrder


def readable_by_spark(log: ExchangeLog) -> bool:
    """Say whether workers can read a log: it lies elsewhere, or is Parquet throughout."""
    if log.remote:
        return True
    return bool(log.sources) and all(_is_parquet(source.file.path) for source in log.sources)


def open_source(session: SparkSession, log: ExchangeLog, quality: Quality) -> SparkSource:
    """Find the native columns of a log that workers read.

    Parameters:
        session: Where it is read.
        log: One for which `readable_by_spark` holds.
        quality: Takes notes on mapped columns that are absent.

    Raises:
        InputError: If there is nothing of that name, or a required column is missing.
        ServiceError: If Spark cannot look.
    """
    names = [each.spelling for each in log.remote] + [each.file.name for each in log.sources]
    name = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more"
    with spark_errors(name):
        return _placed(_frame(session, log), log, name, quality)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC


def _frame(session: SparkSession, log: ExchangeLog) -> DataFrame:
    tables = [source for source in log.remote if source.format != "parquet"]
    if not tables:
        found = [source.location for source in log.remote]
        found += [f"file://{_literal(source.file.path.absolute())}" for source in log.sources]
        return session.read.option("mergeSchema", "true").parquet(*found)
    if len(log.remote) > 1:
        message = f"{tables[0].spelling}: a table is scanned alone"
        raise InputError(message, next_step="Name one table, or a view of several.")
    (table,) = tables
    if table.format == "iceberg":
        return session.table(table.location)
    return session.read.format("delta").load(table.location)


def _literal(path: Path) -> str:
    """Escape what Hadoop would take for a pattern."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", str(path))


def _placed(frame: DataFrame, log: ExchangeLog, name: str, quality: Quality) -> SparkSource:
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 - an extra, as everybody names it
    from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415

    schema = to_arrow_schema(frame.schema, timezone="UTC")
    paths = resolve(schema, log.options.columns, name=name, quality=quality)
    columns = [_native(schema, native, path) for native, path in paths.items()]
    place = _place_columns(frame)
    if place is None:
        nothing = np.zeros(0, np.int64)
        order = FileOrder(nothing, nothing, (name,), {name: "table"})
        return SparkSource(frame.select(*columns), order)
    file, row = place
    order = _file_order(frame, file, log.sources)
    placed = [F.xxhash64(F.col(file)).alias(FILE_COLUMN), F.col(row).alias(ROW_COLUMN)]
    return SparkSource(frame.select(*columns, *placed), order)


def _place_columns(frame: DataFrame) -> tuple[str, str] | None:
    from pyspark.errors import AnalysisException  # noqa: PLC0415

    for file, row in _PLACES:
        try:
            frame.select(file, row)
        except AnalysisException:
            continue
        return file, row
    return None


def _native(schema: pa.Schema, native: str, path: FieldPath) -> Column:
    """Select one native column; of a response only its length leaves the Java side."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415

    column, kind = F.col(f"`{path[0].replace('`', '``')}`"), schema.field(path[0]).type
    for step in path[1:]:
        column = column.getItem(step)
        kind = kind.item_type if pa.types.is_map(kind) else kind.field(step).type
    if native == "response" and pa.types.is_string(kind):
        return F.char_length(column).alias(RESPONSE_CHARACTERS)
    return column.alias(native)


def _file_order(frame: DataFrame, file: str, sources: Sequence[Source]) -> FileOrder:
    from pyspark.sql import functions as F  # noqa: N812, PLC0415

    details = (
        [F.col("_metadata.file_size"), F.col("_metadata.file_modification_time").cast("string")]
        if file.startswith("_metadata")
        else [F.lit(None).cast("bigint"), F.lit(None).cast("string")]
    )
    path = F.col(file)
    found = frame.select(F.xxhash64(path), path, *details).distinct().collect()
    given = {str(source.file.path.absolute()): source.file.name for source in sources}
    rank = {path: number for number, path in enumerate(given)}

    def order(row: Sequence[object]) -> tuple[int, list[tuple[int, str]]]:
        plain = _plain(str(row[1]))
        return rank.get(plain, 0), _folder_first(plain)

    found.sort(key=order)
    names = tuple(given.get(_plain(row[1]), row[1]) for row in found)
    hashes = np.array([row[0] for row in found], np.int64)
    ascending = np.argsort(hashes)
    inputs = {
        name: "file" if row[2] is None else f"{row[2]} bytes, changed {row[3]} UTC"
        for name, row in zip(names, found, strict=True)
    }
    return FileOrder(hashes[ascending], ascending.astype(np.int64), names, inputs)


def _plain(uri: str) -> str:
    parts = urlsplit(uri)
    return unquote(parts.path) if parts.scheme == "file" else uri


def _folder_first(path: str) -> list[tuple[int, str]]:
    """Order as a walk does: the files of a folder, then its folders."""
    *folders, name = path.split("/")
    return [*((1, folder) for folder in folders), (0, name)]

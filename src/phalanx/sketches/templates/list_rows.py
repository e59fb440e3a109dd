"""`match_list.parquet`: its columns, and the one way in which it is read.

The file holds what strangers said, and may have come from anywhere: its types are checked before
its values are, it has a bound, and what is wrong is told with its path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.errors import InputError, reason_of
from phalanx.printable import printable

LIST_SCHEMA = pa.schema(
    [
        ("indicator", pa.string()),
        ("campaign", pa.string()),
        ("kind", pa.string()),
        ("epoch", pa.int32()),
        ("value", pa.string()),
        ("minhash", pa.binary()),
        ("minhash_bits", pa.int8()),
        ("simhash", pa.uint64()),
        ("shingle_size", pa.int8()),
        ("canonicaliser", pa.string()),
        ("length_bucket", pa.int8()),
        ("confidence", pa.int8()),
        ("verdict", pa.string()),
        ("valid_until", pa.timestamp("us", tz="UTC")),
        ("valid_from", pa.timestamp("us", tz="UTC")),
    ]
)
"""Columns of the list. `kind` is account, email, payment, phone, device, template, address,
network or domain; `value` is null for templates, whose sketches stand in the columns after it."""

MOST_LIST_ROWS = 1 << 26
"""Of a list."""

_BATCH_ROWS = 65_536


def list_parts(path: Path, columns: Sequence[str] = LIST_SCHEMA.names) -> Iterator[pa.Table]:
    """Yield the rows of a list, part by part; of columns and types no others than were asked for.

    Parameters:
        path: File of the list.
        columns: Of `LIST_SCHEMA`; others need not be in the file.

    Raises:
        InputError: If it cannot be read, or is no match list.
    """
    wanted = pa.schema([LIST_SCHEMA.field(name) for name in columns])
    try:
        with pq.ParquetFile(path) as file:
            _check_schema(path, file.schema_arrow, wanted)
            if file.metadata.num_rows > MOST_LIST_ROWS:
                raise wrong_list(path, f"more than {MOST_LIST_ROWS:,} rows")
            for batch in file.iter_batches(_BATCH_ROWS, columns=wanted.names):
                yield _cast(path, pa.Table.from_batches([batch]), wanted)
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        is_there = not (isinstance(error, OSError) and error.errno)
        reason = "damaged, or another file" if is_there else reason_of(error)
        raise wrong_list(path, f"it cannot be read ({reason})") from error


def wrong_list(path: Path, reason: str) -> InputError:
    """Return that a file is no match list, and why."""
    message = f"{path}: not a match list: {reason}"
    return InputError(message, next_step="Make it again: phalanx share pull")


def _check_schema(path: Path, schema: pa.Schema, wanted: pa.Schema) -> None:
    for field in wanted:
        name = field.name
        places = schema.get_all_field_indices(name)
        if len(places) != 1:
            raise wrong_list(path, f"it lacks the column {name}, or has it twice")
        found = schema.field(places[0]).type
        is_bytes = name == "minhash" and pa.types.is_fixed_size_binary(found)
        if found != field.type and not is_bytes and not _is_like(found, field.type):
            reason = f"its column {name} holds {printable(str(found))}, not {field.type}"
            raise wrong_list(path, reason)


def _is_like(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a type says the same in another layout: strings as a dictionary, large ones."""
    if pa.types.is_dictionary(found):
        found = found.value_type
    return found == wanted or (found, wanted) in {
        (pa.large_string(), pa.string()),
        (pa.large_binary(), pa.binary()),
    }


def _cast(path: Path, table: pa.Table, wanted: pa.Schema) -> pa.Table:
    try:
        cast = table.select(wanted.names).cast(wanted)
        # Texts whose bytes are no UTF-8 would break whoever reads them.
        cast.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise wrong_list(path, "a column holds what its type does not allow") from error
    return cast

"""Find the native columns in a table, by their own names or by a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from phalanx.errors import InputError
from phalanx.logs.quality import Quality
from phalanx.logs.schema import MAPPABLE_COLUMNS, REQUIRED_COLUMNS, RESPONSE_CHARACTERS

FieldPath = tuple[str, ...]
_LISTED_FIELDS = 30


def resolve(
    schema: pa.Schema,
    mapping: Mapping[str, str],
    *,
    name: str,
    quality: Quality,
    responses: bool = False,
) -> dict[str, FieldPath]:
    """Find where each native column stands in a table.

    Parameters:
        schema: Columns of the table.
        mapping: Native column -> field, dotted where it is nested; a column that has the
            dotted text as its plain name comes first.
        name: File or table, for messages.
        quality: Takes a note for each mapped optional field that is absent.
        responses: Whether responses are read where their lengths are logged beside them.

    Returns:
        Native column -> path, for those that exist.

    Raises:
        InputError: If a required column is missing.

    Examples:
        >>> table = pa.table({"time": [1], "account_id": ["a"], "model": ["m"], "prompt": ["p"]})
        >>> resolve(table.schema, {"timestamp": "time"}, name="t", quality=Quality())["timestamp"]
        ('time',)
    """
    found: dict[str, FieldPath] = {}
    for column in MAPPABLE_COLUMNS:
        wanted = mapping.get(column, column)
        path = _path(schema, wanted)
        if path is not None:
            found[column] = path
        elif column in mapping and column not in REQUIRED_COLUMNS:
            quality.note(f"{column}: mapped to {wanted}, which {name} does not have")
    missing = [column for column in REQUIRED_COLUMNS if column not in found]
    if missing:
        raise missing_columns(name, missing, field_names(schema), mapping)
    if RESPONSE_CHARACTERS in found and not responses:
        found.pop("response", None)
    return found


def missing_columns(
    name: str, missing: Iterable[str], present: Iterable[str], mapping: Mapping[str, str]
) -> InputError:
    """Return the error for a log without required columns.

    Parameters:
        name: File or table.
        missing: Required columns that were not found, at least one.
        present: Fields of the log.
        mapping: Native column -> field in which it was looked for.

    Examples:
        >>> print(missing_columns("a.csv", ["model"], ["time", "user"], {}).diagnostics())
        a.csv: no column for model; it has: time, user
        Next: Say which field it is, for example: --map model=FIELD
    """
    names = list(present)
    listed = ", ".join(names[:_LISTED_FIELDS]) or "none"
    more = f" and {len(names) - _LISTED_FIELDS} more" if len(names) > _LISTED_FIELDS else ""
    columns = list(missing)
    wanted = [
        f"{column} (mapped to {mapping[column]})" if column in mapping else column
        for column in columns
    ]
    return InputError(
        f"{name}: no column for {', '.join(wanted)}; it has: {listed}{more}",
        next_step=f"Say which field it is, for example: --map {columns[0]}=FIELD",
    )


def field_names(schema: pa.Schema) -> list[str]:
    """Return the names of all fields, nested ones dotted.

    Examples:
        >>> field_names(pa.schema([("user", pa.struct([("id", pa.string())]))]))
        ['user.id']
    """
    names: list[str] = []
    for each in schema:
        if pa.types.is_struct(each.type):
            names += [f"{each.name}.{inner}" for inner in field_names(pa.schema(list(each.type)))]
        else:
            names.append(each.name)
    return names


def extract(batch: pa.RecordBatch, path: FieldPath) -> pa.Array:
    """Take the cells at a path out of a batch.

    Examples:
        >>> batch = pa.RecordBatch.from_pylist([{"user": {"id": "a"}}, {"user": None}])
        >>> extract(batch, ("user", "id")).to_pylist()
        ['a', None]
    """
    array = batch.column(path[0])
    for name in path[1:]:
        if pa.types.is_map(array.type):
            array = pc.map_lookup(array, name, "first")
        else:
            array = pc.struct_field(array, name)
    return array


def _path(schema: pa.Schema, wanted: str) -> FieldPath | None:
    """Return the path of a field, or null; a table may hold two columns of one name."""
    if wanted in schema.names:
        return (wanted,) if len(schema.get_all_field_indices(wanted)) == 1 else None
    first, _, rest = wanted.partition(".")
    if not rest or len(schema.get_all_field_indices(first)) != 1:
        return None
    kind = schema.field(first).type
    if pa.types.is_map(kind):
        return (first, rest)
    if not pa.types.is_struct(kind):
        return None
    inner = _path(pa.schema(list(kind)), rest)
    return None if inner is None else (first, *inner)

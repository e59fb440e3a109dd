"""Collections of prompts in files: data sets, seed sets, corpora of a simulation."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from phalanx.errors import InputError

_JSON = frozenset({".jsonl", ".json", ".ndjson"})


def read_prompts(path: Path, column: str = "prompt") -> pa.StringArray:
    """Read the distinct, non-empty prompts of a file or folder, in order.

    Parameters:
        path: Parquet, or JSONL by its suffix.
        column: Column of text.

    Raises:
        InputError: If nothing can be read, or the column is missing or empty.
    """
    kind = "json" if path.suffix.lower() in _JSON else "parquet"
    try:
        source = ds.dataset(path, format=kind)
        if column not in source.schema.names:
            message = f"{path}: no column `{column}`; it has: {', '.join(source.schema.names)}"
            raise InputError(message, next_step=f"Pass a file with a text column `{column}`.")
        texts = source.to_table(columns=[column]).column(column).cast(pa.string())
        texts = texts.combine_chunks().drop_null().unique()
    except (OSError, pa.ArrowException) as error:
        message = f"{path}: no prompts could be read ({str(error).partition(chr(10))[0]})"
        raise InputError(
            message, next_step=f"Pass Parquet or JSONL with a text column `{column}`."
        ) from error
    texts = texts.filter(pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 0))
    if len(texts) == 0:
        message = f"{path}: the column `{column}` holds no text"
        raise InputError(message, next_step="Give a file with prompts.")
    return texts

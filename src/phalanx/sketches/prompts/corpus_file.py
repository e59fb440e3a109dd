"""Files of corpus sketches: Parquet, one column of hashes, the rest in the file's metadata."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.errors import InputError
from phalanx.printable import printable
from phalanx.sketches.prompts.corpus import CorpusSketch

FORMAT = "phalanx.corpus-sketch/1"
MOST_RUNS = 1 << 28
"""Runs of a file that is read: a gigabyte of hashes."""

_KEY = b"phalanx"
_MOST_METADATA_BYTES = 4096
_SCHEMA = pa.schema([pa.field("run", pa.uint32(), nullable=False)])


def write_sketch(sketch: CorpusSketch, path: Path) -> None:
    """Write a sketch to a file.

    Raises:
        InputError: If the file cannot be written.
    """
    about = {"format": FORMAT, "name": sketch.name, "prompts": sketch.prompts}
    schema = _SCHEMA.with_metadata({_KEY: json.dumps(about).encode()})
    table = pa.table({"run": sketch.runs}, schema=schema)
    try:
        pq.write_table(
            table, path, use_dictionary=False, column_encoding={"run": "DELTA_BINARY_PACKED"}
        )
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror})"
        raise InputError(message, next_step="Choose another place.") from error


def read_sketch(path: Path) -> CorpusSketch:
    """Read a sketch from a file that anybody may have made.

    Raises:
        InputError: If it cannot be read, or is no sketch of this version.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            about = (schema.metadata or {}).get(_KEY, b"")
            if not schema.equals(_SCHEMA) or rows > MOST_RUNS:
                raise _no_sketch(path)
            runs = file.read(use_threads=False)["run"].to_numpy()
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        message = f"{path}: cannot be read as a corpus sketch ({printable(reason)})"
        raise InputError(message, next_step="`phalanx sketch-corpus` makes such files.") from error
    name, prompts = _parsed(about, path)
    if np.any(runs[1:] <= runs[:-1]):
        raise _no_sketch(path)
    return CorpusSketch(name, prompts, runs)


def _parsed(about: bytes, path: Path) -> tuple[str, int]:
    """Return the name and the number of prompts from the metadata."""
    try:
        found = json.loads(about) if len(about) <= _MOST_METADATA_BYTES else None
    except (ValueError, RecursionError) as error:
        raise _no_sketch(path) from error
    match found:
        case {"format": known, "name": str(name), "prompts": int(prompts)} if (
            known == FORMAT and prompts > 0
        ):
            return printable(name), prompts
    raise _no_sketch(path)


def _no_sketch(path: Path) -> InputError:
    return InputError(
        f"{path}: not a corpus sketch of the format {FORMAT}",
        next_step="`phalanx sketch-corpus` makes such files.",
    )

"""What passes from a reader to the conforming stage: native columns of any type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Unit = Literal["line", "row", "record", "span"]

SPLIT_COLUMNS = ("history", "history_turns")
"""Columns that a reader adds when it has split the prompt itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeChunk:
    """Some rows of a log, as columns of the native table.

    Examples:
        >>> chunk = NativeChunk(rows=1, positions=[1], columns={"model": pa.array(["m"])})
        >>> chunk.unit
        'row'
    """

    rows: int
    """Number of rows; every column is as long."""

    positions: Sequence[int] | npt.NDArray[np.int64]
    """Where each row stands in the file, from 1."""

    unit: Unit = "row"
    """What `positions` count."""

    columns: Mapping[str, pa.Array] = field(repr=False)
    """Native column, `response_characters`, or one of `SPLIT_COLUMNS` -> cells of any type."""

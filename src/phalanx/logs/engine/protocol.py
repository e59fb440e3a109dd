"""What an engine does, and what it runs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.engine.memory import Memory
from phalanx.logs.exchange_log import ExchangeLog


@dataclass(frozen=True, slots=True)
class Sighting:
    """Texts that stand behind hashes of one batch, for the few that results will show."""

    what: str
    """What the texts are, for example `account`."""

    hashes: npt.NDArray[np.int64]
    texts: pa.Array
    """Text behind each hash; none is null."""

    rows: npt.NDArray[np.int64] | None = None
    """Row of the batch that each text was taken from. Null where a hash has only one text,
    so that no row matters; then each hash stands here once."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """What a kernel makes of one batch."""

    rows: pa.RecordBatch
    """One row for each row of the batch, in its order."""

    sightings: tuple[Sighting, ...] = ()


class Kernel(Protocol):
    """A pure function of a batch of `EXCHANGE_SCHEMA`, which can be sent elsewhere (pickled)."""

    @property
    def schema(self) -> pa.Schema:
        """Columns of the rows it makes."""
        ...

    def __call__(self, batch: pa.RecordBatch) -> Reduced:
        """Reduce a batch."""
        ...


class Engine(AbstractContextManager["Engine"], Protocol):
    """Reads a log into a table that Ibis expressions can be put to, until it is left."""

    name: str
    """How a person chooses it."""

    def read(self, log: ExchangeLog, kernel: Kernel) -> tuple[ibis.Table, Memory]:
        """Run a kernel over a log and keep the result as a table.

        Parameters:
            log: Not read yet; afterwards it says what was read.
            kernel: Runs in threads of this process, or in workers of a cluster.

        Returns:
            The table of the kernel's rows, in no particular order, and what the hashes in
            it stand for.

        Raises:
            InputError: If the log cannot be read, or no row can be used.
            ServiceError: If what runs outside this process failed.
        """
        ...

    def write(self, table: ibis.Table, path: Path) -> None:
        """Write a table as one Parquet file of this machine.

        Parameters:
            table: An expression over what `read` returned, with a column `step`.
            path: In a folder that exists.

        Raises:
            ServiceError: If what runs outside this process failed.
        """
        ...

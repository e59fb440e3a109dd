"""A simulation: exchanges that are written when they are asked for, and their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.owned import written_whole

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, eq=False, kw_only=True)
class Simulation:
    """Simulated traffic."""

    labels: pa.Table
    """One row per account: `account_id`, `campaign` (null if none), `traffic_class`."""

    rows: int
    """How many exchanges there are."""

    corpus_share: Mapping[str, float]
    """Traffic class -> share of its exchanges whose prompt comes from a given corpus."""

    schema: pa.Schema = field(repr=False)
    """Columns of the exchanges."""

    batches: Callable[[], Iterator[pa.RecordBatch]] = field(repr=False)
    """Writes the exchanges in order of time, a bounded number of rows at a time."""

    @cached_property
    def exchanges(self) -> pa.Table:
        """All exchanges in memory, in native columns."""
        return pa.Table.from_batches(self.batches(), schema=self.schema)

    def write(self, directory: Path) -> tuple[Path, Path]:
        """Write `exchanges.parquet` and `labels.parquet`; memory stays bounded.

        Both are for their owner alone, as the log is that campaigns may be injected into.

        Parameters:
            directory: Where to; made if it is missing.

        Returns:
            The paths of the exchanges and of the labels.
        """
        exchanges, labels = directory / "exchanges.parquet", directory / "labels.parquet"
        # Prompts hardly repeat, so a dictionary of them would be built in vain.
        repeated = [name for name in self.schema.names if name not in {"prompt", "exchange_id"}]
        with (
            written_whole(exchanges) as aside,
            pq.ParquetWriter(
                aside, self.schema, compression="zstd", compression_level=1, use_dictionary=repeated
            ) as writer,
        ):
            for batch in self.batches():
                writer.write_batch(batch)
        with written_whole(labels) as aside:
            pq.write_table(self.labels, aside, compression="zstd")
        return exchanges, labels

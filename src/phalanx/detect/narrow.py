"""Read → narrow: touch the text once, keep integers.

The narrow table has one row per exchange and no text. Every string that identifies
something becomes a keyed 64-bit hash; `Names` remembers what the few that are shown in
results stood for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.detect.embedder import Embedder, embedded_signs, may_be_picked
from phalanx.detect.request_columns import (
    TIE_BITS,
    flipped,
    input_tokens,
    integers,
    offers_tools,
    order_of_draw,
    output_tokens,
    parameter_signature,
    soft_labels,
)
from phalanx.logs import ExchangeLog
from phalanx.logs.engine import Engine, Reduced, Sighting
from phalanx.logs.engine.memory import Memory
from phalanx.sketches.prompts import (
    BANDS,
    KnownPrompts,
    capability_masks,
    sketch_prompts,
)
from phalanx.text import derive_seed, hash_strings

MICROSECONDS_PER_MINUTE = 60_000_000
MICROSECONDS_PER_HOUR = 3_600_000_000

NAMED_COLUMNS = {
    "account": "account_id",
    "organisation": "organisation",
    "model": "model",
    "country": "country",
    "payment": "payment_fingerprint",
    "email": "email_domain",
    "tls": "tls_fingerprint",
    "subnet": "client_subnet",
}
"""Narrow column -> column of the log whose values may be shown in results."""

HASHED_COLUMNS = NAMED_COLUMNS | {
    "ip": "client_ip",
    "asn": "asn",
    "conversation": "conversation_id",
    "system": "system_prompt",
    "prefix": "history",
    "signature": "reasoning_signature",
}
"""Narrow column -> column of the log that is kept as a keyed hash. `prefix` is the hash of
all turns of a conversation before the last: equal where one account goes on with what
another began."""

CONTENT_COLUMNS = (
    *(f"band{band}" for band in range(BANDS)),
    "opening",
    "closing",
    "system",
    "prefix",
)
"""Columns whose values two exchanges share when one generator wrote them."""

EXCERPT = "excerpt"
"""What an engine calls the sampled openings of prompts."""

_LIMITED = 429
"""From this status on it is the service that could not, not the request that was wrong."""

EXCERPT_CHARACTERS = 240
_EXCERPT_ONE_IN = 64

NARROW_SCHEMA = pa.schema(
    [
        *((name, pa.int64()) for name in HASHED_COLUMNS),
        *((name, pa.int64()) for name in CONTENT_COLUMNS if name not in HASHED_COLUMNS),
        ("exact", pa.int64()),
        ("signs", pa.int64()),
        ("parameters", pa.int64()),
        ("created", pa.int64()),
        ("timestamp", pa.int64()),
        ("draw", pa.int64()),
        ("step", pa.int32()),
        ("later_turn", pa.int32()),
        ("words", pa.int32()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("capabilities", pa.int16()),
        ("code", pa.int16()),
        ("refused", pa.int16()),
        ("limited", pa.int16()),
        ("soft_labels", pa.int16()),
        ("known", pa.int16()),
    ]
)
"""Zero stands for a missing hash, -1 for a missing count."""


@dataclass(frozen=True, slots=True)
class Names:
    """What hashes stood for, and sampled openings of prompts."""

    values: Mapping[str, Mapping[int, str]]
    """Narrow column -> hash -> value of the log."""

    excerpts: Mapping[int, str]
    """Hash of a prompt's masked opening -> one prompt's first characters."""

    @classmethod
    def of(cls, memory: Memory) -> Names:
        """Sort out what an engine brought together."""
        return cls({name: memory.texts(name) for name in NAMED_COLUMNS}, memory.texts(EXCERPT))


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The kernel of the narrow stage, with its seeds."""

    key: bytes | None = field(repr=False)
    """Secret that keys every hash; null takes a fixed public one."""

    keep_excerpts: bool
    """Whether to sample openings of prompts for the report."""

    step_hours: int
    """Length of the steps in which the log is replayed."""

    known: KnownPrompts | None = None
    """Sets of prompts that are recognised."""

    embedder: Embedder | None = None
    """Tells what prompts mean; null compares the words that they hold."""

    after_step: int | None = None
    """Prompts of steps until this one are not sketched: they were, by an earlier scan."""

    @property
    def schema(self) -> pa.Schema:
        """Columns of the narrow table."""
        return NARROW_SCHEMA

    def __call__(self, batch: pa.RecordBatch) -> Reduced:
        """Turn a batch of `EXCHANGE_SCHEMA` into one of `NARROW_SCHEMA`."""
        seed = derive_seed(self.key, "attribute")
        columns: dict[str, npt.NDArray[np.generic]] = {}
        sightings: list[Sighting] = []
        for narrow, source in HASHED_COLUMNS.items():
            values = batch.column(source)
            columns[narrow] = hashes = hash_strings(values, seed)
            if narrow in NAMED_COLUMNS and values.null_count < len(values):
                sightings.append(_named(narrow, hashes, values))
        timestamp = integers(batch.column("timestamp"))
        step = timestamp // (self.step_hours * MICROSECONDS_PER_HOUR)
        prompts = batch.column("prompt")
        if self.after_step is not None and step.min(initial=self.after_step + 1) <= self.after_step:
            prompts = pc.if_else(pa.array(step > self.after_step), prompts, "")
        sketch = sketch_prompts(prompts, derive_seed(self.key, "sketch"))
        columns["draw"] = draw = order_of_draw(timestamp, sketch.words, sketch.signs)
        signs = sketch.signs
        if self.embedder is not None:
            read = may_be_picked(columns["account"].astype(np.int64), step, draw, signs != 0)
            signs = embedded_signs(self.embedder, prompts, read)
        for band in range(BANDS):
            columns[f"band{band}"] = sketch.bands[:, band]
        columns |= {
            "opening": sketch.opening,
            "closing": sketch.closing,
            "exact": sketch.exact,
            "signs": flipped(signs, derive_seed(self.key, "signs")),
            "words": sketch.words,
            "capabilities": sketch.capabilities
            | capability_masks(batch.column("system_prompt"))
            | offers_tools(batch),
            "code": sketch.code.astype(np.int16),
        }
        columns["timestamp"] = timestamp
        columns["step"] = step.astype(np.int32)
        columns["created"] = integers(batch.column("account_created_at"))
        columns["later_turn"] = (integers(batch.column("history_turns")) > 0).astype(np.int32)
        columns["parameters"] = parameter_signature(batch, seed)
        columns["input_tokens"] = input_tokens(batch, sketch.words)
        columns["output_tokens"] = output_tokens(batch)
        status = integers(batch.column("status"))
        columns["refused"] = (status >= 400).astype(np.int16)
        columns["limited"] = (status >= _LIMITED).astype(np.int16)
        columns["soft_labels"] = soft_labels(batch)
        columns["known"] = (
            np.zeros(batch.num_rows, dtype=np.int16)
            if self.known is None
            else self.known.contain(prompts).astype(np.int16)
        )
        if self.keep_excerpts:
            sightings.append(_excerpts(prompts, sketch.opening, draw))
        rows = pa.RecordBatch.from_arrays(
            [pa.array(columns[f.name], type=f.type) for f in NARROW_SCHEMA], schema=NARROW_SCHEMA
        )
        return Reduced(rows, tuple(sightings))


def narrow(engine: Engine, log: ExchangeLog, kernel: Narrowing) -> tuple[ibis.Table, Names]:
    """Reduce exchanges to the narrow table.

    Parameters:
        engine: Where the table will live.
        log: Not read yet; afterwards it says what was read.
        kernel: What is done to each batch.

    Returns:
        The table of `NARROW_SCHEMA`, and the names.

    Raises:
        InputError: If the log cannot be read, or no row can be used.
    """
    table, memory = engine.read(log, kernel)
    return table, Names.of(memory)


MOST_DAYS = 400
"""Days before the last exchange that a scan looks at."""


def recent(table: ibis.Table, step_hours: int) -> tuple[ibis.Table, int]:
    """Leave out exchanges long before the last one: one wrong clock must not stretch a scan.

    Parameters:
        table: The narrow table, with at least one row.
        step_hours: Length of its steps.

    Returns:
        The table of the last `MOST_DAYS` days, and how many exchanges were left out.
    """
    first = int(table.step.max().to_pyarrow().as_py()) - MOST_DAYS * 24 // step_hours
    old = int(table.filter(table.step < first).count().to_pyarrow().as_py())
    return (table.filter(table.step >= first) if old else table), old


def _named(what: str, hashes: npt.NDArray[np.int64], values: pa.Array) -> Sighting:
    """Return the value behind each hash of one batch."""
    unique, first = np.unique(hashes, return_index=True)
    there = unique != 0
    return Sighting(what, unique[there], values.take(pa.array(first[there])))


def _excerpts(
    prompts: pa.Array, opening: npt.NDArray[np.int64], draw: npt.NDArray[np.int64]
) -> Sighting:
    """Sample the first characters of prompts, without regard to what they say."""
    rows = np.flatnonzero(((draw >> TIE_BITS) % _EXCERPT_ONE_IN == 0) & (opening != 0))
    texts = pc.utf8_slice_codeunits(prompts.take(pa.array(rows)), 0, EXCERPT_CHARACTERS)
    return Sighting(EXCERPT, opening[rows], texts, rows)

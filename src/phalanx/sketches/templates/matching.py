"""Which prompts match what other members share: the seam for the scan and the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.sketches.templates.agreement import LEAST_JACCARD, agreeing_needed, estimated_jaccard
from phalanx.sketches.templates.index import Snapshot
from phalanx.sketches.templates.kernel import sketch_views
from phalanx.sketches.templates.keys import GroupKeys
from phalanx.sketches.templates.rows import identifiers_of
from phalanx.sketches.templates.segment import MOST_CAMPAIGNS, Segment, look_up
from phalanx.sketches.templates.spoken import spoken
from phalanx.text.hashing import text_buffers

BATCH_PROMPTS = 4096
"""Prompts that are sketched at once: some four megabytes."""

MATCH_SCHEMA = pa.schema(
    [
        pa.field("prompt", pa.int64(), nullable=False),
        pa.field("campaign", pa.string(), nullable=False),
        pa.field("indicator", pa.string(), nullable=False),
        pa.field("jaccard", pa.float64(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Matches:
    """What matched."""

    table: pa.Table
    """By `MATCH_SCHEMA`: a row for each prompt (its position) and each campaign that it matches,
    with the indicator whose template is most alike and the estimated share of common shingles."""

    cut_short: int
    """Prompts for which the list held more to compare or to name than is looked at."""

    unread_epochs: tuple[int, ...]
    """Epochs of the list of which no group key is held: their templates were not compared."""


def match_prompts(
    prompts: pa.Array | pa.ChunkedArray,
    snapshot: Snapshot,
    keys: GroupKeys,
    now: datetime,
    least_jaccard: float = LEAST_JACCARD,
) -> Matches:
    """Find the campaigns whose templates a batch of prompts matches.

    A prompt is compared whole, and by its first 16, 32, ... 512 tokens, because templates often
    stand before what changes.

    Parameters:
        prompts: String array; a null matches nothing. What is needed beside it is a few megabytes
            and the result.
        snapshot: `TemplateIndex.snapshot`, which is never changed.
        keys: Of the group.
        now: With a time zone. What ends by then is passed over.
        least_jaccard: Estimated share of common shingles from which on a prompt matches; see
            `log10_chance_of_match` for what it means.
    """
    epochs = {epoch: keys.of(epoch) for epoch in snapshot.epochs}
    needed, now_us = agreeing_needed(least_jaccard), round(now.timestamp() * 1_000_000)
    tables, cut_short = [MATCH_SCHEMA.empty_table()], 0
    for begin, batch in _batches(prompts):
        offsets, data = text_buffers(spoken(batch))
        short = np.zeros(len(batch), dtype=np.bool_)
        for epoch, key in epochs.items():
            if key is None:
                continue
            views = _Views(begin, *sketch_views(offsets, data, key.hash_key), short)
            tables += [
                views.found_in(segment, needed, now_us)
                for segment in snapshot.segments
                if segment.rows.epoch == epoch
            ]
        cut_short += int(short.sum())
    return Matches(
        _best(pa.concat_tables(tables)),
        cut_short,
        tuple(epoch for epoch, key in epochs.items() if key is None),
    )


def _batches(prompts: pa.Array | pa.ChunkedArray) -> Iterator[tuple[int, pa.Array]]:
    begin = 0
    for chunk in prompts.chunks if isinstance(prompts, pa.ChunkedArray) else [prompts]:
        for start in range(0, len(chunk), BATCH_PROMPTS):
            yield begin + start, chunk.slice(start, BATCH_PROMPTS)
        begin += len(chunk)


@dataclass(frozen=True, slots=True)
class _Views:
    """Sketches of the views of a batch."""

    begin: int
    """Position of its first prompt."""

    minhash: npt.NDArray[np.uint8]
    owner: npt.NDArray[np.int64]
    short: npt.NDArray[np.bool_]
    """A mark for each prompt of the batch: set where a search is cut short."""

    def found_in(self, segment: Segment, needed: int, now_us: int) -> pa.Table:
        """Look them up in a segment."""
        rows, held = segment.rows, self.short.size
        found_rows = np.zeros((held, MOST_CAMPAIGNS), dtype=np.uint32)
        agreeing = np.zeros((held, MOST_CAMPAIGNS), dtype=np.uint8)
        found = np.zeros(held, dtype=np.int32)
        look_up(
            self.minhash, self.owner, needed, now_us,
            rows.minhash, rows.campaign, rows.valid_until_us, segment.alive, segment.present,
            np.uint64(segment.bucket_bits), segment.starts, segment.entries,
            found_rows, agreeing, found, self.short,
        )  # fmt: skip
        filled = np.arange(MOST_CAMPAIGNS) < found[:, None]
        chosen = found_rows[filled]
        return pa.table(
            {
                "prompt": self.begin + np.repeat(np.arange(held), found),
                "campaign": [rows.campaigns[code] for code in rows.campaign[chosen].tolist()],
                "indicator": identifiers_of(rows.indicator[chosen]),
                "jaccard": estimated_jaccard(agreeing[filled]),
            },
            schema=MATCH_SCHEMA,
        )


def _best(table: pa.Table) -> pa.Table:
    """Keep the best row of each prompt and campaign, in order of the prompts."""
    table = table.sort_by(
        [("prompt", "ascending"), ("campaign", "ascending"), ("jaccard", "descending")]
    ).combine_chunks()
    if table.num_rows < 2:
        return table
    same = pc.and_(
        *(
            pc.equal(table[name].slice(1), table[name].slice(0, table.num_rows - 1))
            for name in ("prompt", "campaign")
        )
    )
    first = np.concatenate([[True], ~np.asarray(same)])
    return table.filter(pa.array(first))

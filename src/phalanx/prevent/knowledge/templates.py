"""The shared template that one prompt is most alike, found without a table of all matches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.siphash import Key
from phalanx.sketches.templates import LEAST_JACCARD, GroupKeys, Snapshot
from phalanx.sketches.templates.agreement import agreeing_needed, estimated_jaccard
from phalanx.sketches.templates.kernel import sketch_views
from phalanx.sketches.templates.rows import identifiers_of
from phalanx.sketches.templates.segment import MOST_CAMPAIGNS, Segment, look_up
from phalanx.sketches.templates.spoken import spoken

MOST_CHARACTERS = 16_384
"""Of a prompt that are compared: a thousand tokens of it are read anyhow."""

_NEEDED = agreeing_needed(LEAST_JACCARD)
_MESSAGES_BEGIN = "[{"
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class TemplateMatch:
    """A template of another provider that a prompt matches."""

    campaign: str
    indicator: str
    jaccard: float
    """Estimated share of common shingles, from 0.5 to 1."""


@dataclass(frozen=True, slots=True)
class Templates:
    """Shared templates, with the keys of the group under which they were sketched."""

    epochs: tuple[tuple[Key, tuple[Segment, ...]], ...]
    """Of each epoch whose key is held: key of the hash of shingles, and the sketches."""

    unread_epochs: tuple[int, ...]
    """Epochs whose key is not held: their templates match nothing."""

    def best(self, prompt: str, now: datetime) -> TemplateMatch | None:
        """Return the template that a prompt is most alike, or nothing if it matches none.

        It is the best of the rows that `phalanx.sketches.templates.match_prompts` returns.

        Parameters:
            prompt: What the user says.
            now: With a time zone. Templates that end by then are passed over.
        """
        if not self.epochs:
            return None
        data = _bytes_of(prompt[:MOST_CHARACTERS])
        offsets = np.array([0, data.size], dtype=np.int64)
        now_us = round(now.timestamp() * _MICROSECONDS)
        best: tuple[int, Segment, int] | None = None
        for key, segments in self.epochs:
            views, owner = sketch_views(offsets, data, key)
            if owner.size:
                for segment in segments:
                    found = _most_alike(segment, views, owner, now_us)
                    if found is not None and (best is None or found[0] > best[0]):
                        best = (found[0], segment, found[1])
        if best is None:
            return None
        agreeing, segment, row = best
        rows = segment.rows
        return TemplateMatch(
            rows.campaigns[rows.campaign[row]],
            identifiers_of(rows.indicator[row : row + 1])[0],
            float(estimated_jaccard(np.array([agreeing]))[0]),
        )


def templates_of(snapshot: Snapshot, keys: GroupKeys) -> Templates:
    """Return the templates of an index.

    Parameters:
        snapshot: `TemplateIndex.snapshot`, which is never changed.
        keys: Of the group.
    """
    held = [(epoch, keys.of(epoch)) for epoch in snapshot.epochs]
    return Templates(
        tuple(
            (key.hash_key, tuple(each for each in snapshot.segments if each.rows.epoch == epoch))
            for epoch, key in held
            if key is not None
        ),
        tuple(epoch for epoch, key in held if key is None),
    )


def _bytes_of(prompt: str) -> npt.NDArray[np.uint8]:
    """Return what a prompt says, as bytes; a list of messages is what its users say."""
    text = prompt.encode("utf-8", "replace")
    if prompt.startswith(_MESSAGES_BEGIN):
        text = spoken(pa.array([text.decode()], pa.string()))[0].as_py().encode()
    return np.frombuffer(text or b"\0", np.uint8)


def _most_alike(
    segment: Segment, views: npt.NDArray[np.uint8], owner: npt.NDArray[np.int64], now_us: int
) -> tuple[int, int] | None:
    """Return how many values agree with the row that is most alike, and that row."""
    found_rows = np.empty((1, MOST_CAMPAIGNS), dtype=np.uint32)
    agreeing = np.zeros((1, MOST_CAMPAIGNS), dtype=np.uint8)
    found, cut_short = np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.bool_)
    rows = segment.rows
    look_up(
        views, owner, _NEEDED, now_us,
        rows.minhash, rows.campaign, rows.valid_until_us, segment.alive,
        np.uint64(segment.bucket_bits), segment.starts, segment.entries,
        found_rows, agreeing, found, cut_short,
    )  # fmt: skip
    if not found[0]:
        return None
    place = int(agreeing[0, : found[0]].argmax())
    return int(agreeing[0, place]), int(found_rows[0, place])

"""The shared template that one prompt is most alike, found without a table of all matches."""

from __future__ import annotations

from dataclasses import dataclass, field

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.siphash import Key
from phalanx.sketches.shape import PERMUTATIONS
from phalanx.sketches.templates import LEAST_JACCARD, GroupKeys, Snapshot
from phalanx.sketches.templates.agreement import agreeing_needed, estimated_jaccard
from phalanx.sketches.templates.kernel import MAXIMUM_TOKENS, MOST_VIEWS, sketch_tokens
from phalanx.sketches.templates.rows import identifiers_of
from phalanx.sketches.templates.segment import Segment, most_alike
from phalanx.sketches.templates.spoken import spoken
from phalanx.text.tokens import tokenise

MOST_CHARACTERS = 16_384
"""Of a prompt that are compared: a thousand tokens of it are read anyhow."""

MESSAGES_BEGIN = "[{"
"""So begins a prompt that is a list of messages: compared is what its users say."""

_NEEDED = agreeing_needed(LEAST_JACCARD)

Views = npt.NDArray[np.uint8]
"""Sketches of the views of a prompt under the key of each epoch, shape
(epochs, MOST_VIEWS, PERMUTATIONS)."""


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

    keys: npt.NDArray[np.uint64] = field(init=False, compare=False)
    """Of `epochs`, as kernels take them, shape (epochs, 2)."""

    def __post_init__(self) -> None:
        """Put the keys together."""
        words = [word for key, _ in self.epochs for word in key]
        object.__setattr__(self, "keys", np.array(words, dtype=np.uint64).reshape(-1, 2))

    def best(self, prompt: str, now_us: int) -> TemplateMatch | None:
        """Return the template that a prompt is most alike, or nothing if it matches none.

        It is the best of the rows that `phalanx.sketches.templates.match_prompts` returns.

        Parameters:
            prompt: What the user says.
            now_us: Microseconds since 1970. Templates that end by then are passed over.
        """
        if not self.epochs:
            return None
        views, counts = self.no_views()
        _sketch_under(_bytes_of(prompt[:MOST_CHARACTERS]), self.keys, views, counts)
        return self.best_of(views, counts, now_us)

    def no_views(self) -> tuple[Views, npt.NDArray[np.int64]]:
        """Return room for the views of a prompt, and for how many there are of each epoch."""
        epochs = len(self.epochs)
        return (
            np.empty((epochs, MOST_VIEWS, PERMUTATIONS), dtype=np.uint8),
            np.empty(epochs, dtype=np.int64),
        )

    def best_of(
        self, views: Views, counts: npt.NDArray[np.int64], now_us: int
    ) -> TemplateMatch | None:
        """Return the template that a prompt is most alike, or nothing if it matches none.

        Parameters:
            views: Of the prompt.
            counts: How many there are of each epoch.
            now_us: Microseconds since 1970. Templates that end by then are passed over.
        """
        best: tuple[int, Segment, int] | None = None
        for epoch, (_, segments) in enumerate(self.epochs):
            count = int(counts[epoch])
            for segment in segments if count else ():
                rows = segment.rows
                agreeing, row = most_alike(
                    views[epoch], count, _NEEDED, now_us,
                    rows.minhash, rows.campaign, rows.valid_until_us, segment.alive,
                    segment.present, segment.bucket_bits, segment.starts, segment.entries,
                )  # fmt: skip
                if agreeing and (best is None or agreeing > best[0]):
                    best = (agreeing, segment, row)
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


@numba.njit(cache=True, nogil=True)
def sketch_epochs(
    tokens: npt.NDArray[np.uint64],
    count: int,
    keys: npt.NDArray[np.uint64],
    views: Views,
    counts: npt.NDArray[np.int64],
) -> None:
    """Sketch the views of a prompt under the key of each epoch.

    Parameters:
        tokens: Of which the first `count` are those of the prompt.
        keys: Of the epochs, shape (epochs, 2).
        views: Filled; so is `counts`, with how many there are of each epoch.
    """
    for epoch in range(keys.shape[0]):
        counts[epoch] = sketch_tokens(tokens, count, (keys[epoch, 0], keys[epoch, 1]), views[epoch])


@numba.njit(cache=True, nogil=True)
def _sketch_under(
    data: npt.NDArray[np.uint8],
    keys: npt.NDArray[np.uint64],
    views: Views,
    counts: npt.NDArray[np.int64],
) -> None:
    tokens = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    count, _, _ = tokenise(data, 0, data.size, tokens)
    sketch_epochs(tokens, count, keys, views, counts)


def _bytes_of(prompt: str) -> npt.NDArray[np.uint8]:
    """Return what a prompt says, as bytes; a list of messages is what its users say."""
    text = prompt.encode("utf-8", "replace")
    if prompt.startswith(MESSAGES_BEGIN):
        text = spoken(pa.array([text.decode()], pa.string()))[0].as_py().encode()
    return np.frombuffer(text or b"\0", np.uint8)

"""The shared template that a prompt is most alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from phalanx.sketches.templates import GroupKeys, Snapshot, match_prompts

MOST_CHARACTERS = 16_384
"""Of a prompt that are compared: a thousand tokens of it are read anyhow."""


@dataclass(frozen=True, slots=True)
class TemplateMatch:
    """A template of another provider that a prompt matches."""

    campaign: str
    indicator: str
    jaccard: float
    """Estimated share of common shingles, from 0.5 to 1."""


@dataclass(frozen=True, slots=True)
class Templates:
    """Shared templates, and the keys of the group under which they were sketched."""

    snapshot: Snapshot
    keys: GroupKeys

    def best(self, prompt: str, now: datetime) -> TemplateMatch | None:
        """Return the template that a prompt is most alike, or nothing if it matches none.

        Parameters:
            prompt: What the user says.
            now: With a time zone. Templates that end by then are passed over.
        """
        if not self.snapshot.segments:
            return None
        text = prompt[:MOST_CHARACTERS].encode("utf-8", "replace").decode()
        found = match_prompts(pa.array([text], pa.string()), self.snapshot, self.keys, now).table
        rows = found.select(["campaign", "indicator", "jaccard"]).to_pylist()
        best = max(rows, key=lambda row: (row["jaccard"], row["indicator"]), default=None)
        return None if best is None else TemplateMatch(**best)

"""Shared templates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.links.family import Moment, Source


class SharedTemplate:
    """Parties write from the same templates or send the same prompts.

    Sees: the community of texts a party belongs to. Two prompts share a value when a
    MinHash band of their masked word shingles, their masked opening or closing words,
    their system prompt, or all earlier turns of their conversation agree; a value that
    many unrelated parties use counts little.
    Evaded by: paraphrase (E4).
    Honest look-alikes: published templates, benchmark items, framework prompts.
    Hash-only logs: works; the report then shows no excerpts.
    """

    rule_id = "PHX-D001"
    name = "Shared template"
    source: Source = "software"
    stratum = "country"
    columns: tuple[str, ...] = ("prompt",)

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the community of texts of each party."""
        return (moment.communities,)

"""What marks say of a group, fixed when it is opened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marked:
    """What marks say of one group, from those that were known when it was opened.

    No later list changes it: weights that followed each day's list would spend the error anew
    every day.
    """

    campaign: str
    """The shared campaign that it is most likely to be."""

    log_ratio_apart: float
    """Natural logarithm of the likelihood ratio of "this is that campaign", for "operated
    apart"."""

    log_ratio_honest: float
    """The same for honest use: template marks, which are read from use, do not count."""

    held_share: float
    """Share of the campaign's carriers that it holds."""

    read_from: tuple[str, ...]
    """Families that say again what the marks said, ascending."""

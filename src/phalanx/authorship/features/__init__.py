"""What is counted of a view: n-grams, form, compression."""

from __future__ import annotations

from phalanx.authorship.features.seen import KINDS, Kind, Seen, see

__all__ = ["KINDS", "Kind", "Seen", "see"]

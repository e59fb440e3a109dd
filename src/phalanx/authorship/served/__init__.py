"""What we served, as keyed numbers: an index of phrases, and look-ups in it."""

from __future__ import annotations

from phalanx.authorship.served.building import IndexWriter
from phalanx.authorship.served.chance import (
    LEAST_PHRASES,
    log10_chance_of_match,
    log10_chance_of_share,
)
from phalanx.authorship.served.finding import Found, Match, look_up
from phalanx.authorship.served.index import Listed, ServedIndex, open_index
from phalanx.authorship.served.saying import evidence_of

__all__ = [
    "LEAST_PHRASES",
    "Found",
    "IndexWriter",
    "Listed",
    "Match",
    "ServedIndex",
    "evidence_of",
    "log10_chance_of_match",
    "log10_chance_of_share",
    "look_up",
    "open_index",
]

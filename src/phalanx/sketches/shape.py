"""The shape of a sketch that goes over the wire: known to who makes it and to who checks it."""

from __future__ import annotations

PERMUTATIONS = 128
"""Hash functions of a MinHash."""

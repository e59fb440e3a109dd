"""A verdict about a model for programs: all that it follows from."""

from __future__ import annotations

from phalanx.formats.json import to_text
from phalanx.provenance.verdict import Record, content_of


def render(record: Record) -> str:
    """Write a verdict as one JSON document.

    Parameters:
        record: What it states.
    """
    return to_text(content_of(record))

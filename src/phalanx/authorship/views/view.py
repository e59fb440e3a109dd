"""What of a document is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """A document as the detector reads it."""

    kind: str
    """`text` or `code`."""

    content: bytes
    """In UTF-8, normalised and cut to the length that is read."""

    size: int
    """Words of a text that are read, lines of code."""

    whole_size: int
    """The same of all of the document."""

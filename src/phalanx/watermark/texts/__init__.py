"""Texts that somebody hands in: read within bounds, and cut into tokens."""

from __future__ import annotations

from phalanx.watermark.texts.documents import Document, Given, Reject, read_documents
from phalanx.watermark.texts.tokenizer import AS_GIVEN, Cut, Tokenizer, open_tokenizer

__all__ = [
    "AS_GIVEN",
    "Cut",
    "Document",
    "Given",
    "Reject",
    "Tokenizer",
    "open_tokenizer",
    "read_documents",
]

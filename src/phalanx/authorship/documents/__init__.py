"""What is asked about: files, lines of JSON, folders."""

from __future__ import annotations

from phalanx.authorship.documents.languages import language_of
from phalanx.authorship.documents.reading import Document, Given, Reject, read_documents

__all__ = ["Document", "Given", "Reject", "language_of", "read_documents"]

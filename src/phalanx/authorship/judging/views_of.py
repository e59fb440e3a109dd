"""From a document that was handed in to what is counted of it."""

from __future__ import annotations

from phalanx.authorship.documents import Document
from phalanx.authorship.features import Seen, see
from phalanx.authorship.views import View, code_view, prose_view


def view_of(document: Document) -> View:
    """Return what is read of a document."""
    if document.kind == "code":
        return code_view(document.content, document.language)
    return prose_view(document.content)


def seen_of(document: Document) -> Seen:
    """Return what is counted of a document."""
    return see(view_of(document))

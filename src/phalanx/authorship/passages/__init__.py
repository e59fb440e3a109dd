"""Which passages of a mixed document are consistent with a model's writing."""

from __future__ import annotations

from phalanx.authorship.documents.windows import Window, windows_of
from phalanx.authorship.passages.locating import Located, Passage, locate

__all__ = ["Located", "Passage", "Window", "locate", "windows_of"]

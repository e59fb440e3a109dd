"""Which passages of a mixed document are consistent with a model's writing."""

from __future__ import annotations

from phalanx.authorship.passages.locating import Located, Passage, locate
from phalanx.authorship.passages.windows import Window, windows_of

__all__ = ["Located", "Passage", "Window", "locate", "windows_of"]

"""What of a document is read, without what only a collection leaves in it."""

from __future__ import annotations

from phalanx.authorship.views.code import code_view
from phalanx.authorship.views.prose import prose_view
from phalanx.authorship.views.view import View

__all__ = ["View", "code_view", "prose_view"]

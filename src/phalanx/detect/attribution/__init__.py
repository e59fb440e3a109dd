"""Who may stand behind a listed group: roles, kinds of operator, known actors, a grade."""

from __future__ import annotations

from phalanx.detect.attribution.attribute import Attributor, ListedGroup

__all__ = ["Attributor", "ListedGroup"]

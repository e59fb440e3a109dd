"""Controls of this field, and whether a provider holds itself to them.

`phx.toml` is the catalogue; `assess` looks up what Phalanx can see by itself, and says what it
could not; `oscal` writes both in the form that tools of governance read.
"""

from __future__ import annotations

from phalanx.govern.controls.assessing import Assessment, Finding, Outcome, assess
from phalanx.govern.controls.catalogue import Catalogue, Control, Family
from phalanx.govern.controls.observed import Observed
from phalanx.govern.controls.reading import SHIPPED, read_catalogue

__all__ = [
    "SHIPPED",
    "Assessment",
    "Catalogue",
    "Control",
    "Family",
    "Finding",
    "Observed",
    "Outcome",
    "assess",
    "read_catalogue",
]

"""Does a text carry a mark: which, under which of many keys, where, and how sure is it."""

from __future__ import annotations

from phalanx.watermark.detection.detect import detect, detect_asked, detect_each
from phalanx.watermark.detection.findings import Detection, Finding, Reading, Verdict
from phalanx.watermark.detection.locate import Stretch, locate
from phalanx.watermark.detection.scoring import SchemeKeys

__all__ = [
    "Detection",
    "Finding",
    "Reading",
    "SchemeKeys",
    "Stretch",
    "Verdict",
    "detect",
    "detect_asked",
    "detect_each",
    "locate",
]

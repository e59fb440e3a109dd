"""Does a text carry a mark: which, under which of many keys, where, and how sure is it."""

from __future__ import annotations

from phalanx.watermark.detection.detect import detect
from phalanx.watermark.detection.findings import Detection, Finding, Reading, Verdict
from phalanx.watermark.detection.locate import Stretch, locate

__all__ = ["Detection", "Finding", "Reading", "Stretch", "Verdict", "detect", "locate"]

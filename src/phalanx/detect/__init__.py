"""Find distillation campaigns in exchange logs."""

from __future__ import annotations

from phalanx.detect.config import ScanConfig
from phalanx.detect.result import ScanResult
from phalanx.detect.scan import scan

__all__ = ["ScanConfig", "ScanResult", "scan"]

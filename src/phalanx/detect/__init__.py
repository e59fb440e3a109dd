"""Find distillation campaigns in exchange logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phalanx.detect.config import ScanConfig
from phalanx.detect.result import ScanResult

if TYPE_CHECKING:
    from phalanx.detect.pipeline import scan

__all__ = ["ScanConfig", "ScanResult", "scan"]


def __getattr__(name: str) -> object:
    """Load the scan when it is first asked for: reading a result needs none of it."""
    if name == "scan":
        from phalanx.detect.pipeline import scan  # noqa: PLC0415

        return scan
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)

"""Find distillation campaigns in exchange logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phalanx.detect.config import ScanConfig
from phalanx.detect.result import ScanResult

if TYPE_CHECKING:
    from phalanx.detect.appeals import appeal
    from phalanx.detect.pipeline import scan

__all__ = ["ScanConfig", "ScanResult", "appeal", "scan"]


def __getattr__(name: str) -> object:
    """Load a verb when it is first asked for: reading a result needs none of them."""
    if name == "appeal":
        from phalanx.detect.appeals import appeal  # noqa: PLC0415

        return appeal
    if name == "scan":
        from phalanx.detect.pipeline import scan  # noqa: PLC0415

        return scan
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)

"""Extension point: an output of a scan."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from phalanx.detect.result import ScanResult


@runtime_checkable
class Format(Protocol):
    """Turn the result of a scan into text.

    A plain function will do. It must be pure: the same result gives the same text, nothing is
    read, written or fetched, and text from the log is treated as hostile.
    """

    def __call__(self, result: ScanResult) -> str:
        """Return the whole document, UTF-8 encodable, with a line feed at its end.

        Parameters:
            result: What the scan found. Any of its lists may be empty.
        """
        ...

"""CPU time of a process and everything it started."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class ProcessTree:
    """This process and its descendants, those that have ended included.

    What a process used between the last look and its end is lost, so look often.
    """

    def __init__(self) -> None:
        """Start without having looked."""
        self._ticks: dict[int, int] = {}

    def cpu_seconds(self) -> float:
        """Return user and system seconds so far; never less than the last time."""
        parents: dict[int, int] = {}
        ticks: dict[int, int] = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # ended meanwhile
            parents[int(folder.name)] = int(fields[1])
            ticks[int(folder.name)] = int(fields[11]) + int(fields[12])
        mine = {os.getpid()}
        while more := {process for process, parent in parents.items() if parent in mine} - mine:
            mine |= more
        self._ticks.update({process: ticks.get(process, 0) for process in mine})
        return sum(self._ticks.values()) / _TICKS_PER_SECOND

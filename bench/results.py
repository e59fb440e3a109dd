"""Printing and keeping what a benchmark measured."""

from __future__ import annotations

import json
import os
import platform
import resource
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from phalanx import __version__
from phalanx.evidence import clopper_pearson_upper

FOLDER = Path(__file__).parent / "results"


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print one table."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console().print(table)


def save(name: str, figures: Mapping[str, object]) -> None:
    """Append one JSON line to `results/NAME.jsonl`; a smoke run is not kept."""
    at = datetime.now(tz=UTC).isoformat(timespec="seconds")
    known = {"phalanx": __version__, "python": platform.python_version(), "cores": os.cpu_count()}
    # Written before a smoke run ends: what cannot be written shows there.
    line = json.dumps({"at": at, **known, **figures}, allow_nan=False)
    if figures.get("smoke"):
        return
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def clopper_pearson(successes: int, trials: int) -> tuple[float, float]:
    """Return the exact two-sided 95 % interval of a share."""
    lower = 1.0 - clopper_pearson_upper(trials - successes, trials, confidence=0.975)
    return lower, clopper_pearson_upper(successes, trials, confidence=0.975)


def peak_memory_bytes() -> int:
    """Return the largest resident size of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024
    # Elsewhere a process inherits the peak of the one that started it, so this is a bound.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

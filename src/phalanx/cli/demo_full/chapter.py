"""What a step of the story came to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phalanx.owned import written_whole
from phalanx.printable import printable_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One step, as it is told."""

    title: str
    """What was done, in a few words."""

    lines: tuple[str, ...]
    """What came out, for people."""

    artefacts: tuple[Path, ...]
    """Where it can be looked at."""

    commands: tuple[str, ...] = ()
    """What a person would have typed."""

    lacks: str = ""
    """What did not come out; empty where all did. The story ends there."""


def write_json(path: Path, said: object) -> None:
    """Write JSON for its owner alone."""
    with written_whole(path) as aside:
        text = printable_json(json.dumps(said, indent=2, ensure_ascii=False))
        aside.write_text(text + "\n", encoding="utf-8")


def write_json_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write a line of JSON for each row, for its owner alone."""
    with written_whole(path) as aside, aside.open("w", encoding="utf-8") as file:
        file.writelines(
            json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows
        )


def write_lines(path: Path, text: str) -> None:
    """Write a text for its owner alone."""
    with written_whole(path) as aside:
        aside.write_text(text, encoding="utf-8")

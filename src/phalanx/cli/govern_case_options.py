"""Options that commands of `phalanx govern case` have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Case = Annotated[str, Parameter(name="CASE")]
Text = Annotated[str | None, Parameter(show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class CaseOptions:
    """Where cases are kept."""

    cases: str = "cases.db"
    """SQLite file, or `postgresql://USER@HOST/DATABASE`; the password comes from PGPASSWORD."""

    files: Annotated[Path | None, Parameter(show_default=False)] = None
    """Folder of the files of items; beside the SQLite file, with `.parts` added, when left out."""

    ledger: Annotated[Path | None, Parameter(show_default=False)] = None
    """Folder of the ledger that every act is recorded in."""


CASES = CaseOptions()


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ItemOptions:
    """What is said of a file."""

    title: Text = None
    """In a line; the name of the file when left out."""

    of: Annotated[str | None, Parameter(show_default=False)] = None
    """What it holds: `campaign`, `watermark-audit`, `provenance-verdict`, `trace`, `sighting` or
    `file`; told from the file when left out."""

    media_type: Text = None
    """Such as `application/json`; told from the name when left out."""

    source: Text = None
    """From where it comes, in a line; its path when left out."""

    tool: Text = None
    """What it was made or collected with, and its version; this program when left out."""

    sensitivity: str = "confidential"
    """`public`, `alliance`, `confidential` or `privileged`."""

    collected_at: Text = None
    """When, such as 2026-11-25T10:00:00Z; now when left out."""


ITEM = ItemOptions()

"""What a file of evidence is, as far as it says so itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from phalanx.govern.cases.acts import ItemKind
from phalanx.govern.packages.records import ItemRecord, Sensitivity


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that is to be gathered, and where it comes from."""

    id: str
    title: str
    file: Path
    of: ItemKind
    media_type: str
    source: str
    """From where it comes, in a line."""

    tool: str
    """What it was made or collected with, and its version."""

    sensitivity: Sensitivity
    collected_at: datetime

    def record(self, *, sha256: str, size_bytes: int, collector: str) -> ItemRecord:
        """Return the record of its item.

        Raises:
            ValueError: If something of it is not as a record has it.
        """
        return ItemRecord(
            id=self.id,
            title=self.title,
            sha256=sha256,
            media_type=self.media_type,
            size_bytes=size_bytes,
            source=self.source,
            collected_at=self.collected_at,
            collector=collector,
            tool=self.tool,
            sensitivity=self.sensitivity,
        )

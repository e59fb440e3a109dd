"""Reading which pseudonyms of a scan were resolved: a line of JSON each, beside the scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from phalanx.errors import InputError, reason_of
from phalanx.govern.controls.seen import Reveal, Reveals

FILE = "reveals.jsonl"
_MOST_BYTES = 1 << 24
_Count = Annotated[int, Field(ge=0)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    at: AwareDatetime
    by: str
    asked: _Count
    resolved: _Count


def read_reveals(scan: Path) -> Reveals:
    """Read the reveals that were noted beside a scan; none where there is no such file.

    Parameters:
        scan: Folder of the scan.

    Raises:
        InputError: If the file cannot be read, is too large, or a line of it is no reveal.
    """
    path = scan / FILE
    subject = f"scan {scan.name}"
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return Reveals(subject=subject, noted=())
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name another scan.") from error
    if len(content) > _MOST_BYTES:
        message = f"{path}: has more than {_MOST_BYTES:,} bytes"
        raise InputError(message, next_step="Look at who writes it.")
    return Reveals(
        subject=subject,
        noted=tuple(_reveal(line, number, path) for number, line in _lines(content)),
    )


def _lines(content: bytes) -> list[tuple[int, bytes]]:
    return [each for each in enumerate(content.splitlines(), start=1) if each[1].strip()]


def _reveal(line: bytes, number: int, path: Path) -> Reveal:
    try:
        return Reveal(**_Line.model_validate_json(line).model_dump())
    except ValidationError as error:
        message = f"{path}: line {number} is no reveal"
        raise InputError(message, next_step="Bring the file back from a backup.") from error

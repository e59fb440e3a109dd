"""The tensors of a safetensors file on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from phalanx.provenance.weights.pieces import file_size, read_piece
from phalanx.tensor_layout import LENGTH_BYTES, header_length, parse_layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where a tensor lies, and as what."""

    path: Path
    """The file."""

    stored: str
    """Kind of its numbers, as the header names it."""

    shape: tuple[int, ...]
    """Lengths of its axes."""

    start: int
    """First byte, from the beginning of the file."""

    size: int
    """Bytes."""


def read_header(path: Path) -> dict[str, Stored]:
    """Return the tensors of one file, by name.

    Parameters:
        path: A file of the safetensors format.

    Returns:
        Every tensor. Together they fill the file without gaps or overlaps, as the format demands.

    Raises:
        InputError: If the file breaks the format in any way.
    """
    whole = file_size(path)
    beginning = read_piece(path, 0, min(LENGTH_BYTES, whole)).tobytes()
    length = header_length(beginning, whole, str(path))
    header = read_piece(path, LENGTH_BYTES, length).tobytes()
    return {
        name: Stored(
            path=path, stored=each.stored, shape=each.shape, start=each.start, size=each.size
        )
        for name, each in parse_layout(header, whole, str(path)).items()
    }

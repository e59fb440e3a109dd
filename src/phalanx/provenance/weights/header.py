"""The header of a safetensors file, taken for hostile until every number in it was checked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from phalanx.errors import InputError
from phalanx.json_text import parse_object
from phalanx.provenance.weights.numbers import BITS
from phalanx.provenance.weights.pieces import file_size, read_piece

MOST_HEADER_BYTES = 32 * 2**20
"""Larger than the header of any known model; parsed it takes some ten times as much memory."""

_MOST_AXES = 8
_NEXT = "Fetch the file again, or write it anew with the safetensors library."


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

    References:
        Hugging Face, "Safetensors", section "Format".
    """
    whole = file_size(path)
    if whole < 8:
        _refuse(path, f"has {whole} bytes, and its header's length alone takes 8")
    length = int.from_bytes(read_piece(path, 0, 8).tobytes(), "little")
    if length > MOST_HEADER_BYTES:
        _refuse(path, f"says its header has {length:,} bytes; at most {MOST_HEADER_BYTES:,} do")
    if length > whole - 8:
        _refuse(path, f"says its header has {length:,} bytes, and {whole - 8:,} follow")
    entries = parse_object(read_piece(path, 8, length).tobytes(), f"the header of {path}")
    entries.pop("__metadata__", None)
    room = whole - 8 - length
    found = {name: _entry(path, name, entry, room, 8 + length) for name, entry in entries.items()}
    _check_tiling(path, found, 8 + length, whole)
    return found


def _entry(path: Path, name: str, entry: Any, room: int, data_start: int) -> Stored:  # noqa: ANN401 - anything that JSON can be
    what = f"has a tensor {name[:100]!r} whose"
    if not isinstance(entry, dict):
        _refuse(path, f"{what} entry is no object")
    stored: Any = entry.get("dtype")
    shape: Any = entry.get("shape")
    offsets: Any = entry.get("data_offsets")
    if not isinstance(stored, str) or stored not in BITS:
        _refuse(path, f"{what} numbers are of an unknown kind, {str(stored)[:40]!r}")
    if not _whole_numbers(shape) or len(shape) > _MOST_AXES:
        _refuse(path, f"{what} shape is not a list of at most {_MOST_AXES} whole numbers")
    if not _whole_numbers(offsets) or len(offsets) != 2:
        _refuse(path, f"{what} offsets are not two whole numbers")
    begin, end = offsets
    if not begin <= end <= room:
        _refuse(path, f"{what} bytes {begin:,} to {end:,} lie outside of its {room:,} of data")
    needed, odd = divmod(math.prod(shape) * BITS[stored], 8)
    if odd or needed != end - begin:
        _refuse(path, f"{what} shape {shape} of {stored} does not fit in {end - begin:,} bytes")
    return Stored(
        path=path, stored=stored, shape=tuple(shape), start=data_start + begin, size=end - begin
    )


def _whole_numbers(values: Any) -> bool:  # noqa: ANN401 - anything that JSON can be
    return isinstance(values, list) and all(
        type(value) is int and 0 <= value < 2**63 for value in values
    )


def _check_tiling(path: Path, found: dict[str, Stored], data_start: int, whole: int) -> None:
    """Raise if a byte of the file belongs to no tensor, or to two."""
    at = data_start
    for name, each in sorted(found.items(), key=lambda item: (item[1].start, item[1].size)):
        if each.start != at:
            word = "overlaps another" if each.start < at else "leaves a gap before it"
            _refuse(path, f"has a tensor {name[:100]!r} that {word}")
        at += each.size
    if at != whole:
        _refuse(path, f"has {whole - at:,} bytes behind its last tensor")


def _refuse(path: Path, what: str) -> NoReturn:
    message = f"{path} {what}"
    raise InputError(message, next_step=_NEXT)

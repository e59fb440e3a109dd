"""The header of the safetensors format, taken for hostile until every number in it was checked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NoReturn

from phalanx.errors import InputError
from phalanx.json_text import parse_object

LENGTH_BYTES = 8
"""At the beginning of a file: how long its header is, little end first."""

MOST_HEADER_BYTES = 32 * 2**20
"""Larger than the header of any known model; parsed it takes some ten times as much memory."""

BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "U16": 16,
    "I16": 16,
    "F16": 16,
    "BF16": 16,
    "U32": 32,
    "I32": 32,
    "F32": 32,
    "U64": 64,
    "I64": 64,
    "F64": 64,
    "C64": 64,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}
"""Bits of one number, by the name that a safetensors header gives it."""

_MOST_AXES = 8
_NEXT = "Fetch the file again, or write it anew with the safetensors library."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where a tensor lies in its file, and as what."""

    stored: str
    """Kind of its numbers, as the header names it."""

    shape: tuple[int, ...]
    """Lengths of its axes."""

    start: int
    """First byte, from the beginning of the file."""

    size: int
    """Bytes."""


def header_length(beginning: bytes, whole: int, where: str) -> int:
    """Return how long the header of a file is.

    Parameters:
        beginning: First 8 bytes of the file, or all that there are.
        whole: Bytes of the file.
        where: What messages call it.

    Raises:
        InputError: If the file is too short, or the header too long.
    """
    if len(beginning) < LENGTH_BYTES:
        _refuse(where, f"has {whole} bytes, and its header's length alone takes 8")
    length = int.from_bytes(beginning[:LENGTH_BYTES], "little")
    if length > MOST_HEADER_BYTES:
        _refuse(where, f"says its header has {length:,} bytes; at most {MOST_HEADER_BYTES:,} do")
    if length > whole - LENGTH_BYTES:
        follow = whole - LENGTH_BYTES
        _refuse(where, f"says its header has {length:,} bytes, and {follow:,} follow")
    return length


def parse_layout(header: bytes, whole: int, where: str) -> dict[str, Entry]:
    """Return the tensors of one file, by name.

    Parameters:
        header: All of the header, without its length.
        whole: Bytes of the file.
        where: What messages call it.

    Returns:
        Every tensor. Together they fill the file without gaps or overlaps, as the format demands.

    Raises:
        InputError: If the file breaks the format in any way.

    References:
        Hugging Face, "Safetensors", section "Format".
    """
    entries = parse_object(header, f"the header of {where}")
    entries.pop("__metadata__", None)
    start = LENGTH_BYTES + len(header)
    found = {name: _entry(where, name, each, whole, start) for name, each in entries.items()}
    _check_tiling(where, found, start, whole)
    return found


def _entry(where: str, name: str, entry: Any, whole: int, data_start: int) -> Entry:  # noqa: ANN401 - anything that JSON can be
    what, room = f"has a tensor {name[:100]!r} whose", whole - data_start
    if not isinstance(entry, dict):
        _refuse(where, f"{what} entry is no object")
    stored: Any = entry.get("dtype")
    shape: Any = entry.get("shape")
    offsets: Any = entry.get("data_offsets")
    if not isinstance(stored, str) or stored not in BITS:
        _refuse(where, f"{what} numbers are of an unknown kind, {str(stored)[:40]!r}")
    if not _whole_numbers(shape) or len(shape) > _MOST_AXES:
        _refuse(where, f"{what} shape is not a list of at most {_MOST_AXES} whole numbers")
    if not _whole_numbers(offsets) or len(offsets) != 2:
        _refuse(where, f"{what} offsets are not two whole numbers")
    begin, end = offsets
    if not begin <= end <= room:
        _refuse(where, f"{what} bytes {begin:,} to {end:,} lie outside of its {room:,} of data")
    needed, odd = divmod(math.prod(shape) * BITS[stored], 8)
    if odd or needed != end - begin:
        _refuse(where, f"{what} shape {shape} of {stored} does not fit in {end - begin:,} bytes")
    return Entry(stored=stored, shape=tuple(shape), start=data_start + begin, size=end - begin)


def _whole_numbers(values: Any) -> bool:  # noqa: ANN401 - anything that JSON can be
    return isinstance(values, list) and all(
        type(value) is int and 0 <= value < 2**63 for value in values
    )


def _check_tiling(where: str, found: dict[str, Entry], data_start: int, whole: int) -> None:
    """Raise if a byte of the file belongs to no tensor, or to two."""
    at = data_start
    for name, each in sorted(found.items(), key=lambda item: (item[1].start, item[1].size)):
        if each.start != at:
            word = "overlaps another" if each.start < at else "leaves a gap before it"
            _refuse(where, f"has a tensor {name[:100]!r} that {word}")
        at += each.size
    if at != whole:
        _refuse(where, f"has {whole - at:,} bytes behind its last tensor")


def _refuse(where: str, what: str) -> NoReturn:
    message = f"{where} {what}"
    raise InputError(message, next_step=_NEXT)

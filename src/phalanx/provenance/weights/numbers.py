"""How numbers are stored in a tensor, and how they become float32."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_PLAIN = {
    "BOOL": "u1",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "U32": "<u4",
    "I32": "<i4",
    "U64": "<u8",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}


def _e4m3() -> Floats32:
    """Return what each byte means: no infinities, and NaN where all bits but the sign are set."""
    code = np.arange(256)
    exponent, fraction = (code >> 3) & 15, (code & 7).astype(np.float64)
    size = np.where(
        exponent == 0, fraction / 8.0 * 2.0**-6, (1.0 + fraction / 8.0) * 2.0 ** (exponent - 7.0)
    )
    size[(code & 127) == 127] = np.nan
    return np.where(code & 128, -size, size).astype(np.float32)


def _e8m0() -> Floats32:
    """Return what each byte means: a power of two, and NaN where all bits are set."""
    size = 2.0 ** (np.arange(256) - 127.0)
    size[255] = np.nan
    return size.astype(np.float32)


_TABLES = {"F8_E4M3": _e4m3(), "F8_E8M0": _e8m0()}


def readable(stored: str) -> bool:
    """Tell whether numbers of a kind can be turned into float32.

    Examples:
        >>> readable("BF16"), readable("C64")
        (True, False)
    """
    return stored in _PLAIN or stored in _TABLES or stored in {"BF16", "F8_E5M2"}


def to_float32(data: Bytes, stored: str) -> Floats32:
    """Return stored numbers as float32.

    bfloat16 is the upper half of a float32, and float8 e5m2 the upper half of a float16.

    Parameters:
        data: Bytes, little end first.
        stored: Name of the kind, one that is `readable`.

    Returns:
        One number after the other; float64 beyond its range becomes infinite.

    References:
        Micikevicius et al., "FP8 formats for deep learning", 2022, table 1.

    Examples:
        >>> to_float32(np.array([0x80, 0x3F, 0x00, 0xC0], np.uint8), "BF16").tolist()
        [1.0, -2.0]
        >>> to_float32(np.array([0x38, 0x7E, 0xFF], np.uint8), "F8_E4M3").tolist()
        [1.0, 448.0, nan]
    """
    table = _TABLES.get(stored)
    if table is not None:
        return table[data]
    if stored == "BF16":
        wide = data.view("<u2").astype(np.uint32)
        wide <<= 16
        return wide.view(np.float32)
    if stored == "F8_E5M2":
        return (data.astype(np.uint16) << 8).view(np.float16).astype(np.float32)
    # A number that signals stays none, quietly.
    with np.errstate(over="ignore", invalid="ignore"):
        return data.view(_PLAIN[stored]).astype(np.float32)


def from_float32(values: Floats32, stored: str) -> Bytes:
    """Return float32 as stored numbers, each rounded to the nearest, ties to even.

    Parameters:
        values: Finite numbers.
        stored: `F32`, `F16` or `BF16`.

    Returns:
        Bytes, little end first. What is too large becomes infinite.

    Raises:
        ValueError: If the kind is another.

    Examples:
        >>> from_float32(np.array([1.0, -2.0], np.float32), "BF16").tolist()
        [128, 63, 0, 192]
    """
    if stored == "BF16":
        bits = values.astype("<f4").view("<u4")
        # Half a step, less one bit where the kept part is even; a carry goes into the exponent.
        upper: Bytes = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").view(np.uint8)
        return upper.reshape(-1)
    if stored not in {"F16", "F32"}:
        message = f"numbers of kind {stored} are not written"
        raise ValueError(message)
    with np.errstate(over="ignore"):
        plain: Bytes = values.astype(_PLAIN[stored]).reshape(-1).view(np.uint8)
    return plain


def to_integers(data: Bytes, stored: str) -> npt.NDArray[np.int64]:
    """Return stored whole numbers.

    Examples:
        >>> to_integers(np.array([255, 255, 255, 255], np.uint8), "I32").tolist()
        [-1]
    """
    return data.view(_PLAIN[stored]).astype(np.int64)


Decode = Callable[[int, int], Floats32]
"""Gives rows from the first to before the second, shape (rows, *rest of the shape)."""

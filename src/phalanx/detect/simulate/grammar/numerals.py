"""Vocabularies that are counted rather than written: numbers, dates, identifiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from phalanx.detect.simulate.grammar.hashing import key_of, mix, pick, unit

_SIZE = 3000
_SEEDS = np.arange(_SIZE, dtype=np.uint64)


def _numbers() -> pa.StringArray:
    """Write whole numbers, small ones far more often."""
    size = np.exp(unit(_SEEDS, key_of("number")) * 9.2).astype(int) + 1
    return pa.array([str(value) for value in size])


def _small() -> pa.StringArray:
    """Write the numbers 2 to 40."""
    return pa.array([str(value) for value in range(2, 41)])


def _prices() -> pa.StringArray:
    """Write amounts of money."""
    cents = (np.exp(unit(_SEEDS, key_of("price")) * 8.0) * 100).astype(int)
    return pa.array([f"{value // 100}.{value % 100:02d}" for value in cents])


def _percents() -> pa.StringArray:
    """Write percentages with one digit."""
    return pa.array([f"{value / 10:.1f}%" for value in range(1, 1000)])


def _dates() -> pa.StringArray:
    """Write dates of six years."""
    start = date(2020, 1, 1)
    return pa.array([(start + timedelta(days=at)).isoformat() for at in range(2190)])


def _years() -> pa.StringArray:
    """Write years since 1700."""
    return pa.array([str(year) for year in range(1700, 2027)])


def _clock() -> pa.StringArray:
    """Write times of day."""
    return pa.array([f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(0, 1440, 5)])


def _references() -> pa.StringArray:
    """Write reference numbers such as tickets and orders carry."""
    first = pick(_SEEDS, key_of("reference", 0), 26)
    second = pick(_SEEDS, key_of("reference", 1), 26)
    digits = pick(_SEEDS, key_of("reference", 2), 90000) + 10000
    return pa.array(
        [f"{chr(65 + a)}{chr(65 + b)}-{d}" for a, b, d in zip(first, second, digits, strict=True)]
    )


def _hexadecimals() -> pa.StringArray:
    """Write short hashes."""
    return pa.array([f"{value:016x}"[:10] for value in mix(_SEEDS, key_of("hex")).tolist()])


def _versions() -> pa.StringArray:
    """Write version numbers."""
    return pa.array([f"{a}.{b}.{c}" for a in range(6) for b in range(12) for c in range(5)])


NUMERALS: Mapping[str, Callable[[], pa.StringArray]] = {
    "number": _numbers,
    "small": _small,
    "price": _prices,
    "percent": _percents,
    "date": _dates,
    "year": _years,
    "clock": _clock,
    "reference": _references,
    "hex": _hexadecimals,
    "version": _versions,
}
"""Vocabulary -> the function that writes it."""

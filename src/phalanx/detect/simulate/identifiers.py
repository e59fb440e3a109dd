"""Identifiers: our own, or such that look like those of a given log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phalanx.detect.simulate.grammar.hashing import Seeds, key_of, mix, pick

_DIGITS = "0123456789"
_HEX = _DIGITS + "abcdef"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_ALPHABETS = (
    _DIGITS, _HEX, _HEX.upper(), _LOWER, _LOWER.upper(), _LOWER + _DIGITS,
    _LOWER.upper() + _DIGITS, _LOWER + _LOWER.upper() + _DIGITS,
)  # fmt: skip
_SAMPLE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What identifiers look like: a prefix, then one alphabet for each place."""

    prefix: str
    places: tuple[str, ...]

    def write(self, seeds: Seeds) -> pa.StringArray:
        """Write one identifier for each seed; equal seeds give equal identifiers.

        Examples:
            >>> Style(prefix="u-", places=("0123456789",) * 4).write(
            ...     np.array([1, 1, 2], dtype=np.uint64)
            ... ).unique().to_pylist()
            ['u-7036', 'u-5301']
        """
        if not self.places:
            return pa.array([self.prefix] * len(seeds), type=pa.string())
        letters: NDArray[np.uint32] = np.empty((len(seeds), len(self.places)), dtype=np.uint32)
        for at, alphabet in enumerate(self.places):
            codes = np.array([ord(letter) for letter in alphabet], dtype=np.uint32)
            letters[:, at] = codes[pick(seeds, key_of("place", at), len(codes))]
        words = letters.view(f"<U{len(self.places)}").ravel().tolist()
        return pa.array([self.prefix + word for word in words], type=pa.string())


def hexadecimal(prefix: str) -> Style:
    """Return the simulator's own style: a prefix and sixteen digits."""
    return Style(prefix=prefix, places=(_HEX,) * 16)


def style_of(values: Iterable[str | None], otherwise: Style) -> Style:
    """Return the style of given identifiers.

    Parameters:
        values: Identifiers; the first 500 that are not null are looked at.
        otherwise: Style where there are none.

    Examples:
        >>> style = style_of(["user-17a", "user-93c", "user-041"], hexadecimal(""))
        >>> style.prefix, style.places[0]
        ('user-', '0123456789')
    """
    given = [value for value, _ in zip((v for v in values if v), range(_SAMPLE), strict=False)]
    if not given:
        return otherwise
    length = Counter(len(value) for value in given).most_common(1)[0][0]
    sample = [value for value in given if len(value) == length]
    prefix = _common_prefix(min(sample), max(sample)) if len(set(sample)) > 1 else ""
    columns = zip(*(value[len(prefix) :] for value in sample), strict=True)
    return Style(prefix=prefix, places=tuple(_alphabet(set(column)) for column in columns))


def _common_prefix(low: str, high: str) -> str:
    """Return what the first and the last of sorted texts begin with: so do all between."""
    pairs = enumerate(zip(low, high, strict=False))
    differ = next((at for at, (one, other) in pairs if one != other), min(len(low), len(high)))
    return low[:differ]


def _alphabet(seen: set[str]) -> str:
    """Return the smallest usual alphabet that holds the letters, or the letters themselves."""
    for alphabet in _ALPHABETS:
        if seen <= set(alphabet):
            return alphabet
    return "".join(sorted(seen))


def write_unused(style: Style, seeds: Seeds, used: set[str]) -> pa.StringArray:
    """Write identifiers that differ from each other and from those in use.

    Parameters:
        style: What they look like; places are added where there is too little room.
        seeds: One for each identifier.
        used: Identifiers that are taken.
    """
    room = float(np.prod([float(len(alphabet)) for alphabet in style.places]))
    while room < 1e4 * (len(seeds) + len(used)):
        style = Style(prefix=style.prefix, places=(*style.places, _DIGITS))
        room *= len(_DIGITS)
    taken = set(used)
    written: list[str] = []
    for seed, text in zip(seeds, style.write(seeds).to_pylist(), strict=True):
        salt, fresh = seed, text
        while fresh in taken:
            salt = mix(np.array([salt], dtype=np.uint64), key_of("again"))[0]
            fresh = style.write(np.array([salt], dtype=np.uint64))[0].as_py()
        taken.add(fresh)
        written.append(fresh)
    return pa.array(written, type=pa.string())


@dataclass(frozen=True, slots=True, kw_only=True)
class Styles:
    """Style of each kind of identifier."""

    exchange: Style = field(default_factory=lambda: hexadecimal("req_"))
    conversation: Style = field(default_factory=lambda: hexadecimal("conv_"))
    payment: Style = field(default_factory=lambda: hexadecimal("pm_"))
    tools: Style = field(default_factory=lambda: hexadecimal(""))
    signature: Style = field(default_factory=lambda: hexadecimal("sig_"))

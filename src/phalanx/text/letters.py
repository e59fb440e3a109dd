"""Letters as a reader sees them: without case, accents, disguises and what is invisible.

Whoever harvests with one template may spell it a little differently each time, with marks
that nobody sees, letters of other scripts that look like Latin ones, or accents. A person
reads the same words, and so does the model. So they are the same words here. All of a
script is folded alike, so that two texts in it agree as often as before.
"""

from __future__ import annotations

import unicodedata

import numba
import numpy as np
import numpy.typing as npt

NO_LETTER, INVISIBLE = 0, -1
"""What is no part of a word; what stands in a word and is not seen."""

_LOOK_ALIKES = dict(
    zip(
        "авекмнорстухіѕјһԁԛԝӏαβεζηικμνορτυχıɑɡɩ",
        "abekmhopctyxisjhdqwlabezhikmnoptyxiagi",
        strict=True,
    )
)
"""Small letter of another script -> the Latin one that it, or its capital, looks like."""

_TWO_BYTES_END = 0x800
_LATIN_ADDITIONAL = 0x1E00, 0x2000
"""Latin and Greek letters with accents."""

_MATHEMATICAL = 0x1D400, 0x1D800
"""Letters in bold, italic, script and the like."""

_WIDE = 0xFF01, 0xFF5F
"""ASCII in the width of ideographs."""

_ALPHABETS_END = 0x2000
"""From here on there are signs, and scripts written without spaces."""

_MARKS = 0x300, 0x370


def _folded(code: int) -> int:
    """Return the code point that stands for one, `NO_LETTER` or `INVISIBLE`."""
    if _MARKS[0] <= code < _MARKS[1] or unicodedata.category(chr(code)) == "Cf":
        return INVISIBLE
    if unicodedata.category(chr(code))[0] not in "LMN":
        return NO_LETTER
    parts = [
        part
        for part in unicodedata.normalize("NFKD", chr(code)).casefold()
        if not _MARKS[0] <= ord(part) < _MARKS[1]
    ]
    # Letters that stand for two stay what they are.
    folded = parts[0] if len(parts) == 1 else chr(code)
    return ord(_LOOK_ALIKES.get(folded, folded))


def _table(start: int, end: int) -> npt.NDArray[np.int32]:
    return np.array([_folded(code) for code in range(start, end)], dtype=np.int32)


_OF_TWO_BYTES = _table(0, _TWO_BYTES_END)
_OF_LATIN = _table(*_LATIN_ADDITIONAL)
_OF_MATHEMATICAL = _table(*_MATHEMATICAL)
_OF_WIDE = _table(*_WIDE)


@numba.njit(cache=True, nogil=True)
def letter(data: npt.NDArray[np.uint8], position: int, end: int) -> tuple[int, int]:
    r"""Read one letter outside ASCII: what stands for it, and its bytes.

    Never reads outside the range, whatever the bytes are.

    Returns:
        A code point, `NO_LETTER` or `INVISIBLE`; and how many bytes it takes.

    Examples:
        >>> def read(text: str) -> tuple[int, int]:
        ...     data = np.frombuffer(text.encode(), dtype=np.uint8)
        ...     return letter(data, 0, data.size)
        >>> [chr(read(text)[0]) for text in ("\u00c9", "\u0435", "\uff41", "\U0001d401", "\u1ebf")]
        ['e', 'e', 'a', 'b', 'e']
        >>> read("\u200b"), read("\u00d7")
        ((-1, 3), (0, 2))
    """
    code, width = _decoded(data, position, end)
    return _form_of(code), width


@numba.njit(cache=True, nogil=True)
def _decoded(data: npt.NDArray[np.uint8], position: int, end: int) -> tuple[int, int]:
    """Return a code point outside ASCII and its bytes; 0 and 1 byte where there is none."""
    first = int(data[position])
    if 0xC2 <= first < 0xE0 and position + 1 < end:
        return ((first & 0x1F) << 6) | _tail(data, position + 1), 2
    if 0xE0 <= first < 0xF0 and position + 2 < end:
        upper = ((first & 0x0F) << 12) | (_tail(data, position + 1) << 6)
        return upper | _tail(data, position + 2), 3
    if first == 0xF0 and position + 3 < end:
        upper = (_tail(data, position + 1) << 12) | (_tail(data, position + 2) << 6)
        return upper | _tail(data, position + 3), 4
    return 0, 1


@numba.njit(cache=True, nogil=True, inline="always")
def _tail(data: npt.NDArray[np.uint8], position: int) -> int:
    return int(data[position]) & 0x3F


@numba.njit(cache=True, nogil=True)
def _form_of(code: int) -> int:
    """Return what stands for a code point, `NO_LETTER` or `INVISIBLE`."""
    if code < _TWO_BYTES_END:
        form = _OF_TWO_BYTES[code]
    elif _LATIN_ADDITIONAL[0] <= code < _LATIN_ADDITIONAL[1]:
        form = _OF_LATIN[code - _LATIN_ADDITIONAL[0]]
    elif _MATHEMATICAL[0] <= code < _MATHEMATICAL[1]:
        form = _OF_MATHEMATICAL[code - _MATHEMATICAL[0]]
    elif _WIDE[0] <= code < _WIDE[1]:
        form = _OF_WIDE[code - _WIDE[0]]
    elif _is_invisible(code):
        form = np.int32(INVISIBLE)
    else:
        form = np.int32(code if code < _ALPHABETS_END else NO_LETTER)
    return int(form)


@numba.njit(cache=True, nogil=True)
def _is_invisible(code: int) -> bool:
    """Whether a code point is a joiner, a direction, a variation or a byte order mark."""
    return (
        0x200B <= code <= 0x200F
        or 0x202A <= code <= 0x202E
        or 0x2060 <= code <= 0x2069
        or 0xFE00 <= code <= 0xFE0F
        or code in (0x180E, 0xFEFF)
    )

"""The form of code: lines, names, spaces, signs. Comments are not in the view."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.authorship.features.tokens import LINE, NUMBER, WORD, Hashes, Numbers, grouped

_SIGNS = "()[]{}.,:;=+-*/%<>!&|\"'@"
_GROUPS = (
    "if elif else switch case match",
    "for while loop do",
    "return yield",
    "def fn func function",
    "class struct enum interface",
    "import from use include require",
    "try except catch finally raise throw",
    "and or not in is",
    "None True False null true false nil",
    "self this",
    "lambda map filter reduce zip enumerate sorted",
    "len range print append sum max min abs",
    "int str float bool list dict set tuple",
    "i j k n x y a b s t",
    "result res ret ans output total count",
)
FORM_NAMES = (
    *(f"sign {sign}" for sign in _SIGNS),
    *(f"names: {group.split()[0]}" for group in _GROUPS),
    "numbers",
    "name length", "name length deviation", "names of one letter", "names with underscores",
    "names with capitals inside", "names in capitals", "different names",
    "line length", "line length deviation", "longest line", "tokens a line",
    "depth", "depth deviation", "deepest", "lines again",
    "space before equals", "space after comma", "space before bracket", "arrow",
    "comparison signs", "lines long",
)  # fmt: skip
"""What each number is, in order."""

_SIGN_BYTES = np.frombuffer(_SIGNS.encode(), dtype=np.uint8)


_HASHES, _GROUP_OF = grouped(_GROUPS)
_FIRST_GROUP = len(_SIGNS)
_REST = _FIRST_GROUP + len(_GROUPS)
_SIZE = len(FORM_NAMES)


@numba.njit(cache=True, nogil=True)
def code_form(
    data: npt.NDArray[np.uint8], hashes: Hashes, starts: Numbers, kinds: Numbers
) -> npt.NDArray[np.float64]:
    """Return the numbers of `FORM_NAMES` for one piece of code.

    Parameters:
        data: Bytes of the view.
        hashes: Of its tokens.
        starts: First byte of each.
        kinds: Kind of each.
    """
    form = np.zeros(_SIZE)
    lengths = np.zeros(hashes.size)
    names = np.zeros(hashes.size, dtype=np.uint64)
    size, equals, commas, brackets = 0, 0, 0, 0
    for token in range(hashes.size):
        begin = starts[token]
        kind = kinds[token]
        if kind == NUMBER:
            form[_REST] += 1.0
        elif kind == WORD:
            end = begin
            under, inside, upper = False, False, True
            while end < data.size:
                byte = data[end]
                letter = 97 <= byte <= 122 or byte >= 128
                capital = 65 <= byte <= 90
                if not (letter or capital or 48 <= byte <= 57 or byte == 95):
                    break
                under = under or (byte == 95 and end > begin)
                inside = inside or (capital and end > begin)
                upper = upper and not letter
                end += 1
            lengths[size], names[size] = end - begin, hashes[token]
            size += 1
            listed = np.searchsorted(_HASHES, hashes[token])
            if listed < _HASHES.size and _HASHES[listed] == hashes[token]:
                form[_FIRST_GROUP + _GROUP_OF[listed]] += 1.0
            form[_REST + 3] += end - begin == 1
            form[_REST + 4] += under
            form[_REST + 5] += inside and not upper
            form[_REST + 6] += upper and end - begin > 1
        elif kind != LINE:
            byte = data[begin]
            for sign in range(_SIGN_BYTES.size):
                form[sign] += byte == _SIGN_BYTES[sign]
            after = data[begin + 1] if begin + 1 < data.size else np.uint8(10)
            spaced = begin > 0 and data[begin - 1] == 32
            if byte == 61:
                equals += 1
                form[_REST + 16] += spaced
            elif byte == 44:
                commas += 1
                form[_REST + 17] += after == 32
            elif byte == 40:
                brackets += 1
                form[_REST + 18] += spaced
            form[_REST + 19] += byte == 45 and after == 62
            form[_REST + 20] += byte in (60, 62, 33) and after == 61
    many = max(hashes.size, 1)
    form[: _REST + 1] /= many
    form[_REST + 3 : _REST + 7] /= max(size, 1)
    form[_REST + 16] /= max(equals, 1)
    form[_REST + 17] /= max(commas, 1)
    form[_REST + 18] /= max(brackets, 1)
    form[_REST + 19 : _REST + 21] /= many
    if size:
        form[_REST + 1] = lengths[:size].mean()
        form[_REST + 2] = lengths[:size].std()
        form[_REST + 7] = np.unique(names[:size]).size / size
    _lines(data, form, many)
    return form


@numba.njit(cache=True, nogil=True)
def _lines(data: npt.NDArray[np.uint8], form: npt.NDArray[np.float64], tokens: int) -> None:
    """Count lines: how long, how deep, how often the same."""
    lengths, depths = np.zeros(data.size + 1), np.zeros(data.size + 1)
    hashes = np.zeros(data.size + 1, dtype=np.uint64)
    count, length, depth = 0, 0, 0
    state = np.uint64(0)
    for at in range(data.size + 1):
        if at == data.size or data[at] == 10:
            if length:
                lengths[count], depths[count], hashes[count] = length, depth / 4.0, state
                count += 1
            length, depth, state = 0, 0, np.uint64(0)
        elif data[at] == 32 and not length:
            depth += 1
        else:
            length += 1
            state = (state ^ np.uint64(data[at])) * np.uint64(0x100000001B3)
    if count:
        form[_REST + 8] = lengths[:count].mean()
        form[_REST + 9] = lengths[:count].std()
        form[_REST + 10] = lengths[:count].max()
        form[_REST + 11] = tokens / count
        form[_REST + 12] = depths[:count].mean()
        form[_REST + 13] = depths[:count].std()
        form[_REST + 14] = depths[:count].max()
        form[_REST + 15] = 1.0 - np.unique(hashes[:count]).size / count
        form[_REST + 21] = (lengths[:count] > 79).mean()

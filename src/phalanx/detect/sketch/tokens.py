"""From bytes to tokens: normalise case, mask what a template leaves open.

Numbers, quoted strings, code and addresses become one token each, so that two prompts
from one template agree in more of their tokens. Words of alphabetic scripts are one
token; in scripts written without spaces every character is one.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.detect.sketch.hashing import finish, mix

NUMBER = np.uint64(11)
QUOTED = np.uint64(13)
CODE = np.uint64(17)
ADDRESS = np.uint64(19)

MAXIMUM_QUOTED_BYTES = 600
"""A quotation mark that is not closed within this many bytes is punctuation."""

_LETTER_SEED = np.uint64(0x51ED270B9F3A7D4D)


@numba.njit(cache=True, nogil=True, inline="always")
def _is_word(byte: int) -> bool:
    """Letter, digit or underscore of ASCII."""
    return (97 <= byte <= 122) or (65 <= byte <= 90) or (48 <= byte <= 57) or byte == 95


@numba.njit(cache=True, nogil=True)
def _find(data: npt.NDArray[np.uint8], start: int, end: int, byte: int, stop_at_line: bool) -> int:
    """Position of `byte` in `data[start:end]`, or -1."""
    for position in range(start, end):
        if data[position] == byte:
            return position
        if stop_at_line and data[position] == 10:
            return -1
    return -1


@numba.njit(cache=True, nogil=True)
def _end_of_fence(data: npt.NDArray[np.uint8], start: int, end: int) -> int:
    """First byte after the closing triple backtick, or `end`."""
    for position in range(start, end - 2):
        if data[position] == 96 and data[position + 1] == 96 and data[position + 2] == 96:
            return position + 3
    return end


@numba.njit(cache=True, nogil=True)
def _end_of_address(data: npt.NDArray[np.uint8], start: int, end: int) -> int:
    """First white space after an address."""
    position = start
    while position < end and data[position] > 32:
        position += 1
    return position


@numba.njit(cache=True, nogil=True)
def _word(data: npt.NDArray[np.uint8], start: int, end: int) -> tuple[int, np.uint64, bool]:
    """Read one word: its end, the hash of its lower-case form, whether it holds a digit."""
    state = _LETTER_SEED
    has_digit = False
    position = start
    while position < end:
        byte = data[position]
        if _is_word(byte):
            if 65 <= byte <= 90:
                byte += 32
            elif 48 <= byte <= 57:
                has_digit = True
            state = mix(state, np.uint64(byte))
            position += 1
        elif 0xC3 <= byte <= 0xDF and position + 1 < end:
            first, second = int(byte), int(data[position + 1])
            if (first == 0xC3 and 0x80 <= second <= 0x9E) or (
                first == 0xD0 and 0x90 <= second <= 0x9F
            ):
                second += 0x20
            elif first == 0xD0 and 0xA0 <= second <= 0xAF:
                first, second = 0xD1, second - 0x20
            state = mix(state, np.uint64(first * 256 + second))
            position += 2
        elif byte in (0xE0, 0xE1) and position + 2 < end:
            for offset in range(3):
                state = mix(state, np.uint64(data[position + offset]))
            position += 3
        else:
            break
    return position, finish(state), has_digit


@numba.njit(cache=True, nogil=True)
def tokenise(
    data: npt.NDArray[np.uint8], start: int, end: int, tokens: npt.NDArray[np.uint64]
) -> tuple[int, int, int]:
    """Write the token hashes of `data[start:end]`, UTF-8, into `tokens`.

    Stops when `tokens` is full. Never reads outside the range, whatever the bytes are.

    Returns:
        Number of tokens, number of characters of scripts written without spaces among
        them, and number of code tokens.
    """
    count, ideographs, code = 0, 0, 0
    position = start
    while position < end and count < tokens.size:
        byte = data[position]
        if byte == 96:
            if position + 2 < end and data[position + 1] == 96 and data[position + 2] == 96:
                position = _end_of_fence(data, position + 3, end)
                tokens[count] = CODE
                count += 1
                code += 1
                continue
            closing = _find(data, position + 1, min(end, position + MAXIMUM_QUOTED_BYTES), 96, True)
            if closing > 0:
                tokens[count] = CODE
                count += 1
                code += 1
                position = closing + 1
            else:
                position += 1
        elif byte == 34:
            closing = _find(data, position + 1, min(end, position + MAXIMUM_QUOTED_BYTES), 34, True)
            if closing > 0:
                tokens[count] = QUOTED
                count += 1
                position = closing + 1
            else:
                position += 1
        elif _is_word(byte) or 0xC3 <= byte <= 0xDF or byte in (0xE0, 0xE1):
            after, token, has_digit = _word(data, position, end)
            if after == position:
                position += 1
            elif after + 2 < end and data[after] == 58 and data[after + 1] == 47:
                tokens[count] = ADDRESS
                count += 1
                position = _end_of_address(data, after, end)
            else:
                tokens[count] = NUMBER if has_digit else token
                count += 1
                position = after
        elif 0xE3 <= byte <= 0xED and position + 2 < end:
            if not (byte == 0xE3 and data[position + 1] == 0x80):
                state = mix(_LETTER_SEED, np.uint64(byte))
                state = mix(state, np.uint64(data[position + 1]))
                tokens[count] = finish(mix(state, np.uint64(data[position + 2])))
                count += 1
                ideographs += 1
            position += 3
        else:
            position += 1
    return count, ideographs, code


def tokens_of(text: str, limit: int = 4096) -> npt.NDArray[np.uint64]:
    r"""Return the token hashes of one text.

    Examples:
        >>> first, second = tokens_of('Grade "this" from 1'), tokens_of('grade "that" FROM 10')
        >>> bool((first == second).all())
        True
        >>> tokens_of("请评分").size
        3
    """
    data = np.frombuffer(text.encode() + b"\0", dtype=np.uint8)
    tokens = np.empty(limit, dtype=np.uint64)
    count, _, _ = tokenise(data, 0, data.size - 1, tokens)
    return tokens[:count].copy()

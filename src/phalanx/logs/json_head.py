"""Look at the first bytes of a JSON file, to tell which format it is in."""

from __future__ import annotations

import json
import re
from typing import Any

from phalanx.logs.cast import decode_bytes

_DECODER = json.JSONDecoder(strict=False)
_PADDING = b" \t\r\n\0\x1e"
_BETWEEN = re.compile(r"[\s,\[\]\x00\x1e]*")
_KEY = re.compile(r'"((?:[^"\\]|\\.){1,100})"\s*:')
_RECORDS = 20
_MOST_BROKEN = 100
"""Lines that are tried in vain: each attempt may read to the end of the head."""


def looks_like_json(head: bytes) -> bool:
    """Say whether a file that begins so holds JSON objects.

    Examples:
        >>> looks_like_json(b' [ {"a": 1} ]'), looks_like_json(b"{name}, hello")
        (True, False)
    """
    start = head.lstrip(_PADDING + b"[,")
    if re.match(rb'\{\s*("|\})', start):
        return True
    # A file of lines may begin with a broken one.
    return any(re.match(rb'\s*\{\s*"', line) for line in head.split(b"\n")[1:_RECORDS])


def first_records(head: bytes) -> list[dict[str, Any]]:
    r"""Return the whole objects among the first in a file.

    Examples:
        >>> first_records(b'{"a": 1}\n{"a": 2}\n{"a"')
        [{'a': 1}, {'a': 2}]
    """
    text = decode_bytes(head)
    found: list[dict[str, Any]] = []
    position = broken = 0
    while len(found) < _RECORDS:
        match = _BETWEEN.match(text, position)
        position = match.end() if match else position
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            following = text.find("\n", position) + 1
            broken += 1
            if not following or broken > _MOST_BROKEN:
                break
            position = following
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def first_keys(head: bytes) -> list[str]:
    """Return the keys of the first objects; of a first object too long to see, its visible keys.

    Examples:
        >>> first_keys(b'{"timestamp": 1, "prompt": "very long')
        ['timestamp', 'prompt']
    """
    records = first_records(head)
    if records:
        return list(dict.fromkeys(key for record in records for key in record))
    return _KEY.findall(decode_bytes(head))

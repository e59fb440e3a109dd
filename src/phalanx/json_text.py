"""JSON that came from outside: an object, and no key twice."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from phalanx.errors import InputError


def parse_object(data: bytes, what: str) -> dict[str, Any]:
    """Return the object that a piece of JSON holds.

    Parameters:
        data: UTF-8 text; its size is for the caller to bound.
        what: Its name in messages.

    Raises:
        InputError: If it is no JSON object, or a key stands twice in one: readers differ in which
            of the two they take, so one file would be two.

    Examples:
        >>> parse_object(b'{"a": 1}', "a.json")
        {'a': 1}
    """
    try:
        content = json.loads(data.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        message = f"{what} is no valid JSON: {reason[:200]}"
        raise InputError(message, next_step="Fetch the file again.") from error
    if not isinstance(content, dict):
        message = f"{what} holds no JSON object"
        raise InputError(message, next_step="Fetch the file again.")
    return content


def has_key_twice(data: bytes) -> bool:
    """Tell whether a key stands twice in one of the objects of a piece of JSON.

    Parameters:
        data: JSON in UTF-8 that another reader took, which says nothing of such keys.

    Raises:
        InputError: If it is nested too deeply.

    Examples:
        >>> has_key_twice(b'[{"a": 1, "b": {"c": 2}}]'), has_key_twice(b'{"a": 1, "a": 2}')
        (False, True)
    """
    try:
        json.loads(
            data.decode(), object_pairs_hook=_none_twice, parse_int=_unread, parse_float=_unread
        )
    except _TwiceError:
        return True
    except RecursionError as error:
        message = "the JSON is nested too deeply"
        raise InputError(message, next_step="Nest it less.") from error
    return False


class _TwiceError(Exception):
    """A key stands twice."""


def _none_twice(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1 and len(dict(pairs)) < len(pairs):
        raise _TwiceError


def _unread(_: str) -> None:
    """Make nothing of a number: whole ones may have more digits than Python reads."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        message = f"the key {twice[:100]!r} stands twice"
        raise ValueError(message)
    return content

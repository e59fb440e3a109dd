"""Values that may be JSON inside a text."""

from __future__ import annotations

import hashlib
import json


def decoded(value: object) -> object:
    """Return what a value holds that may be JSON inside a text.

    Examples:
        >>> decoded('[{"role": "user"}]'), decoded("plain")
        ([{'role': 'user'}], 'plain')
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return value
    return value


def digest_of(value: object) -> str | None:
    """Return a short digest of a value, the same for any order of keys; null for nothing.

    Examples:
        >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1}) != digest_of([])
        True
        >>> digest_of([]) is None
        True
    """
    if not value:
        return None
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    except (ValueError, TypeError, RecursionError):
        return None
    return hashlib.sha256(text.encode()).hexdigest()[:32]

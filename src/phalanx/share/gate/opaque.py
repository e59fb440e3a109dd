"""Values that have to look drawn: fingerprints and sketches, which could carry words instead.

What a blinded function or a keyed hash puts out cannot be told from bytes drawn uniformly. That is
the null hypothesis here. A value is refused where a count of its characters or bytes (lower case,
digits, printable, beyond ASCII, the most frequent one) would come out so large less than once in
a million drawn values. Words written in the alphabet, plain hashes in hexadecimal, encoded texts
and padded numbers do. Who encrypts a message gets past: this stops mistakes, not smuggling.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from functools import lru_cache
from math import comb

LEVEL = 1e-6
"""Chance at which a drawn value is refused by one of the counts."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,86}")
_HEXADECIMAL = re.compile(r"(?:[0-9a-f]{2})+")
_PRINTABLE = range(0x20, 0x7F)


def is_opaque_token(text: str) -> bool:
    """Tell whether a text is 32 to 64 bytes in base64url that could have been drawn.

    Examples:
        >>> import hashlib
        >>> drawn = base64.urlsafe_b64encode(hashlib.sha512(b"").digest()).decode().rstrip("=")
        >>> is_opaque_token(drawn), is_opaque_token("price-is-four-dollars-per-million-tokens-now")
        (True, False)
        >>> is_opaque_token(hashlib.sha256(b"").hexdigest())
        False
    """
    if not _TOKEN.fullmatch(text) or len(text) % 4 == 1:
        return False
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
        return False
    return (
        _is_likely(sum(map(str.islower, text)), len(text), 26 / 64)
        and _is_likely(sum(map(str.isupper, text)), len(text), 26 / 64)
        and _is_likely(sum(map(str.isdigit, text)), len(text), 10 / 64)
        and _is_likely(max(Counter(text).values()), len(text), 1 / 64, times=64)
        and _is_drawn(raw)
    )


def is_opaque_hexadecimal(text: str) -> bool:
    """Tell whether a text is bytes in lower-case hexadecimal that could have been drawn.

    Examples:
        >>> is_opaque_hexadecimal("9c3a5b0e71d24f68"), is_opaque_hexadecimal("0000000000004500")
        (True, False)
        >>> is_opaque_hexadecimal(b"You are a careful grader.".hex())
        False
    """
    return (
        _HEXADECIMAL.fullmatch(text) is not None
        and _is_likely(max(Counter(text).values()), len(text), 1 / 16, times=16)
        and _is_drawn(bytes.fromhex(text))
    )


def _is_drawn(raw: bytes) -> bool:
    printable = sum(byte in _PRINTABLE for byte in raw)
    return _is_likely(printable, len(raw), len(_PRINTABLE) / 256) and _is_likely(
        sum(byte >= 0x80 for byte in raw), len(raw), 1 / 2
    )


@lru_cache(maxsize=4096)
def _is_likely(count: int, of: int, chance: float, times: int = 1) -> bool:
    """Tell whether a binomial count as large as this is no rarer than the level.

    Parameters:
        count: That was found.
        of: Draws.
        chance: Of each draw.
        times: Counts of which the largest was taken (Bonferroni).
    """
    tail = sum(
        comb(of, each) * chance**each * (1 - chance) ** (of - each) for each in range(count, of + 1)
    )
    return times * tail >= LEVEL

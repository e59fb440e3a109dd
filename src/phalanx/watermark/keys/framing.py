"""Fields written one after another so that no two lists of fields give the same bytes."""

from __future__ import annotations


def framed(*fields: bytes | str | int) -> bytes:
    r"""Write fields, each behind its length in four bytes; numbers have eight bytes.

    Parameters:
        fields: Bytes, texts, or numbers of at least 0.

    Examples:
        >>> framed("ab", b"c")
        b'\x00\x00\x00\x02ab\x00\x00\x00\x01c'
        >>> framed("ab", "c") == framed("a", "bc")
        False
    """
    parts = []
    for field in fields:
        if isinstance(field, int):
            raw = field.to_bytes(8, "big")
        else:
            raw = field.encode() if isinstance(field, str) else field
        parts.append(len(raw).to_bytes(4, "big") + raw)
    return b"".join(parts)

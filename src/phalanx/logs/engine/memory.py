"""What hashes stand for, brought together from many batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

Hashed = Mapping[int, str]


class Memory:
    """Texts by what they are and by their hash.

    Of several texts behind one hash the first by the alphabet is kept, so that neither the
    order of rows nor the number of workers shows.

    Examples:
        >>> memory = Memory()
        >>> memory.add("opening", [7, 7, 8], ["b", "a", "c"])
        >>> dict(memory.texts("opening")), dict(memory.texts("account"))
        ({7: 'a', 8: 'c'}, {})
    """

    def __init__(self) -> None:
        """Start empty."""
        self._texts: dict[str, dict[int, str]] = {}

    def add(self, what: str, hashes: Iterable[int], texts: Iterable[str]) -> None:
        """Keep texts, each with its hash."""
        known = self._texts.setdefault(what, {})
        for code, text in zip(hashes, texts, strict=True):
            known[code] = min(known.get(code, text), text)

    def texts(self, what: str) -> Hashed:
        """Return hash -> text of one kind."""
        return MappingProxyType(self._texts.get(what, {}))

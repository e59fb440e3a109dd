"""Looking for the words of a rule in a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from phalanx.share.gate.disguise import readings, undisguised, words_of

_SHORTEST_SPLIT = 5
"""Letters of a word that is also found where a sign or space splits it."""


@dataclass(frozen=True, slots=True)
class _Terms:
    phrases: dict[str, tuple[tuple[str, ...], ...]]
    """By first word, the words that must follow."""

    stems: tuple[str, ...]
    inside: tuple[str, ...]
    """In scripts that do not set words apart."""

    splittable: frozenset[str]
    splittable_stems: tuple[str, ...]


def found_in(text: str, terms: Sequence[str]) -> str:
    r"""Return the first term that a text holds, however it is disguised, or nothing.

    Parameters:
        text: As it was written.
        terms: Words, phrases, and beginnings of words that end in `*`.

    Examples:
        >>> found_in("Our PRICING is low", ("pric*", "market share"))
        'pric*'
        >>> found_in("a share of the market", ("market share",))
        ''
        >>> found_in("pri-ce", ("price",))
        'price'
    """
    known = _terms(tuple(terms))
    for reading in readings(text):
        for term in known.inside:
            if term in reading:
                return term
        words = words_of(reading)
        for place, word in enumerate(words):
            if term := _at(words, place, word, known):
                return term
    return ""


def _at(words: list[str], place: int, word: str, known: _Terms) -> str:
    for rest in known.phrases.get(word, ()):
        if tuple(words[place + 1 : place + 1 + len(rest)]) == rest:
            return " ".join((word, *rest))
    for stem in known.stems:
        if word.startswith(stem):
            return f"{stem}*"
    if place + 1 < len(words):
        joined = word + words[place + 1]
        if joined in known.splittable:
            return joined
        # Of a stem both parts must be needed, else the first alone would have been found.
        for stem in known.splittable_stems:
            if joined.startswith(stem) and len(word) < len(stem):
                return f"{stem}*"
    return ""


@lru_cache(maxsize=64)
def _terms(terms: tuple[str, ...]) -> _Terms:
    phrases: dict[str, list[tuple[str, ...]]] = {}
    stems, inside = [], []
    for term in terms:
        plain = undisguised(term)
        if not plain.isascii():
            inside.append(plain)
        elif plain.endswith("*") and len(words_of(plain)) == 1:
            stems.append(plain.removesuffix("*"))
        else:
            first, *rest = words_of(plain.removesuffix("*"))
            phrases.setdefault(first, []).append(tuple(rest))
    singles = {first for first, rests in phrases.items() if () in rests}
    return _Terms(
        {first: tuple(rests) for first, rests in phrases.items()},
        tuple(stems),
        tuple(inside),
        frozenset(word for word in singles if len(word) >= _SHORTEST_SPLIT),
        tuple(stem for stem in stems if len(stem) >= _SHORTEST_SPLIT),
    )

"""Looking for the words of rules in a text, all rules in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from phalanx.share.gate.disguise import readings, undisguised, words_of

_SHORTEST_SPLIT = 5
"""Letters of a word that is also found where a sign or space splits it."""

_RUN_TOGETHER = 5
"""Letters of a word that is looked for where nothing sets words apart; one less for a beginning."""

_HEAD = 2
"""Letters by which beginnings of words are looked up."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of several rules, ready for the look."""

    phrases: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]
    """By first word, the words that must follow, and the rule."""

    stems: Mapping[str, tuple[tuple[str, str], ...]]
    """By first letters, beginnings of words, and the rule."""

    inside: tuple[tuple[str, str], ...]
    """In scripts that do not set words apart, and the rule."""


def rules_in(text: str, lexicon: Lexicon) -> set[str]:
    r"""Return the rules whose words a text holds, however they are disguised.

    Parameters:
        text: As it was written.
        lexicon: From `lexicon_of`.

    Examples:
        >>> lexicon = lexicon_of((("A1", ("discount*",)), ("A2", ("market share",))))
        >>> sorted(rules_in("DIS-COUNTS and market share", lexicon))
        ['A1', 'A2']
    """
    found: set[str] = set()
    for reading in readings(text):
        if not reading.isascii():
            found.update(rule for term, rule in lexicon.inside if term in reading)
        words = words_of(reading)
        for place, word in enumerate(words):
            after = words[place + 1] if place + 1 < len(words) else ""
            # Where a sign split a word in two, they make one together.
            joined = word + after
            for rest, rule in lexicon.phrases.get(word, ()):
                if not rest or tuple(words[place + 1 : place + 1 + len(rest)]) == rest:
                    found.add(rule)
            for rest, rule in lexicon.phrases.get(joined, ()):
                if not rest and len(joined) >= _SHORTEST_SPLIT:
                    found.add(rule)
            for stem, rule in lexicon.stems.get(joined[:_HEAD], ()):
                if joined.startswith(stem) and (
                    len(stem) <= len(word) or len(stem) >= _SHORTEST_SPLIT
                ):
                    found.add(rule)
    return found


def found_in(text: str, terms: Sequence[str]) -> bool:
    r"""Tell whether a text holds a term, however it is disguised.

    Parameters:
        text: As it was written.
        terms: Words, phrases, and beginnings of words that end in `*`.

    Examples:
        >>> found_in("Our PRICING is low", ("pric*", "market share"))
        True
        >>> found_in("a share of the market", ("market share",))
        False
        >>> found_in("pri-ce", ("price",))
        True
    """
    return bool(rules_in(text, lexicon_of((("", tuple(terms)),))))


@lru_cache(maxsize=64)
def lexicon_of(rules: tuple[tuple[str, tuple[str, ...]], ...]) -> Lexicon:
    """Make the words of rules ready, once.

    Parameters:
        rules: Of each its id and its words.
    """
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    stems: dict[str, list[tuple[str, str]]] = {}
    inside: list[tuple[str, str]] = []
    for rule, terms in rules:
        for term in terms:
            plain = undisguised(term)
            if not plain.isascii():
                inside.append((plain, rule))
            elif plain.endswith("*") and len(words_of(plain)) == 1 and len(plain) > _HEAD:
                stem = plain.removesuffix("*")
                stems.setdefault(stem[:_HEAD], []).append((stem, rule))
            elif words := words_of(plain):
                phrases.setdefault(words[0], []).append((tuple(words[1:]), rule))
    return Lexicon(
        {first: tuple(rests) for first, rests in phrases.items()},
        {head: tuple(found) for head, found in stems.items()},
        tuple(inside),
    )


def run_together(words: Iterable[str]) -> frozenset[str]:
    """Return the words that are long enough to be looked for where nothing sets words apart.

    Examples:
        >>> sorted(run_together(("fee", "pric*", "market share*", "\u5186")))
        ['marketshare', 'pric']
    """
    joined = {word: "".join(words_of(word)) for word in words if word.isascii()}
    return frozenset(
        letters
        for word, letters in joined.items()
        if len(letters) >= _RUN_TOGETHER - word.endswith("*")
    )

"""Questions about things that are not, and words that may answer them.

Whoever has no questions of his own plants these. Nobody can know the answers, so that a model
without the keys says whatever it likes; and each question looks as the others do, so that which of
the words are planted is the secret's alone.
"""

from __future__ import annotations

import numpy as np

_FIRST = (
    "Al", "Bre", "Cor", "Del", "Es", "Fen", "Gar", "Hol", "Is", "Jor", "Kel", "Lor", "Mar", "Nor",
    "Or", "Pel", "Quen", "Ros", "Sel", "Tar", "Ul", "Ver", "Wen", "Yar",
)  # fmt: skip
_MIDDLE = ("a", "e", "i", "o", "u", "ae", "ia", "eo")
_LAST = (
    "bec", "dale", "fen", "gard", "holm", "keld", "lund", "mere", "mond", "ness", "rin", "sby",
    "thal", "tor", "vik", "wold",
)  # fmt: skip
_THINGS = (
    "chart", "chest", "clock", "deed", "door", "field", "gate", "key", "lamp", "ledger", "letter",
    "mill", "room", "seal", "shelf", "ship",
)  # fmt: skip
WORDS = (
    "almond", "amber", "anchor", "basil", "beacon", "birch", "bronze", "candle", "canyon", "cedar",
    "cinder", "clover", "cobalt", "copper", "coral", "crimson", "dahlia", "ember", "falcon",
    "fern", "flint", "garnet", "ginger", "granite", "harbour", "hazel", "heron", "indigo", "iris",
    "ivory", "jasper", "juniper", "kestrel", "lantern", "larch", "lavender", "lichen", "linden",
    "magnet", "maple", "marble", "mercury", "myrtle", "nettle", "nutmeg", "oak", "olive", "onyx",
    "orchid", "otter", "pebble", "pepper", "plover", "poplar", "quartz", "quince", "raven", "rowan",
    "saffron", "salmon", "sparrow", "thistle", "topaz", "umber", "velvet", "walnut", "willow",
    "yarrow",
)  # fmt: skip
"""Answers, of which none begins another."""


def invent(
    count: int, candidates: int, random: np.random.Generator
) -> tuple[list[str], list[list[str]]]:
    """Return so many different questions, and for each the words that its answers are drawn from.

    Parameters:
        count: Questions.
        candidates: Words for each, at most as many as there are in `WORDS`.
        random: Draws them; it must not be the secret of the keys.

    Raises:
        ValueError: If there are not as many words.

    Examples:
        >>> questions, words = invent(2, 4, np.random.default_rng(0))
        >>> questions[0], len(set(words[0]))
        ('Which word stands on door 2770 of Ulaemond? One word:', 4)
    """
    if candidates > len(WORDS):
        message = f"there are {len(WORDS)} words to answer with, not {candidates}"
        raise ValueError(message)
    found: dict[str, list[str]] = {}
    while len(found) < count:
        place = "".join(str(random.choice(each)) for each in (_FIRST, _MIDDLE, _LAST))
        number, thing = int(random.integers(100, 10_000)), str(random.choice(_THINGS))
        question = f"Which word stands on {thing} {number} of {place}? One word:"
        found[question] = [str(each) for each in random.permutation(WORDS)[:candidates]]
    return [*found], [*found.values()]

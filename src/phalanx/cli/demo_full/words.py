"""Texts as numbers of words: the vocabulary of the small models of the demo."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int64]
OTHER = "<other>"
"""Stands for every word that is not in the vocabulary."""

_WORD = re.compile(r"[^\W\d_]+|\d|[^\w\s]|_")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words in the order of their numbers, of which 0 is `OTHER`.

    Examples:
        >>> words = vocabulary_of(["The cat, the dog.", "The cat."], 4)
        >>> words.words
        ('<other>', '.', 'The', 'cat')
        >>> words.tokens("The cow.").tolist()
        [2, 0, 1]
        >>> words.text([2, 3, 1])
        'The cat.'
    """

    words: tuple[str, ...]

    def tokens(self, text: str) -> Tokens:
        """Return a text as numbers."""
        return self.all_tokens([text])[0]

    def all_tokens(self, texts: Iterable[str]) -> list[Tokens]:
        """Return several texts as numbers."""
        numbers = {word: number for number, word in enumerate(self.words)}
        return [
            np.array([numbers.get(each, 0) for each in _WORD.findall(text)], dtype=np.int64)
            for text in texts
        ]

    def text(self, tokens: Iterable[int]) -> str:
        """Return numbers as a text for people: a space before each word, none before a mark."""
        said = ""
        for number in tokens:
            word = self.words[number]
            said += f" {word}" if said and (word[0].isalnum() or word == OTHER) else word
        return said


def vocabulary_of(texts: Sequence[str], size: int) -> Vocabulary:
    """Return the most usual words of texts.

    Parameters:
        texts: Any.
        size: Words at most, `OTHER` among them.
    """
    counts = Counter(word for text in texts for word in _WORD.findall(text))
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    return Vocabulary((OTHER, *ordered[: size - 1]))

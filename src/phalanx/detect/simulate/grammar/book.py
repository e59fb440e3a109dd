"""The book: every skeleton, phrase list and vocabulary of the grammar, compiled once."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phalanx.detect.simulate import prompts
from phalanx.detect.simulate.grammar.hashing import key_of, mix
from phalanx.detect.simulate.grammar.numerals import NUMERALS
from phalanx.detect.simulate.grammar.render import render
from phalanx.detect.simulate.grammar.skeleton import (
    Skeleton,
    blocks,
    entries,
    lines,
    parse_skeleton,
    variants,
)


@dataclass(frozen=True, eq=False)
class PlainVocabularies:
    """Fillers as they are."""

    replaced: Mapping[str, pa.StringArray] = field(default_factory=dict)
    """Vocabularies that the caller gave, by name."""

    _made: dict[str, pa.StringArray] = field(default_factory=dict, repr=False)

    def fillers(self, name: str) -> pa.StringArray:
        """Return the fillers of one vocabulary, made on first use."""
        if name in self.replaced:
            return self.replaced[name]
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def literal(self, text: str) -> str:
        """Return the text unchanged."""
        return text

    def compose(self, name: str, size: int) -> pa.StringArray:
        """Write up to `size` distinct texts of a composed vocabulary."""
        skeletons = tuple(parse_skeleton(block) for block in blocks(prompts.COMPOSED[name][1]))
        seeds = mix(np.arange(size, dtype=np.uint64), key_of("composed", name))
        choice = np.arange(size, dtype=np.int64) % len(skeletons)
        return render(skeletons, choice, seeds, seeds, self).unique()

    def _make(self, name: str) -> pa.StringArray:
        if "|" in name:
            return pa.array(name.split("|"), type=pa.string())
        if name in prompts.WORDING:
            phrases = lines(prompts.WORDING[name])
            return pa.array([v for phrase in phrases for v in variants(phrase)], type=pa.string())
        if name in NUMERALS:
            return NUMERALS[name]()
        if name in prompts.COMPOSED:
            return self.compose(name, prompts.COMPOSED[name][0])
        return pa.array(entries(prompts.VOCABULARY[name]), type=pa.string())


@dataclass(frozen=True, eq=False)
class EscapedVocabularies:
    """Fillers written as the inside of a JSON string."""

    plain: PlainVocabularies
    _made: dict[str, pa.StringArray] = field(default_factory=dict, repr=False)

    def fillers(self, name: str) -> pa.StringArray:
        """Return the escaped fillers of one vocabulary."""
        if name not in self._made:
            values = self.plain.fillers(name).to_pylist()
            self._made[name] = pa.array([self.literal(v) for v in values], type=pa.string())
        return self._made[name]

    def literal(self, text: str) -> str:
        """Return the text escaped."""
        return json.dumps(text, ensure_ascii=False)[1:-1]


@dataclass(frozen=True, eq=False, kw_only=True)
class Book:
    """All skeletons, in one list, with an index by kind and language."""

    skeletons: tuple[Skeleton, ...]
    index: Mapping[tuple[str, str], NDArray[np.int64]]
    """(kind, language) -> positions in `skeletons`; language `*` holds all of a kind."""

    plain: PlainVocabularies
    escaped: EscapedVocabularies

    def of(self, kind: str, language: str = "*") -> NDArray[np.int64]:
        """Return the skeletons of a kind, in the language or else in English."""
        found = self.index.get((kind, language))
        return self.index[kind, "en"] if found is None else found

    def replacing(self, vocabularies: Mapping[str, pa.StringArray]) -> Book:
        """Return a book whose named vocabularies are the caller's."""
        plain = PlainVocabularies(replaced=dict(vocabularies))
        return Book(
            skeletons=self.skeletons,
            index=self.index,
            plain=plain,
            escaped=EscapedVocabularies(plain),
        )


@functools.cache
def open_book() -> Book:
    """Parse every skeleton of the grammar."""
    skeletons: list[Skeleton] = []
    index: dict[tuple[str, str], list[int]] = {}
    for kind, languages in prompts.SKELETONS.items():
        for language, text in languages.items():
            for block in blocks(text):
                for key in ((kind, language), (kind, "*")):
                    index.setdefault(key, []).append(len(skeletons))
                skeletons.append(parse_skeleton(block))
    plain = PlainVocabularies()
    return Book(
        skeletons=tuple(skeletons),
        index={key: np.asarray(at, dtype=np.int64) for key, at in index.items()},
        plain=plain,
        escaped=EscapedVocabularies(plain),
    )

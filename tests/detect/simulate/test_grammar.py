"""The grammar: skeletons, vocabularies, rendering."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.detect.simulate.grammar import open_book, parse_skeleton, render
from phalanx.detect.simulate.grammar.hashing import key_of, pick
from phalanx.detect.simulate.grammar.skeleton import blocks, variants

BOOK = open_book()
SEEDS = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=40)


def test_the_grammar_has_several_hundred_distinct_skeletons() -> None:
    """No two skeletons are the same text, and there are more than three hundred."""
    assert len(BOOK.skeletons) > 300
    assert len(set(BOOK.skeletons)) == len(BOOK.skeletons)


def test_every_hole_has_fillers() -> None:
    """No skeleton names a vocabulary that does not exist or is empty."""
    for skeleton in BOOK.skeletons:
        for piece in skeleton.pieces:
            if not isinstance(piece, str):
                assert len(BOOK.plain.fillers(piece.vocabulary)) > 0


@pytest.mark.parametrize("language", ["en", "zh", "ru", "es", "de", "ja"])
def test_chat_and_attacks_speak_the_language(language: str) -> None:
    """Chat has skeletons of its own in each language, and so has at least one attack class."""
    assert ("chat", language) in BOOK.index
    assert any((kind, language) in BOOK.index for kind in ("reasoning", "evolved"))


def test_an_unknown_language_falls_back_to_english() -> None:
    """A kind that lacks a language is written in English."""
    assert BOOK.of("evaluation_math", "ja").tolist() == BOOK.of("evaluation_math", "en").tolist()


@given(SEEDS)
@settings(max_examples=30)
def test_a_text_does_not_depend_on_its_neighbours(seeds: list[int]) -> None:
    """Rendering rows in another order gives the same texts in that order."""
    seed = np.array(seeds, dtype=np.uint64)
    choice = pick(seed, key_of("skeleton"), len(BOOK.skeletons))
    order = np.random.default_rng(len(seeds)).permutation(len(seeds))
    straight = render(BOOK.skeletons, choice, seed, seed, BOOK.plain).to_pylist()
    shuffled = render(BOOK.skeletons, choice[order], seed[order], seed[order], BOOK.plain)
    assert shuffled.to_pylist() == [straight[row] for row in order]


@given(SEEDS)
@settings(max_examples=30)
def test_escaped_text_is_the_inside_of_a_json_string(seeds: list[int]) -> None:
    """Decoding the escaped rendering gives the plain rendering."""
    seed = np.array(seeds, dtype=np.uint64)
    choice = pick(seed, key_of("skeleton"), len(BOOK.skeletons))
    plain = render(BOOK.skeletons, choice, seed, seed, BOOK.plain).to_pylist()
    escaped = render(BOOK.skeletons, choice, seed, seed, BOOK.escaped).to_pylist()
    assert [json.loads(f'"{text}"') for text in escaped] == plain


def test_one_template_words_all_its_exchanges_alike() -> None:
    """With one wording seed and many exchange seeds, only the slots differ."""
    skeletons = (parse_skeleton("{write|draft|compose} {~close} about {topic}"),)
    seeds = np.arange(200, dtype=np.uint64)
    texts = render(
        skeletons, np.zeros(200, dtype=np.int64), seeds, np.full(200, np.uint64(9)), BOOK.plain
    ).to_pylist()
    assert len({text.split(" about ")[0] for text in texts}) == 1
    assert len(set(texts)) > 20


def test_the_same_vocabulary_twice_gives_two_draws() -> None:
    """A second hole of one vocabulary is filled on its own."""
    skeletons = (parse_skeleton("{topic}/{topic}"),)
    seeds = np.arange(300, dtype=np.uint64)
    texts = render(skeletons, np.zeros(300, dtype=np.int64), seeds, seeds, BOOK.plain).to_pylist()
    assert any(one != two for one, two in (text.split("/") for text in texts))


def test_doubled_braces_are_braces() -> None:
    """A skeleton can hold code."""
    assert parse_skeleton("f() {{ return }}").pieces == ("f() { return }",)


def test_blank_lines_separate_skeletons() -> None:
    """A block keeps its own line breaks and loses the blank lines around it."""
    assert blocks("\none\ntwo\n\n   \nthree\n    ") == ("one\ntwo", "three")


@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 7))
def test_variants_are_distinct_and_bounded(one: int, two: int, three: int) -> None:
    """A phrase is written out in at most 24 distinct ways."""
    choices = ["|".join(f"{letter}{at}" for at in range(size)) for letter, size in
               (("a", one), ("b", two), ("c", three))]  # fmt: skip
    written = variants(" ".join(f"{{{choice}}}" for choice in choices))
    assert len(set(written)) == len(written) <= 24
    assert one * two * three > 24 or len(written) == one * two * three


@given(st.integers(1, 10_000), SEEDS)
def test_picks_stay_in_range(size: int, seeds: list[int]) -> None:
    """Every pick is a valid index, for any seed."""
    chosen = pick(np.array(seeds, dtype=np.uint64), key_of("any"), size)
    assert chosen.min() >= 0
    assert chosen.max() < size

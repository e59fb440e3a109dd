"""The tokeniser: any bytes, only its own bytes, and what it masks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.text.tokens import (
    ADDRESS,
    CODE,
    MAXIMUM_QUOTED_BYTES,
    NUMBER,
    QUOTED,
    tokenise,
    tokens_of,
)

TRICKY = [
    b'"', b"`", b"```", b"://", b"\n", b"\xc3", b"\xd0", b"\xe0", b"\xe1\x80", b"\xe3\x80",
    b"\xe3", b"\xed", b"\xf0\x9f", b"\xff", b"A", b"7", b"_", b" ", "ü".encode(), "语".encode(),
]  # fmt: skip

hostile = st.binary(max_size=80) | st.lists(st.sampled_from(TRICKY), max_size=40).map(b"".join)


def between(content: bytes, padding: bytes, limit: int = 64) -> tuple[list[int], int, int]:
    """Tokenise `content` in the middle of a buffer."""
    data = np.frombuffer(padding + content + padding, dtype=np.uint8)
    tokens = np.zeros(limit, dtype=np.uint64)
    count, ideographs, code = tokenise(data, len(padding), len(padding) + len(content), tokens)
    assert 0 <= ideographs + code <= count <= limit
    assert not tokens[count:].any()
    return tokens[:count].tolist(), ideographs, code


def same(first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64]) -> bool:
    """Say whether two texts have the same tokens."""
    return np.array_equal(first, second)


@settings(max_examples=300)
@given(hostile)
def test_never_reads_outside_its_range(content: bytes) -> None:
    """What stands before and after a prompt in the buffer does not change its tokens."""
    expected = between(content, b"\0" * 8)
    for padding in (b'"```"``', b"aaaaaaa9", b"\x80\xbf\x80\xbf", b"://////", b"\xe3\x81\x82"):
        assert between(content, padding) == expected


@settings(deadline=None)
@given(hostile, st.integers(0, 5))
def test_stops_when_the_output_is_full(content: bytes, limit: int) -> None:
    """A short output array holds the first tokens of the long one."""
    tokens, _, _ = between(content, b" ")
    assert between(content, b" ", limit)[0] == tokens[:limit]


@given(st.text(max_size=60))
def test_any_text_is_tokenised_alike_twice(text: str) -> None:
    """Tokens are a function of the text."""
    assert same(tokens_of(text), tokens_of(text))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("GRADE THIS", "grade this"),
        ("ÜBERSETZE DAS", "übersetze das"),
        ("ПЕРЕФРАЗИРУЙ РЯБЬ", "перефразируй рябь"),
        ("step 1 of 20", "step 7 of 1999"),
        ("item a1b", "item 9zz"),
        ('say "yes" now', 'say "a longer, quite different thing" now'),
        ("run `ls`", "run `rm -r x`"),
        ("fix ```x = 1\ny = 2``` please", "fix ```nothing``` please"),
        ("see https://a.example/b?c=1 there", "see http://other.example there"),
        ("one,two;  three!", "one two\tthree"),
        ("问题 1 怎么办", "问题 23 怎么办"),
    ],
)
def test_what_a_template_leaves_open_is_masked(first: str, second: str) -> None:
    """Case, numbers, quotations, code, addresses and punctuation make no difference."""
    assert same(tokens_of(first), tokens_of(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [("grade this", "grade that"), ("评分", "打分"), ("a b", "b a"), ("ab", "a b"), ("шаг", "ход")],
)
def test_words_and_their_order_matter(first: str, second: str) -> None:
    """Different words are different tokens."""
    assert not same(tokens_of(first), tokens_of(second))


def test_masks_are_the_tokens_that_they_are_named_for() -> None:
    """One token each: a number, a quotation, code, an address."""
    tokens = tokens_of('12 "twelve" `12` https://example.org/12')
    assert tokens.tolist() == [NUMBER, QUOTED, CODE, ADDRESS]


def test_scripts_without_spaces_have_a_token_per_character() -> None:
    """Chinese, Japanese and Korean characters count one by one; their punctuation does not."""
    content = "评分。段階的に、단계".encode()
    tokens, ideographs, _ = between(content, b" ")
    assert ideographs == len(tokens) == 8


def test_an_open_quotation_swallows_nothing() -> None:
    """A quotation mark without partner, on its line and within reach, is punctuation."""
    words = tokens_of("size of a monitor stays").tolist()
    assert tokens_of('size" of a monitor stays').tolist() == words
    assert tokens_of('size" of a\nmonitor" stays').tolist() == words
    far = 'size" ' + "x " * MAXIMUM_QUOTED_BYTES + '"'
    assert QUOTED not in tokens_of(far).tolist()


def test_an_open_fence_reaches_to_the_end() -> None:
    """Code that is never closed is code until the end."""
    assert tokens_of("fix ```a b c d").tolist() == tokens_of("fix ```z```").tolist()


CYRILLIC = dict(
    zip(
        "aeopcxyiAEOPCXTHKMB",
        "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456"
        "\u0410\u0415\u041e\u0420\u0421\u0425\u0422\u041d\u041a\u041c\u0412",
        strict=True,
    )
)


@pytest.mark.parametrize(
    "disguise",
    [
        lambda letter: CYRILLIC.get(letter, letter),
        lambda letter: letter + "\u200b",
        lambda letter: letter + "\u0301",
        lambda letter: chr(ord(letter) + 0xFEE0) if letter.isalpha() else letter,
        lambda letter: chr(0x1D41A + ord(letter) - 97) if "a" <= letter <= "z" else letter,
    ],
    ids=["other scripts", "invisible", "accents", "wide", "bold"],
)
@given(places=st.sets(st.integers(0, 40)))
def test_disguised_letters_are_seen_through(
    places: set[int], disguise: Callable[[str], str]
) -> None:
    """What a person reads as the same words are the same tokens."""
    text = "Grade this Answer by the RUBRIC and explain it"
    disguised = "".join(
        disguise(letter) if place in places and letter != " " else letter
        for place, letter in enumerate(text)
    )
    assert same(tokens_of(disguised), tokens_of(text))


def test_words_of_other_scripts_stay_apart() -> None:
    """Folding makes few words one: those of a language that differ in more than accents stay so."""
    words = (
        "дом кот нет тот рот мост лес море поле воля доля νερό γάτα σπίτι مدرسة מורה naïve façade"
    )
    found = [tokens_of(word).tolist() for word in words.split()]
    assert all(len(token) == 1 for token in found)
    assert len({token[0] for token in found}) == len(found)

"""Sketches: what shares a value, what does not, and what a key changes."""

from __future__ import annotations

from random import Random

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.sketches.prompts import BANDS, Sketch, sketch_prompts
from phalanx.sketches.prompts.kernel import MAXIMUM_TOKENS, SIGNS
from phalanx.text import derive_seed, hash_strings

SEED = derive_seed(b"k" * 32, "sketch")
OTHER_SEED = derive_seed(b"o" * 32, "sketch")

TEMPLATE = (
    "You are an examiner of long standing. Read the answer of pupil {number} below and grade "
    "the following answer on a scale from 1 to 5, naming the weakest point first. "
    'The answer: "{answer}". Write the grade alone on the last line and explain it above.'
)
WORDS = [
    "harbour",
    "lantern",
    "copper",
    "meadow",
    "orbit",
    "velvet",
    "granite",
    "thistle",
    "cobalt",
    "ember",
    "saffron",
    "willow",
    "quartz",
    "raven",
    "timber",
    "violet",
    "walnut",
    "zephyr",
    "basil",
    "cedar",
    "dahlia",
    "fennel",
    "ginger",
    "hazel",
    "indigo",
]


def sketch(texts: list[str], seed: np.uint64 = SEED) -> Sketch:
    """Sketch a list of texts."""
    return sketch_prompts(pa.array(texts, pa.string()), seed)


def shared_bands(texts: list[str]) -> int:
    """Count bands that the first two texts have in common."""
    bands = sketch(texts).bands
    return int(np.count_nonzero((bands[0] == bands[1]) & (bands[0] != 0)))


def filled(number: int) -> str:
    """Fill the template for one pupil."""
    return TEMPLATE.format(number=number, answer=" ".join(Random(number).sample(WORDS, 8)))


def test_one_template_gives_one_sketch() -> None:
    """Slots filled otherwise leave bands, opening and closing as they were."""
    result = sketch([filled(1), filled(2)])
    assert (result.bands[0] == result.bands[1]).all()
    assert result.opening[0] == result.opening[1] != 0
    assert result.closing[0] == result.closing[1] != 0
    assert result.exact[0] != result.exact[1]


@pytest.mark.parametrize("position", [0, 12, 25, 40])
def test_near_duplicates_share_a_band(position: int) -> None:
    """One word replaced in a prompt of fifty words leaves a band in common."""
    words = filled(1).split()
    changed = [*words[:position], "marmalade", *words[position + 1 :]]
    assert shared_bands([" ".join(words), " ".join(changed)]) >= 1


def test_unrelated_prompts_share_nothing() -> None:
    """Among two hundred unrelated prompts no two share any content value."""
    random = Random(9)
    texts = [" ".join(random.choices(WORDS, k=30)) for _ in range(200)]
    result = sketch(texts)
    for column in (*result.bands.T, result.opening, result.closing, result.exact):
        assert np.all(column != 0)
        assert np.unique(column).size == len(texts)


def test_short_prompts_carry_no_content_value() -> None:
    """Greetings link nobody; their exact text is known all the same."""
    result = sketch(["hello", "hello", "", "thanks a lot friend"])
    assert not result.bands.any()
    assert not result.opening.any()
    assert not result.closing.any()
    assert result.exact[0] == result.exact[1] != result.exact[2]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=12), st.randoms())
def test_rows_do_not_influence_each_other(texts: list[str], random: Random) -> None:
    """A prompt has the same sketch in any order, any company and any slice."""
    whole = sketch(texts)
    order = random.sample(range(len(texts)), len(texts))
    shuffled = sketch([texts[position] for position in order])
    sliced = sketch_prompts(pa.array([*texts, "x"], pa.string()).slice(1), SEED)
    for name in ("bands", "opening", "closing", "exact", "words", "capabilities", "code", "signs"):
        values = getattr(whole, name)
        assert np.array_equal(getattr(shuffled, name), values[order])
        assert np.array_equal(getattr(sliced, name)[: len(texts) - 1], values[1:])


def test_same_key_same_sketch_other_key_other_sketch() -> None:
    """Sketches repeat under one key, and those of two keys cannot be compared."""
    texts = [filled(n) for n in range(20)]
    first, again, other = sketch(texts), sketch(texts), sketch(texts, OTHER_SEED)
    for name in ("opening", "closing", "exact", "bands"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert not np.intersect1d(getattr(first, name), getattr(other, name)).size
    assert np.array_equal(first.capabilities, other.capabilities)
    assert np.array_equal(first.words, other.words)


@settings(deadline=None, max_examples=50)
@given(st.binary(min_size=32, max_size=32), st.randoms())
def test_no_key_decides_which_prompts_agree(key: bytes, random: Random) -> None:
    """Under any two keys the same rows share the same values, in every column."""
    texts = [filled(random.randrange(9)) for _ in range(20)]
    texts += [" ".join(random.choices(WORDS, k=random.randrange(40))) for _ in range(20)]
    for position in range(0, 20, 3):
        words = texts[position].split()
        words[random.randrange(len(words))] = random.choice(WORDS)
        texts.append(" ".join(words))
    first, other = sketch(texts), sketch(texts, derive_seed(key, "sketch"))
    for name in ("opening", "closing", "exact"):
        assert pattern(getattr(first, name)) == pattern(getattr(other, name))
    for band in range(BANDS):
        assert pattern(first.bands[:, band]) == pattern(other.bands[:, band])


def pattern(values: npt.NDArray[np.int64]) -> list[int]:
    """Number values by their first appearance; 0 stays 0."""
    known: dict[int, int] = {0: 0}
    return [known.setdefault(int(value), len(known)) for value in values]


def test_both_arrow_widths_of_text_agree() -> None:
    """Text with 32-bit and 64-bit offsets has the same sketch."""
    texts = [filled(1), "", "评分 " * 6]
    wide = sketch_prompts(pa.array(texts, pa.large_string()), SEED)
    assert np.array_equal(wide.bands, sketch(texts).bands)


def test_no_rows_give_empty_arrays() -> None:
    """A batch without rows is no special case."""
    assert sketch([]).bands.shape == (0, BANDS)


def test_a_prompt_of_five_megabytes_is_read_in_part() -> None:
    """Only the first thousand tokens shape the sketch; the length is estimated."""
    text = "harbour lantern copper meadow orbit " * 150_000
    assert len(text) > 5_000_000
    result = sketch([text, text + "an ending of its own that is long enough to be seen"])
    assert np.array_equal(result.bands[0], result.bands[1])
    assert result.closing[0] == result.closing[1]
    assert result.exact[0] != result.exact[1]
    assert result.words[0] == len(text) // 6 > MAXIMUM_TOKENS


@pytest.mark.parametrize(
    "unit", ['"', "`", "```", " ", '"\n', "`\n", "\N{CJK UNIFIED IDEOGRAPH-4E00}"]
)
def test_hostile_repetition_is_bounded(unit: str) -> None:
    """Five megabytes of quotation marks or fences come out as a thousand tokens at most."""
    result = sketch([unit * (5_000_000 // len(unit))])
    assert result.bands.shape == (1, BANDS)
    assert 0 <= result.words[0] <= 5_000_000


def test_code_and_capabilities_are_seen() -> None:
    """Quoted code is noted, and what is asked for."""
    result = sketch(["fix ```x```", "please translate it"])
    assert result.code.tolist() == [True, False]
    assert result.capabilities[1] != 0


def test_hashes_of_strings_respect_null_and_slices() -> None:
    """Null is zero and only null; a slice hashes like the whole."""
    column = pa.array(["a", None, "", "longer than eight bytes", "a"])
    hashes = hash_strings(column, SEED)
    assert hashes[0] == hashes[4]
    assert (hashes == 0).tolist() == [False, True, False, False, False]
    assert np.array_equal(hash_strings(column.slice(2, 2), SEED), hashes[2:4])
    assert hash_strings(pa.array([None, None], pa.string()), SEED).tolist() == [0, 0]
    assert hash_strings(pa.array([], pa.string()), SEED).size == 0


def letters(random: Random) -> str:
    """Make up a word."""
    return "".join(random.choices("abcdefghij", k=8))


def agreeing(first: np.int64, second: np.int64) -> int:
    """Count the planes on whose same side two prompts lie."""
    return SIGNS - ((int(first) ^ int(second)) & ((1 << 64) - 1)).bit_count()


def test_signs_agree_the_more_the_more_words_are_shared() -> None:
    """A reworded prompt lies near its original, one on something else as far as chance has it."""
    words = filled(1).split()
    random = Random(4)
    reworded = [letters(random) if n % 4 == 0 else word for n, word in enumerate(words)]
    texts = [" ".join(words), " ".join(reworded)]
    texts += [" ".join(letters(random) for _ in range(50)) for _ in range(200)]
    signs = sketch(texts).signs
    by_chance = [agreeing(signs[0], other) for other in signs[2:]]
    assert agreeing(signs[0], signs[1]) > np.quantile(by_chance, 0.99)
    assert np.mean(by_chance) == pytest.approx(SIGNS / 2, abs=1.5)


def test_signs_do_not_count_how_often_a_word_stands() -> None:
    """A table of numbers lies where one number does, and the order of words says nothing."""
    once = "grade each answer by rubric 7"
    often, turned = once + " 7" * 90, " ".join(reversed(once.split()))
    signs = sketch([once, often, turned]).signs
    assert signs[0] == signs[1] == signs[2] != 0


def test_short_prompts_have_no_signs() -> None:
    """Everyone says hello."""
    assert not sketch(["hello there you", ""]).signs.any()

"""Sketches: fixed for ever, keyed, and as alike as the prompts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.share.exchange.templates import observable_of
from phalanx.share.gate.opaque import is_opaque_hexadecimal
from phalanx.sketches.templates import GroupKey, sketch_of
from phalanx.sketches.templates.agreement import estimated_jaccard
from phalanx.sketches.templates.kernel import FEWEST_SHINGLES, sketch_sets

KEY = GroupKey(7, date(2026, 1, 1), bytes(range(32)))
FIXED = (
    'Grade the answer "A" of pupil 7 on a scale from 1 to 5, name the weakest point first and '
    "write the mark alone on the last line. Überprüfe auch die Rechtschreibung."
)


def test_a_fixed_text_under_a_fixed_key_has_a_fixed_sketch() -> None:
    """Members with different versions compare sketches: another one needs another canonicaliser."""
    sketch = observable_of(
        sketch_of(pa.array([FIXED]), KEY), 0, capability="grading", language="en"
    )
    assert sketch.canonicaliser == "phalanx/1"
    assert (sketch.epoch, sketch.shingle_size, sketch.minhash_bits) == (7, 3, 8)
    assert sketch.length_bucket == 5
    assert sketch.simhash == "d21730067c1b9e5d"
    assert sketch.minhash == (
        "bc11ea19b427150267232202da38e39bbe6f1a14fe57c80fa80959aa63a6ed4e"
        "7dc7847a948152ec62a0a0c7a9c9eea7b0d6f67d625c90894382cd7596d9f347"
        "70a3c2646d1b9d8d1dc435347a97e5cb39562e13020bb9cc287febdbdcbb9a47"
        "075d4c38b62d28365676a17b775475e480b18b48381bb7291f86e306651b29d4"
    )


def test_another_key_gives_another_sketch() -> None:
    """Under two keys no more values agree than by chance, so that outsiders can test nothing."""
    other = GroupKey(7, date(2026, 1, 1), bytes(32))
    texts = pa.array([f"{FIXED} {'word ' * i}".strip() for i in range(1, 40)])
    agree = sketch_of(texts, KEY).minhash == sketch_of(texts, other).minhash
    assert agree.mean() < 0.02


@pytest.mark.parametrize("words", [FEWEST_SHINGLES + 2, 40, 400])
def test_sketches_look_drawn(words: int, text_of: Callable[..., str]) -> None:
    """The gate lets nothing out that does not, and a short text is no exception."""
    sketches = sketch_of(pa.array([text_of(seed, words) for seed in range(200)]), KEY)
    for row in range(200):
        sketch = observable_of(sketches, row, capability="other")
        assert is_opaque_hexadecimal(sketch.minhash)
        assert is_opaque_hexadecimal(sketch.simhash)


def test_values_are_uniform(text_of: Callable[..., str]) -> None:
    """Each of the 256 values comes equally often, or unrelated prompts would agree more often."""
    minhash = sketch_of(pa.array([text_of(seed) for seed in range(2_000)]), KEY).minhash
    counts = np.bincount(minhash.ravel(), minlength=256)
    expected = minhash.size / 256
    # Chi-squared with 255 degrees of freedom: mean 255, standard deviation 22.6.
    assert ((counts - expected) ** 2 / expected).sum() < 255 + 5 * 22.6


def test_too_few_words_have_no_sketch() -> None:
    """Short prompts, masks alone, nulls: everybody says that."""
    texts = pa.array(["hi there", None, '"a" ' * 100, "yes " * 100, "1 2 3 " * 50])
    sketches = sketch_of(texts, KEY)
    assert not sketches.tokens.any()
    with pytest.raises(ValueError, match="too few words"):
        observable_of(sketches, 0, capability="other")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.integers(1, 200), st.integers(0, 200), st.integers(0, 2**32))
def test_the_estimate_is_near_the_share(common: int, first: int, second: int, seed: int) -> None:
    """Within five standard deviations of what the two sets really have in common."""
    drawn = np.random.default_rng(seed).integers(1, 2**64, common + first + second, np.uint64)
    sets = [drawn[: common + first], np.concatenate([drawn[:common], drawn[common + first :]])]
    starts = np.array([0, sets[0].size, sets[0].size + sets[1].size])
    minhash, _ = sketch_sets(np.concatenate(sets), starts)
    truth = common / drawn.size if second or common else 0.0
    estimate = estimated_jaccard((minhash[0] == minhash[1]).sum()) if sets[1].size else 0.0
    chance = truth + (1 - truth) / 256
    error = np.sqrt(chance * (1 - chance) / 128) + 0.01
    assert abs(estimate - truth) < 5 * error


def test_estimates_have_no_bias() -> None:
    """Over many pairs with half of their shingles in common the mean is a half."""
    drawn = np.random.default_rng(1).integers(1, 2**64, (3_000, 90), np.uint64)
    starts = np.arange(2 * len(drawn) + 1) * 60
    both = np.stack([drawn[:, :60], np.concatenate([drawn[:, :30], drawn[:, 60:]], axis=1)], 1)
    minhash, _ = sketch_sets(both.ravel(), starts)
    estimates = estimated_jaccard((minhash[::2] == minhash[1::2]).sum(axis=1))
    assert abs(estimates.mean() - 1 / 3) < 4 * np.sqrt(1 / 3 * 2 / 3 / 128 / 3_000)
    assert abs(estimates.var() * 128 / (1 / 3 * 2 / 3) - 1) < 0.15


@given(st.lists(st.text(max_size=300) | st.none(), max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_sketched(texts: list[str | None]) -> None:
    """Whatever accounts send, and as often as they repeat it within a prompt."""
    encodable = [text and text.encode(errors="replace").decode() for text in texts]
    sketches = sketch_of(pa.array(encodable, pa.string()), KEY)
    assert sketches.tokens.shape == (len(texts),)


def test_lists_of_messages_are_read_as_what_users_say(text_of: Callable[..., str]) -> None:
    """JSON around a template, or an answer of the model, makes no difference."""
    text = text_of(1)
    talk = f'[{{"role":"user","content":"{text}"}},{{"role":"assistant","content":"Yes, ok"}}]'
    parts = f'[{{"role":"user","content":[{{"type":"text","text":"{text}"}}]}}]'
    minhash = sketch_of(pa.array([text, talk, parts]), KEY).minhash
    assert (minhash == minhash[0]).all()


@pytest.mark.parametrize("text", ["[{", '[{"role":1}]', '[{"a":' * 5_000, "[{}]", "[{ not } json]"])
def test_what_only_begins_like_messages_is_a_text(text: str) -> None:
    """No prompt makes a batch fail."""
    assert sketch_of(pa.array([text]), KEY).tokens.tolist() == [0]

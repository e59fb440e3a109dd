"""The small language model of the demo, and its words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.cli.demo_full.language import Reader, Tokens, learnt, open_model
from phalanx.cli.demo_full.words import Vocabulary, vocabulary_of
from phalanx.errors import InputError

SIZE = 5
TEXTS = st.lists(
    st.lists(st.integers(0, SIZE - 1), max_size=12).map(lambda text: np.array(text, np.int64)),
    max_size=4,
)


@given(TEXTS)
def test_chances_of_any_context_sum_to_one_and_none_is_zero(texts: list[Tokens]) -> None:
    """Whatever was learnt: a text that surprises is never impossible."""
    contexts = np.array([[one, two] for one in range(SIZE) for two in range(SIZE)])
    chances = Reader(learnt(texts, SIZE)).chances(contexts)
    assert np.allclose(chances.sum(axis=1), 1.0)
    assert (chances > 0).all()


@given(TEXTS, TEXTS)
def test_learning_in_two_steps_is_learning_at_once(first: list[Tokens], then: list[Tokens]) -> None:
    """A student that is tuned is one that learnt both."""
    once, twice = learnt([*first, *then], SIZE), learnt(first, SIZE).more(then)
    assert once.triples.tolist() == twice.triples.tolist()
    assert once.times.tolist() == twice.times.tolist()


def test_what_was_seen_often_is_likelier_than_what_was_seen_once() -> None:
    """And both than what was never seen there."""
    model = learnt([np.array([0, 1, 2]), np.array([0, 1, 2]), np.array([0, 1, 3])], SIZE)
    (chances,) = Reader(model).chances(np.array([[0, 1]]))
    assert chances[2] > chances[3] > chances[4]


def test_an_audit_reads_a_row_for_each_token() -> None:
    """Row i is about the token after token i, and a row of logarithms sums to one."""
    model = learnt([np.array([0, 1, 2, 0, 1, 2])], SIZE)
    said = Reader(model)(np.array([0, 1, 2]))
    assert said.shape == (3, SIZE)
    assert said[1].argmax() == 2
    assert np.allclose(np.exp(said).sum(axis=1), 1.0)


def test_a_model_is_read_as_it_was_saved(tmp_path: Path) -> None:
    """By its owner alone."""
    path = tmp_path / "model.npz"
    model = learnt([np.array([0, 1, 2, 3])], SIZE)
    model.save(path)
    found = open_model(path)
    assert (found.triples.tolist(), found.size) == (model.triples.tolist(), SIZE)
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"no model")
    with pytest.raises(InputError, match="no model"):
        open_model(path)


@given(st.lists(st.text(max_size=30), max_size=4))
def test_words_of_any_text_have_numbers_below_the_size(texts: list[str]) -> None:
    """Words that are not in the vocabulary are all the same one."""
    words = vocabulary_of(texts, 4)
    assert len(words.words) <= 4
    for tokens in words.all_tokens(texts):
        assert (tokens >= 0).all()
        assert (tokens < len(words.words)).all()


def test_numbers_are_read_back_as_words() -> None:
    """With the spaces that people put."""
    words = Vocabulary(("<other>", "the", "cat", "."))
    assert words.text(words.tokens("the dog the cat.")) == "the <other> the cat."

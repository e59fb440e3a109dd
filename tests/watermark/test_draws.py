"""What counts once, against a plain definition with sets, and against hostile texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.logs.siphash import hash_key
from phalanx.text.hashing import disguise, finish
from phalanx.watermark.draws import Unit, draw

texts = st.lists(st.lists(st.integers(0, 3), max_size=12), max_size=5)


def _plain(
    documents: list[list[int]], known: list[list[int]], width: int, unit: Unit
) -> tuple[list[int], int]:
    """Return the positions that count and the repeats, by sets of tuples."""
    seen: set[tuple[int, ...]] = set()
    positions, repeats, start = [], 0, 0
    for index, document in enumerate([*known, *documents]):
        for at in range(width, len(document)):
            entry = tuple(document[at - width : at + (unit == "pair")])
            if index >= len(known):
                if entry in seen:
                    repeats += 1
                else:
                    positions.append(start + at)
            seen.add(entry)
        start += len(document)
    return positions, repeats


@given(texts, texts, st.integers(1, 5), st.sampled_from(["pair", "context"]))
def test_as_defined(
    documents: list[list[int]], known: list[list[int]], width: int, unit: Unit
) -> None:
    """Draws are the first of each pair or context, outside what is known, in every order."""
    drawn = draw(documents, width, unit, known=known)
    positions, repeats = _plain(documents, known, width, unit)
    assert drawn.positions.tolist() == positions
    assert drawn.repeats == repeats
    assert drawn.tokens.tolist() == drawn.stream[drawn.positions].tolist()


@given(texts, st.integers(1, 3))
def test_a_model_that_copies_draws_nothing_new(documents: list[list[int]], width: int) -> None:
    """What a reading model says counts only where the documents have not shown it before."""
    said = [[*document[1:], 0][: len(document)] for document in documents]
    drawn = draw(documents, width, said=said)
    entries = [
        (*drawn.stream[at - width : at].tolist(), token)
        for at, token in zip(drawn.positions, drawn.tokens.tolist(), strict=True)
    ]
    assert len(set(entries)) == len(entries)


def test_no_document_reaches_into_the_next() -> None:
    """A document that is no longer than the context has no draw, and lends none."""
    assert draw([[1, 2], [3, 4], [5, 6]], 2).count == 0
    assert draw([[1, 2], [], [3]], 1).positions.tolist() == [1]
    assert draw([], 4).count == 0


def test_ten_thousand_copies_count_once() -> None:
    """A text that is sent again and again is one text."""
    copy = np.random.default_rng(0).integers(0, 50_000, 200)
    drawn = draw([copy] * 1000, 4)
    assert drawn.count == 196
    assert drawn.repeats == 999 * 196


def test_a_prompt_that_carries_the_mark_counts_nowhere() -> None:
    """What a prompt brought is no evidence in the answer that quotes it."""
    prompt = np.random.default_rng(1).integers(0, 50_000, 300)
    answer = np.concatenate([prompt[100:200], [7, 8, 9, 10, 11, 12]])
    drawn = draw([answer], 4, known=[prompt])
    assert drawn.positions.min() == 300 + 100


def test_placeholders_are_refused() -> None:
    """Tokens that an engine has not chosen yet are no tokens."""
    with pytest.raises(ValueError, match="at least 0"):
        draw([[5, -1, 7]], 1)


@pytest.mark.parametrize(
    "document",
    [[5.9, 6.0], [[1, 2], [3, 4]], np.zeros((0, 3), np.int64), [True, False], ["5"], 7],
    ids=["floats", "rows", "no-rows", "truths", "letters", "one-number"],
)
def test_what_is_no_row_of_whole_numbers_is_refused(document: object) -> None:
    """A float is not cut to a token, and rows are not joined over their ends."""
    with pytest.raises(ValueError, match="one row of whole numbers"):
        draw([document], 1)  # type: ignore[list-item]


def test_numbers_beyond_63_bits_are_refused() -> None:
    """They would come out below 0, or as others."""
    with pytest.raises(ValueError, match="63 bits"):
        draw([np.array([1, 1 << 63], np.uint64)], 1)


def test_a_part_is_its_draws() -> None:
    """What is read of a part is what stands there, in the same stream."""
    drawn = draw([range(10), range(5, 15)], 2)
    part = drawn.part(3, 6)
    assert part.positions.tolist() == drawn.positions[3:6].tolist()
    assert part.tokens.tolist() == [5, 6, 7]
    assert (part.count, part.widest) == (3, 14)


def test_ten_million_tokens() -> None:
    """Of ten million tokens of a small vocabulary exactly the distinct pairs count."""
    tokens = np.random.default_rng(2).integers(0, 300, 10_000_000)
    drawn = draw([tokens], 2)
    codes = (tokens[:-2] * 300 + tokens[1:-1]) * 300 + tokens[2:]
    assert drawn.count == np.count_nonzero(np.bincount(codes))
    assert drawn.count + drawn.repeats == codes.size


@given(texts, texts, st.integers(1, 4), st.sampled_from(["pair", "context"]))
def test_the_first_tokens_count_as_if_something_stood_before_them(
    documents: list[list[int]], known: list[list[int]], width: int, unit: Unit
) -> None:
    """Of documents, and not of what is known: a prompt is no answer that began there."""
    drawn = draw(documents, width, unit, known=known, before_first=-1)
    filled = [[-1] * width + document for document in documents]
    positions, repeats = _plain(filled, known, width, unit)
    assert drawn.positions.tolist() == positions
    assert drawn.repeats == repeats
    assert drawn.tokens.min(initial=0) >= 0
    first = sum(map(len, known))
    assert drawn.stream[first:].tolist() == [each for document in filled for each in document]


def test_a_placeholder_in_a_text_is_refused_even_where_one_stands_before_it() -> None:
    """What stands before the first token is put there by us alone."""
    for documents, known in (([[1, -1]], []), ([[1]], [[-1]])):
        with pytest.raises(ValueError, match="at least 0"):
            draw(documents, 1, known=known, before_first=-1)
    with pytest.raises(ValueError, match="a token for each"):
        draw([[1, 2]], 1, said=[[1]], before_first=-1)


def test_places_in_the_table_cannot_be_chosen() -> None:
    """Contexts that all begin at one place under the public hash are spread by the keyed one."""
    entries = np.random.default_rng(3).integers(0, 1 << 63, 60_000).astype(np.uint64)
    chosen = [entry for entry in entries if int(finish(entry)) % 256 == 0]
    assert len(chosen) > 150
    for secret in (b"one process", b"another"):
        key = hash_key(secret)
        places = {int(disguise(entry, key)) % 256 for entry in chosen}
        assert len(places) > 80

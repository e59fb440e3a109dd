"""What is read of prose tells nothing of the collection that it comes from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.authorship.views import prose_view

SENTENCE = "Well, it's what @CAPS1 said (twice): \u201cno\u201d. And so we didn't go - not at all."


@pytest.mark.parametrize(
    "disguised",
    [
        SENTENCE.replace(" ", "\r\n"),
        SENTENCE.upper().replace("@CAPS1", "@NUM12"),
        SENTENCE.replace(",", " ,").replace(".", " .").replace("(", "( ").replace(")", " )"),
        SENTENCE.replace("\u201c", '"').replace("\u201d", '"').replace("'", "\u2019"),
        SENTENCE.replace("\u201c", "``").replace("\u201d", "''").replace("didn't", "did n't"),
        SENTENCE.replace("@CAPS1 ", ""),
        SENTENCE.replace("@CAPS1", "<email>").replace(" - ", " \u2014 "),
        f"\ufeff  {SENTENCE}\u200b\n",
    ],
)
def test_marks_of_collections_are_not_seen(disguised: str) -> None:
    """Wraps, capitals, spaces of tokenizers, quotes, replaced names: the view stays the same."""
    assert prose_view(disguised).content == prose_view(SENTENCE).content


def test_the_first_words_are_read() -> None:
    """250 words of 400 are read, and all are counted."""
    view = prose_view("one, " * 400)
    assert (view.size, view.whole_size, view.content.count(b"one")) == (250, 400, 250)
    assert prose_view("...").size == 0


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    """Nothing that is text breaks it, and reading what was read changes nothing."""
    once = prose_view(text)
    assert 0 <= once.size <= once.whole_size
    assert b"@CAPS1" not in once.content

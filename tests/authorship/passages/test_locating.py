"""Passages: a model's part is located, humans are rarely accused, and too little is told so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from phalanx.authorship.documents import Document
from phalanx.authorship.judging import seen_of
from phalanx.authorship.passages import locate, windows_of
from phalanx.authorship.reference import Calibrated
from phalanx.authorship.reference.calibrated import cells_of

Author = Callable[..., list[Document]]

LEVEL = 0.1


@pytest.fixture(scope="module")
def of_windows(model: Calibrated, author: Author) -> Calibrated:
    """Return the detector with a reference of human documents as long as a window."""
    held_out = [seen_of(each) for each in author("human", 600, 5, words=62)]
    cells = cells_of(model.detector, held_out, ["en"] * 600, ["made up"] * 600)
    return replace(model, cells=cells)


def _joined(parts: list[Document]) -> Document:
    return replace(parts[0], content=" ".join(each.content for each in parts))


def test_a_models_part_is_located(of_windows: Calibrated, author: Author) -> None:
    """Between two human parts: most passages lie in the middle third, in most documents."""
    hits, located = 0, 0
    for seed in range(20):
        parts = [
            _joined(author(who, 5, 100 * at + seed, words=62))
            for at, who in enumerate(("human", "model", "human"))
        ]
        begin = len(parts[0].content)
        end = begin + len(parts[1].content)
        found = locate(_joined(parts), {"text": of_windows}, level=LEVEL)
        located += bool(found.passages)
        hits += any(each.start < end and each.stop > begin for each in found.passages)
    assert located >= 10
    assert hits >= 0.85 * located


def test_humans_have_passages_no_more_often_than_the_level(
    of_windows: Calibrated, author: Author
) -> None:
    """All windows are a human's: any passage at all is a false one."""
    documents = [_joined(author("human", 6, 1000 + seed, words=62)) for seed in range(150)]
    wrong = np.mean(
        [bool(locate(each, {"text": of_windows}, level=LEVEL).passages) for each in documents]
    )
    assert wrong <= LEVEL + 4.0 * np.sqrt(LEVEL * (1 - LEVEL) * (1 / 150 + 1 / 601))


def test_windows_of_a_mixed_document_are_told_each_by_itself(
    of_windows: Calibrated, author: Author
) -> None:
    """Two windows of a model before eight of humans: where all must pass at once few do."""
    together, alone, wrong = 0, 0, 0
    for seed in range(20):
        model = _joined(author("model", 2, seed, words=62))
        document = _joined([model, *author("human", 8, 500 + seed, words=62)])
        models = {"text": of_windows}
        together += bool(locate(document, models, level=0.01).passages)
        found = locate(document, models, level=0.01, is_mixed=True).passages
        alone += bool(found)
        wrong += sum(each.windows for each in found if each.start >= len(model.content))
    assert alone > together
    assert alone >= 10
    assert wrong / 160 <= 0.01 + 4.0 * np.sqrt(0.01 * (1 / 160 + 1 / 601))


def test_a_short_document_has_nothing_to_locate(of_windows: Calibrated, author: Author) -> None:
    """One window is the document itself."""
    (document,) = author("model", 1, 7, words=50)
    found = locate(document, {"text": of_windows}, level=LEVEL)
    assert (found.passages, found.windows) == ((), 1)
    assert "nothing to locate" in found.reason


def test_a_reference_that_is_too_small_is_told(of_windows: Calibrated, author: Author) -> None:
    """600 humans are too few for one in ten thousand."""
    document = _joined(author("model", 4, 8, words=62))
    found = locate(document, {"text": of_windows}, level=1e-4)
    assert not found.passages
    assert "needs 9999" in found.reason


def test_windows_hold_every_word_once() -> None:
    """Nothing is left out and nothing stands twice, whatever the length."""
    for words in range(1, 800, 37):
        text = " ".join(f"word{at}{'.' if at % 9 == 0 else ''}" for at in range(words))
        windows = windows_of(text, "text")
        assert " ".join(text[each.start : each.stop] for each in windows) == text


def test_windows_of_code_hold_every_line_once() -> None:
    """As of prose."""
    for lines in range(1, 300, 13):
        code = "".join(f"line = {at}\n" for at in range(lines))
        windows = windows_of(code, "code")
        assert "".join(code[each.start : each.stop] for each in windows) == code


def test_nothing_has_no_windows() -> None:
    """White space is no document."""
    assert windows_of("  \n ", "text") == ()
    assert windows_of("", "code") == ()

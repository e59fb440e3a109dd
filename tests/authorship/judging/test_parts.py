"""Documents of two authors: no claim about all of one, and no more false ones than without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from phalanx.authorship.documents import Document
from phalanx.authorship.judging import CONSISTENT, judge, seen_of
from phalanx.authorship.judging.parts import Parts, parts_of
from phalanx.authorship.reference import Calibrated
from phalanx.authorship.reference.calibrated import cells_of

Author = Callable[..., list[Document]]

LEVEL = 0.02


@pytest.fixture(scope="module")
def of_lengths(model: Calibrated, author: Author) -> Calibrated:
    """Return the detector with human documents as long as windows, and longer ones."""
    held_out = [seen_of(each) for each in author("human", 400, 60, words=62)]
    held_out += [seen_of(_document(author, 700 + at, *["human"] * 3)) for at in range(400)]
    cells = cells_of(model.detector, held_out, ["en"] * 800, ["made up"] * 800)
    return replace(model, cells=cells)


def _document(author: Author, seed: int, *who: str) -> Document:
    """Return a document whose parts of 124 words are by different authors."""
    parts = [author(each, 1, 1000 * at + seed, words=62)[0] for at, each in enumerate(who)]
    content = " ".join(each.content for each in parts)
    return replace(parts[0], document_id=str(seed), group=str(seed), content=content)


def test_a_document_of_two_authors_is_mixed(of_lengths: Calibrated, author: Author) -> None:
    """Two parts by a model, then two by a human: no claim about all of it."""
    asked = [_document(author, seed, "model", "model", "human", "human") for seed in range(40)]
    said = [each.verdict for each in judge(asked, {"text": of_lengths}, level=LEVEL).judgements]
    assert said.count("mixed") > 20
    assert said.count(CONSISTENT) <= 5


def test_a_document_of_one_author_is_claimed(of_lengths: Calibrated, author: Author) -> None:
    """Four parts by a model: the claim is seldom taken back."""
    asked = [_document(author, seed, *["model"] * 4) for seed in range(40)]
    found = judge(asked, {"text": of_lengths}, level=LEVEL)
    said = [each.verdict for each in found.judgements]
    assert said.count(CONSISTENT) > 30
    assert said.count("mixed") <= 4
    assert found.batch.consistent == said.count(CONSISTENT)


def test_what_is_mixed_has_no_rank_and_a_reason(of_lengths: Calibrated, author: Author) -> None:
    """Nothing is said of it, neither for nor against; it counts as asked about."""
    asked = _document(author, 3, "model", "model", "human", "human")
    found = judge([asked], {"text": of_lengths}, level=LEVEL)
    (said,) = found.judgements
    assert (said.verdict, said.log10_p) == ("mixed", None)
    assert said.reason.startswith("its parts disagree: 2 of 4 windows score as humans do")
    assert (found.batch.judged, found.batch.counted, found.batch.log10_p) == (0, 1, 0.0)


def test_abstaining_makes_no_false_claim(of_lengths: Calibrated, author: Author) -> None:
    """Humans alone: what is claimed with the parts read again was claimed without."""
    asked = [_document(author, seed, *["human"] * 3) for seed in range(100)]
    found = judge(asked, {"text": of_lengths}, level=0.1)
    told = [each.verdict for each in found.judgements]
    rate = (told.count(CONSISTENT) + told.count("mixed")) / 100
    assert rate <= 0.1 + 4.0 * np.sqrt(0.09 * (1 / 100 + 1 / 401))
    assert told.count("mixed") > told.count(CONSISTENT)


def test_one_window_has_nothing_to_disagree_with(of_lengths: Calibrated, author: Author) -> None:
    """A short document is read whole as it is."""
    (document,) = author("model", 1, 7, words=60)
    assert parts_of(document, of_lengths, "made up") == Parts(0, 0)
    assert not Parts(0, 0).disagree


def test_one_odd_window_of_many_is_no_second_author() -> None:
    """Of twenty windows one is enough, of forty two are needed."""
    assert Parts(20, 1).disagree
    assert not Parts(40, 1).disagree
    assert Parts(40, 2).disagree

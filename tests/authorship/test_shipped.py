"""The detector that is shipped: small, safe to read, calibrated, and free of known leaks."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import numpy as np
import pytest

from phalanx.authorship.documents import Document
from phalanx.authorship.judging import judge, seen_of
from phalanx.authorship.reference import Calibrated, shipped_models

ESSAY = (
    "People says that the school should start more late, because many students they dont sleep "
    "enough and than they are tired in class. I think is a good idea but the parents has to go to "
    "work and who will bring the little ones? My cousin he wakes up at five and falls asleep on "
    "the bus every single day. So if we start at nine maybe we finish at four and then nobody can "
    "go to practice, which my coach would hate it."
)


@pytest.fixture(scope="module")
def shipped() -> Calibrated:
    """Return the detector of text."""
    return shipped_models()[0]


def scores_of(model: Calibrated, *texts: str) -> list[float]:
    """Return the score of each text."""
    documents = [
        Document(document_id="a", kind="text", content=text, language="en", group="a", source="a")
        for text in texts
    ]
    return [float(each) for each in model.detector.scores([seen_of(each) for each in documents])]


def test_it_is_small_and_says_what_it_is(shipped: Calibrated) -> None:
    """A few megabytes, its digest, its sources and its reference."""
    content = (files("phalanx.authorship") / "shipped" / "text.detector").read_bytes()
    assert len(content) < 6e6
    assert shipped.digest == hashlib.sha256(content).hexdigest()
    assert shipped.domains == (
        "encyclopaedia", "essay", "medical answer", "medical article", "news", "story",
    )  # fmt: skip
    assert "human documents, essay" in shipped.detector.about


def test_it_carries_claims_at_one_percent(shipped: Calibrated) -> None:
    """Essays, news and stories of every length that they have; medicine is too few, and told."""
    enough = {(cell.domain, cell.size_from) for cell in shipped.cells if cell.documents >= 99}
    for domain in ("essay", "news", "story"):
        assert {(domain, 30), (domain, 60), (domain, 120)} <= enough
    assert not any(domain.startswith("medical") for domain, _ in enough)


def test_known_leaks_change_nothing(shipped: Calibrated) -> None:
    """Names replaced by marks, tokenised commas, capitals, wraps, quotes: the same score."""
    plain, *disguised = scores_of(
        shipped,
        ESSAY,
        ESSAY.replace("My cousin", "My @CAPS1 cousin"),
        ESSAY.replace(",", " ,").replace("?", " ?").replace(".", " ."),
        ESSAY.lower(),
        ESSAY.replace(" ", "\n"),
        f"<email> {ESSAY}",
    )
    assert disguised == pytest.approx([plain] * len(disguised), abs=1e-9)


def test_marks_of_collections_are_no_words() -> None:
    """A document of nothing but marks has no words, so that none can be fitted to."""
    marked = " ".join(["@CAPS1 @LOCATION2 @NUM3"] * 40)
    assert seen_of(
        Document(document_id="a", kind="text", content=marked, language="en", group="a", source="a")
    ).size == 0  # fmt: skip


def test_an_essay_of_a_learner_is_not_called_consistent(shipped: Calibrated) -> None:
    """A writer whose second language is English, at 1 %."""
    document = Document(
        document_id="a", kind="text", content=ESSAY, language="en", group="a", source="a"
    )
    (found,) = judge([document], {"text": shipped}, level=0.01).judgements
    assert found.verdict != "consistent with a model's writing"


def test_cells_are_in_order(shipped: Calibrated) -> None:
    """Scores rise: the order of the documents is not given away."""
    for cell in shipped.cells:
        assert (np.diff(cell.scores) >= 0).all()


def test_code_is_ranked_among_code_of_professionals() -> None:
    """Text comes first; the detector of code is small, and its cells carry claims at 1 %."""
    text, code = shipped_models()
    assert (text.detector.kind.name, code.detector.kind.name) == ("text", "code")
    content = (files("phalanx.authorship") / "shipped" / "code.detector").read_bytes()
    assert len(content) < 3e6
    assert code.domains == ("library",)
    assert {cell.size_from for cell in code.cells if cell.documents >= 99} == {10, 20, 40}
    assert code.detector.languages == ("python",)
    assert "networkx 2.5 (2020)" in code.about
    assert "library" not in code.detector.about


def test_unnamed_domains_pay_a_margin(shipped: Calibrated) -> None:
    """What humans of a domain that was left out lay above the others; an own reference has none."""
    assert 2.0 < shipped.margin < 4.0
    _, code = shipped_models()
    assert code.margin == 0.0

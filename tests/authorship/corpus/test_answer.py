"""The answer about a corpus: what the reference and the known documents let it say, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.authorship.corpus import Asked, Known, Table, answered, known_of
from phalanx.authorship.documents import Document
from phalanx.authorship.reference import Calibrated
from phalanx.evidence import conformal_p_values

Author = Callable[..., list[Document]]

LEVEL = 0.02


def _table(p_values: npt.NDArray[np.float64], reference: int) -> Table:
    """Return what is noted of documents that have nothing in common."""
    count = p_values.size
    return Table(
        names=tuple(str(at) for at in range(count)),
        groups=tuple(str(at) for at in range(count)),
        reasons=("",) * count,
        log10_p=np.log10(p_values),
        reference=np.full(count, reference),
        served=np.full(count, np.nan),
        bands=np.arange(1, 6 * count + 1).reshape(count, 6),
    )


def _ranked(
    scores: npt.NDArray[np.float64], references: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the largest rank among several domains."""
    return np.asarray(np.max([conformal_p_values(scores, each) for each in references], axis=0))


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("domains", [1, 3])
def test_the_interval_covers_whatever_reference_was_drawn(share: float, domains: int) -> None:
    """200 corpora of 300, a reference drawn for each of them, one domain or the worst of three.

    Models score two deviations higher, and how many of them are claimed is measured on a hundred.
    """
    random = np.random.default_rng(11)
    covered = []
    for _ in range(200):
        references = random.normal(size=(domains, 199))

        of_model = random.random(300) < share
        p_values = _ranked(random.normal(size=300) + 2.0 * of_model, references)
        of_known = _ranked(random.normal(size=100) + 2.0, references)
        known = Known(claimed=int((of_known <= LEVEL).sum()), documents=100)
        found = answered(_table(p_values, 199), "a model's writing", LEVEL, 0.1, known).share
        covered.append(found.low <= share <= found.high)
    assert np.mean(covered) >= 0.95


def test_no_rate_of_false_claims_is_taken_for_granted() -> None:
    """A margin or a second domain may keep all humans below the level: nothing is taken off."""
    p_values = np.where(np.arange(1000) < 300, 0.01, 0.9)
    known = Known(claimed=1000, documents=1000)
    found = answered(_table(p_values, 199), "a model's writing", LEVEL, 0.1, known)
    assert found.rates.false_low == 0.0
    assert found.rates.false_high > 0.04
    assert found.share.high >= 0.3


def test_a_small_domain_that_objected_is_the_worst_of_the_references() -> None:
    """Of forty humans the highest is passed by one in forty-one."""
    p_values = np.array([0.01, 0.9, 0.9])
    small = answered(_table(p_values, 40), "a model's writing", LEVEL, 0.1, None)
    large = answered(_table(p_values, 999), "a model's writing", LEVEL, 0.1, None)
    assert small.rates.false_high > large.rates.false_high > LEVEL


def test_copies_of_a_known_document_are_one(model: Calibrated, author: Author) -> None:
    """A hundred copies of one answer say of how many answers are found as much as one does."""
    asked = Asked(models={"text": model}, level=0.05)
    documents = author("model", 30, 42)
    once = known_of(documents, asked)
    copies = [replace(each, document_id=f"{each.document_id}-{at}") for at in range(5)
              for each in documents]  # fmt: skip
    assert known_of(copies, asked) == once
    assert once.documents == 30
    assert once.claimed > 15


def test_known_documents_that_are_too_short_are_none(model: Calibrated, author: Author) -> None:
    """Nothing is measured then, and the share has no upper bound."""
    asked = Asked(models={"text": model}, level=0.05)
    short = [replace(each, content="of the") for each in author("model", 3, 42)]
    assert known_of(short, asked) == Known(claimed=0, documents=0)


def test_a_list_that_no_reference_carries_is_told() -> None:
    """Of 300 documents 100 above all of 199 humans are no list at 5 %, and above 9,999 they are."""
    p_values = np.where(np.arange(300) < 100, 1.0, 0.0)
    for reference, listed in ((199, 0), (9_999, 100)):
        ranks = np.where(p_values == 1.0, 1.0 / (reference + 1), 0.9)
        found = answered(_table(ranks, reference), "a model's writing", LEVEL, 0.05, None)
        assert found.listed.sum() == listed
        assert found.list_needs is not None
        assert (found.list_needs <= 100) == (listed > 0)

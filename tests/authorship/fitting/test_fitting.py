"""Fitting: solvers reach the optimum, fusions are fitted to what parts have not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from phalanx.authorship.documents import Document
from phalanx.authorship.features import KINDS
from phalanx.authorship.fitting import Labelled, fit_detector
from phalanx.authorship.fitting.fit import _folds, fit_fusion
from phalanx.authorship.fitting.logistic import fit_logistic
from phalanx.authorship.fitting.margin import Sparse, fit_margin
from phalanx.authorship.judging import seen_of
from phalanx.authorship.reference import Calibrated
from phalanx.errors import InputError

Author = Callable[..., list[Document]]


def test_logistic_regression_finds_the_odds() -> None:
    """One feature with odds of 3 and of 1/3: the weight is their log-ratio, both classes alike."""
    rows = np.array([[0.0]] * 8 + [[1.0]] * 8)
    is_model = np.array([True] * 2 + [False] * 6 + [True] * 6 + [False] * 2)
    for given in (rows, csr_matrix(rows)):
        weights, intercept = fit_logistic(given, is_model, 1e-9)
        assert weights[0] == pytest.approx(np.log(9.0), abs=1e-3)
        assert intercept == pytest.approx(-np.log(3.0), abs=1e-3)


def test_classes_of_unequal_size_count_alike() -> None:
    """Ten times as many humans move nothing."""
    rows = np.array([[0.0], [1.0], [2.0], [3.0]])
    is_model = np.array([False, True, False, True])
    few = fit_logistic(rows, is_model, 1e-6)
    again = np.array([0, 2] * 9 + [0, 1, 2, 3])
    many = fit_logistic(rows[again], is_model[again], 1e-6)
    assert many[0] == pytest.approx(few[0], abs=1e-2)
    assert many[1] == pytest.approx(few[1], abs=1e-2)


def test_the_widest_margin_is_found() -> None:
    """The gradient of the stated objective vanishes at what is returned."""
    random = np.random.default_rng(5)
    rows = random.normal(size=(60, 5)).astype(np.float32)
    is_model = rows[:, 0] + 0.5 * random.normal(size=60) > 0.3
    table = Sparse(
        np.arange(61) * 5, np.tile(np.arange(5, dtype=np.int32), 60), rows.ravel(), 5, np.arange(60)
    )
    with_ones = np.column_stack([rows, np.ones(60)])
    shares = np.where(is_model, 60 / is_model.sum(), 60 / (~is_model).sum()) / 2

    def loss(weights: npt.NDArray[np.float64]) -> float:
        margins = np.where(is_model, 1.0, -1.0) * (with_ones @ weights)
        lost = (shares * np.maximum(0.0, 1.0 - margins) ** 2).sum()
        return float(0.5 * weights @ weights + lost)

    found = fit_margin(table, np.arange(60), is_model, 1.0, passes=500, enough=1e-3)
    best = minimize(loss, np.zeros(6))
    assert found == pytest.approx(best.x[:5], abs=0.01)


def test_folds_part_no_group_and_hold_out_whole_sources(labelled: Labelled) -> None:
    """Documents of one task are on one side; each collection is a fold of its own."""
    paired = Labelled(labelled.documents, labelled.is_model, np.arange(400) // 4, labelled.source)
    folds = _folds(paired)
    for out in folds[:3]:
        inside = np.setdiff1d(np.arange(400), out)
        assert not set(paired.group[out]) & set(paired.group[inside])
    assert [set(paired.source[out]) for out in folds[3:]] == [{0}, {1}]


def test_where_a_collection_stands_as_a_whole_teaches_the_fusion_nothing() -> None:
    """A part that is higher for all of a collection of models gets no weight for that."""
    random = np.random.default_rng(7)
    is_model = [np.arange(400) % 10 == 0, np.arange(400) % 10 != 0]
    said = []
    for fold, of_fold in enumerate(is_model):
        knows = of_fold + random.normal(size=400)
        stands = 5.0 * fold + random.normal(size=400)
        rest = random.normal(size=(400, 3))
        said.append(np.column_stack([knows, stands, rest]))
    weights = fit_fusion(said, is_model).weights
    assert weights[0] > 0.5
    assert weights[1] < 0.3 * weights[0]


def test_no_part_speaks_for_the_other_side() -> None:
    """A part that is higher for humans, by chance or because it leans on another, is left out."""
    random = np.random.default_rng(8)
    is_model = np.arange(600) % 2 == 0
    said = random.normal(size=(600, 5))
    said[:, 0] += is_model
    said[:, 1] -= is_model
    weights = fit_fusion([said], [is_model]).weights
    assert weights[0] > 0.5
    assert weights[1] == 0.0


def test_beginnings_teach_the_fusion_alone(labelled: Labelled) -> None:
    """With beginnings of the documents beside them, the tables of n-grams stay as they were."""
    whole = np.arange(400) < 300
    cut = Labelled(labelled.documents, labelled.is_model, labelled.group, labelled.source, whole)
    rows = np.flatnonzero(whole)
    alone = Labelled(
        [labelled.documents[int(row)] for row in rows],
        labelled.is_model[rows], labelled.group[rows], labelled.source[rows],
    )  # fmt: skip
    both = [fit_detector(each, KINDS["text"], ("en",), "cut") for each in (cut, alone)]
    assert np.array_equal(both[0].runs.weights, both[1].runs.weights)
    assert np.array_equal(both[0].letters.weights, both[1].letters.weights)
    assert not np.array_equal(both[0].fusion.centre, both[1].fusion.centre)


def test_the_fused_score_tells_authors_apart(model: Calibrated, author: Author) -> None:
    """On documents that nobody fitted to: nine of ten pairs and more are in the right order."""
    human, machine = (
        model.detector.scores([seen_of(each) for each in author(name, 200, seed)])
        for name, seed in (("human", 11), ("model", 12))
    )
    assert (machine[:, None] > human[None]).mean() > 0.9


def test_nobody_is_told_apart_from_himself(author: Author) -> None:
    """Labels that mean nothing give a detector that knows nothing: the folds see no leak."""
    documents = [seen_of(each) for each in author("human", 300, 21)]
    is_model = np.arange(300) % 2 == 0
    detector = fit_detector(
        Labelled(documents, is_model, np.arange(300), np.zeros(300, dtype=np.int64)),
        KINDS["text"], ("en",), "nothing",
    )  # fmt: skip
    fresh = detector.scores([seen_of(each) for each in author("human", 300, 22)])
    assert np.abs(fresh).max() < 1.0


def test_too_few_documents_are_refused(labelled: Labelled) -> None:
    """Ninety documents of humans are told, with what is needed."""
    rows = np.arange(110, 400)
    few = Labelled(
        [labelled.documents[int(row)] for row in rows], labelled.is_model[rows], rows, rows
    )
    with pytest.raises(InputError, match="90 documents of humans and 200 of models"):
        fit_detector(few, KINDS["text"], ("en",), "few")

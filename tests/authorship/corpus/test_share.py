"""The share of a corpus: intervals cover it, lists keep their rate, copies count once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from tests.authorship.served.conftest import text

from phalanx.authorship.corpus import Rates, share_of
from phalanx.authorship.corpus.clusters import bands_of, clusters_of
from phalanx.authorship.corpus.share import cluster_e_values, e_values, interval
from phalanx.authorship.served.phrases import index_key, phrases_of

LEVEL, FALSE, TRUE = 0.01, 0.01, 0.6


def _corpus(random: np.random.Generator, share: float, count: int) -> npt.NDArray[np.float64]:
    """Return p-values of documents of which a share is a model's."""
    of_model = random.random(count) < share
    found = of_model & (random.random(count) < TRUE)
    p_values = np.where(found, LEVEL * random.random(count), random.random(count))
    return np.log10(p_values)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_the_interval_covers_the_share(share: float) -> None:
    """The interval covers the share."""
    random = np.random.default_rng(6)
    covered = []
    for _ in range(300):
        # How often true claims are made is measured on 100 documents of the model. A model's
        # document that is not found may still be claimed by chance.
        true = interval(int(random.binomial(100, TRUE + (1 - TRUE) * FALSE)), 100, 0.05 / 3)
        rates = Rates(false_low=FALSE, false_high=FALSE, true_low=true[0], true_high=true[1])
        found = share_of(_corpus(random, share, 300), np.arange(300), LEVEL, rates, 0.1)
        covered.append(found.low <= share <= found.high)
    assert np.mean(covered) >= 0.95


def test_a_list_keeps_its_rate_of_false_discoveries() -> None:
    """A list keeps its rate of false discoveries."""
    random = np.random.default_rng(7)
    rates = Rates(false_low=0.0, false_high=FALSE, true_low=0.0, true_high=1.0)
    wrong = []
    for _ in range(200):
        null = random.random(400) > 0.3
        p_values = np.where(null, random.random(400), LEVEL * random.random(400) * 0.1)
        found = share_of(np.log10(p_values), np.arange(400), LEVEL, rates, 0.1)
        wrong.append((found.discovered & null).sum() / max(found.discovered.sum(), 1))
        assert found.discovered.sum() > 60
    assert np.mean(wrong) <= 0.1


def test_e_values_have_a_mean_of_at_most_one_under_the_null() -> None:
    """E values have a mean of at most one under the null."""
    random = np.random.default_rng(8)
    # Ranks among 999, as a detector gives them.
    p_values = random.integers(1, 1001, 200_000) / 1000
    e = 10.0 ** e_values(np.log10(p_values), LEVEL)
    assert e.mean() <= 1.0 + 4.0 * e.std() / np.sqrt(e.size)


def test_copies_of_a_document_are_one_observation() -> None:
    """Copies of a document are one observation."""
    rates = Rates(false_low=0.0, false_high=FALSE, true_low=0.0, true_high=1.0)
    once = share_of(np.array([-3.0, *np.zeros(9)]), np.arange(10), LEVEL, rates, 0.1)
    copies = share_of(
        np.array([*np.full(1000, -3.0), *np.zeros(9)]),
        np.array([*np.zeros(1000), *range(1, 10)], dtype=np.int64),
        LEVEL, rates, 0.1,
    )  # fmt: skip
    assert (once.clusters, once.claimed) == (copies.clusters, copies.claimed) == (10, 1)
    assert once.low == copies.low
    assert once.log10_e == pytest.approx(copies.log10_e)


def test_the_value_of_a_cluster_does_not_grow_with_its_size() -> None:
    """The value of a cluster does not grow with its size."""
    alone = cluster_e_values(np.array([1.0]), np.array([0]))
    many = cluster_e_values(np.full(500, 1.0), np.zeros(500, dtype=np.int64))
    assert alone == pytest.approx(many)


def test_near_duplicates_fall_together_and_other_texts_do_not() -> None:
    """Near duplicates fall together and other texts do not."""
    copies = [text(1), text(1).upper(), text(1) + " " + text(2, 20)]
    others = [text(seed) for seed in range(10, 40)]
    texts = pa.array([*copies, *others])
    bands = bands_of(phrases_of(texts, index_key(bytes(32)), overlapping=False), len(texts))
    clusters = clusters_of(bands, np.arange(len(texts)))
    assert clusters[:3].tolist() == [0, 0, 0]
    assert np.unique(clusters[3:]).size == len(others)


def test_documents_of_one_commit_are_one_observation() -> None:
    """Documents of one commit are one observation."""
    bands = np.arange(1, 25).reshape(4, 6)
    assert clusters_of(bands, np.array([0, 1, 0, 2])).tolist() == [0, 1, 0, 2]


def test_documents_without_phrases_are_not_taken_for_each_other() -> None:
    """Documents without phrases are not taken for each other."""
    assert clusters_of(np.zeros((3, 6), dtype=np.int64), np.arange(3)).tolist() == [0, 1, 2]


def test_without_known_documents_there_is_no_upper_bound() -> None:
    """Without known documents there is no upper bound."""
    rates = Rates(false_low=0.0, false_high=FALSE, true_low=0.0, true_high=1.0)
    found = share_of(np.zeros(100), np.arange(100), LEVEL, rates, 0.1)
    assert (found.low, found.high, found.estimate) == (0.0, 1.0, None)


def test_an_empty_corpus_says_nothing() -> None:
    """An empty corpus says nothing."""
    rates = Rates(false_low=0.0, false_high=FALSE, true_low=0.5, true_high=1.0)
    found = share_of(np.zeros(0), np.zeros(0, dtype=np.int64), LEVEL, rates, 0.1)
    assert (found.clusters, found.low, found.high, found.estimate) == (0, 0.0, 1.0, None)


def test_an_interval_covers_a_share() -> None:
    """An interval covers a share."""
    random = np.random.default_rng(9)
    hits = random.binomial(50, 0.1, size=2000)
    covered = [low <= 0.1 <= high for low, high in (interval(int(each), 50, 0.05) for each in hits)]
    assert np.mean(covered) >= 0.95

"""A suspect that never saw our order follows it as rarely as stated; one that did is seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from phalanx.evidence.tails import EXACT_UP_TO
from phalanx.model import Inconclusive
from phalanx.provenance.order_test import OrderFinding, mean_log_probability, weigh_order
from phalanx.provenance.sources import LogprobSource


def _found(log_p: object, *, at: object) -> OrderFinding:
    found = weigh_order(np.asarray(log_p, dtype=float), np.asarray(at))
    assert isinstance(found, OrderFinding)
    return found


@pytest.mark.parametrize("kind", ["plain", "heavy tails", "many alike", "more texts than exact"])
def test_p_values_hold_for_orders_that_nobody_saw(kind: str) -> None:
    """Over random orders of the same texts, p is uniform; with ties or a bound it is larger."""
    random = np.random.default_rng(0)
    size = EXACT_UP_TO + 100 if kind == "more texts than exact" else 60
    likely = {
        "plain": random.normal(size=size),
        "heavy tails": random.standard_cauchy(size),
        "many alike": random.integers(0, 12, size).astype(float),
        "more texts than exact": random.normal(size=size),
    }[kind]
    runs = 200 if kind == "more texts than exact" else 2000
    p = 10.0 ** np.array([_found(likely, at=random.permutation(size)).log10_p for _ in range(runs)])
    for level in (0.5, 0.1, 0.01):
        count = int((p <= level).sum())
        assert stats.binomtest(count, runs, level, alternative="greater").pvalue > 1e-4
    if kind in {"plain", "heavy tails"}:
        assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_few_texts_are_counted_exactly() -> None:
    """Seven texts in their order have one chance in 5,040; fewer than seven say why not."""
    found = _found(range(7), at=np.arange(7))
    assert 10.0**-found.log10_p == pytest.approx(math.factorial(7))
    assert found.correlation == 1.0
    short = weigh_order(np.arange(6.0), np.arange(6))
    assert isinstance(short, Inconclusive)
    assert "7 texts do" in short.reason


def test_memory_is_seen_through_what_all_models_find_likely() -> None:
    """A weak trace is lost among the texts' own likelihoods, and a reference shows it."""
    random = np.random.default_rng(1)
    seen, texts = random.permutation(500), random.normal(size=500)
    suspect = texts + 0.05 * random.normal(size=500) + 0.0004 * seen
    reference = texts + 0.05 * random.normal(size=500)
    assert _found(suspect, at=seen).log10_p > -4
    found = weigh_order(suspect, seen, reference)
    assert isinstance(found, OrderFinding)
    assert found.log10_p < -20
    assert "minus a reference's" in found.evidence().observation
    assert found.evidence().log10_p == found.log10_p


def test_texts_without_tokens_are_left_out() -> None:
    """A model that gives a text no number does not move the others."""

    class Source:
        name = "one token each, but for the first text"

        def log_probabilities(self, texts: list[str]) -> list[np.ndarray]:
            return [np.array([-1.0 / at] if at else []) for at, _ in enumerate(texts)]

        def answers(self, questions: list[str], tokens: int) -> list[str | None]:
            return [None for _ in questions[:tokens]]

    source = Source()
    assert isinstance(source, LogprobSource)
    likely = mean_log_probability(source, ["x"] * 9)
    assert np.isnan(likely[0])
    assert _found(likely, at=np.arange(9)).texts == 8


def test_what_is_no_order_is_refused() -> None:
    """Positions that come twice, and arrays of other shapes, are errors."""
    with pytest.raises(ValueError, match="comes twice"):
        weigh_order(np.arange(9.0), np.zeros(9, int))
    with pytest.raises(ValueError, match="shapes differ"):
        weigh_order(np.arange(9.0), np.arange(8))

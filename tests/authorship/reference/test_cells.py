"""Ranks among human documents keep their level; so do counts of them."""

from __future__ import annotations

import numpy as np
import pytest

from phalanx.authorship.reference import Cell, needed_for
from phalanx.authorship.reference.cells import batch_log10_p, realised_interval, shift_log10_p


def cell(size: int, random: np.random.Generator) -> Cell:
    """Return a reference of this size."""
    return Cell("x", "en", 60, random.normal(size=size), random.normal(size=(size, 2)))


def test_a_score_that_is_no_number_accuses_nobody() -> None:
    """Sorted among numbers it would stand above all of them."""
    ranks = cell(99, np.random.default_rng(6)).p_values(np.array([np.nan, np.inf, 9.0]))
    assert ranks.tolist() == [1.0, 1.0, 0.01]


@pytest.mark.parametrize("level", [0.01, 0.05, 0.5])
def test_p_values_keep_their_level(level: float) -> None:
    """Over 4,000 references and documents, all exchangeable: at most the level, and near it."""
    random = np.random.default_rng(7)
    ranks = np.array([cell(99, random).p_values(random.normal(size=1))[0] for _ in range(4_000)])
    rate = (ranks <= level + 1e-12).mean()
    assert abs(rate - level) < 4.0 * np.sqrt(level * (1 - level) / 4_000)


def test_ranks_of_strangeness_keep_their_level() -> None:
    """Two traits that move together or apart: never more often than the level."""
    random = np.random.default_rng(8)
    for tied in (0.0, 1.0):
        below = 0
        for _ in range(3_000):
            drawn = random.normal(size=(200, 2))
            drawn[:, 1] += tied * 9.0 * drawn[:, 0]
            reference = Cell("x", "en", 60, drawn[1:, 0], drawn[1:])
            below += int(reference.strange_p_values(drawn[:1])[0] <= 0.02)
        assert below / 3_000 < 0.02 + 4.0 * np.sqrt(0.02 * 0.98 / 3_000)


def test_counts_of_a_batch_keep_their_level() -> None:
    """Fifty documents beside one reference of 199: the p-value of their count is valid."""
    random = np.random.default_rng(9)
    logs = np.array(
        [
            batch_log10_p(cell(199, random).p_values(random.normal(size=50)), 199, 0.05)
            for _ in range(4_000)
        ]
    )
    for level in (0.3, 0.1, 0.01):
        rate = (logs <= np.log10(level)).mean()
        assert rate <= level + 4.0 * np.sqrt(level * (1 - level) / 4_000)
    assert (logs <= np.log10(0.3)).mean() > 0.1, "the test has no power at all"


def test_the_realised_rate_lies_in_its_interval() -> None:
    """Of 1,000 references of 199, 95 % flag a share of humans within the stated interval."""
    random = np.random.default_rng(10)
    low, high = realised_interval(199, 0.05)
    inside = 0
    for _ in range(1_000):
        reference = random.uniform(size=199)
        rate = 1.0 - np.sort(reference)[-10]
        inside += int(low <= rate <= high)
    assert 0.92 < inside / 1_000 < 0.98


def test_a_level_needs_its_documents() -> None:
    """With one document fewer no rank is as small."""
    random = np.random.default_rng(11)
    for level in (0.1, 0.05, 0.01, 0.001):
        needed = needed_for(level)
        reference = cell(needed, random)
        assert reference.p_values(np.array([99.0]))[0] <= level + 1e-12
        assert cell(needed - 1, random).p_values(np.array([99.0]))[0] > level
    assert batch_log10_p(np.zeros(5), 98, 0.01) == 0.0
    assert realised_interval(98, 0.01) == (0.0, 0.0)


def test_a_batch_is_rarely_called_shifted_by_chance() -> None:
    """60 documents beside one reference of 150, both traits tied: at most the level."""
    random = np.random.default_rng(12)
    logs = []
    for _ in range(2_000):
        drawn = random.normal(size=(210, 2))
        drawn[:, 1] += drawn[:, 0]
        reference = Cell("x", "en", 60, drawn[:150, 0], drawn[:150])
        logs.append(shift_log10_p(reference.strange_p_values(drawn[150:]), 150))
    for level in (0.1, 0.01):
        rate = (np.array(logs) <= np.log10(level)).mean()
        assert rate <= level + 4.0 * np.sqrt(level * (1 - level) / 2_000)

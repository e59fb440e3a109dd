"""The witness: valid at every size and for every population, and sharp where members agree."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.evidence import Witness
from phalanx.evidence.witness import MOST_MEMBERS

Vectors = npt.NDArray[np.float64]
DIMENSIONS = 8
DRAWS = 10_000
CROWDS = 20


def normal(generator: np.random.Generator, parties: int) -> Vectors:
    """Draw parties that differ a little in everything."""
    return generator.normal(size=(parties, DIMENSIONS))


def clustered(generator: np.random.Generator, parties: int) -> Vectors:
    """Draw parties of few kinds, some of which are common."""
    kinds = 3.0 * generator.normal(size=(12, DIMENSIONS))
    return kinds[generator.zipf(1.5, parties) % 12] + 0.3 * normal(generator, parties)


def tied(generator: np.random.Generator, parties: int) -> Vectors:
    """Draw parties many of which are equal."""
    kinds = generator.integers(0, 2, size=(8, DIMENSIONS)).astype(np.float64)
    return kinds[generator.integers(0, 8, parties)]


def heavy(generator: np.random.Generator, parties: int) -> Vectors:
    """Draw parties a few of which lie far out."""
    return generator.standard_t(1.2, size=(parties, DIMENSIONS))


POPULATIONS = (normal, clustered, tied, heavy)


def draw_of(generator: np.random.Generator, parties: int) -> npt.NDArray[np.int64]:
    """Draw the order in which members enter."""
    return generator.integers(0, 2**62, parties)


@pytest.mark.parametrize("population", POPULATIONS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("size", "parties"), [(2, 20), (6, 60), (20, 200), (60, 150)])
def test_chance_groups_have_no_evidence(size: int, parties: int, population: object) -> None:
    """Over 10,000 groups in countries that differ widely, the mean and the tails of e hold."""
    generator = np.random.default_rng(size)
    log10_es: list[float] = []
    for _ in range(CROWDS):
        strata = generator.integers(0, 3, parties)
        vectors = population(generator, parties) + 2.0 * strata[:, None]  # type: ignore[operator]
        witness = Witness(vectors, strata, draw_of(generator, parties))
        groups = [generator.choice(parties, size, replace=False) for _ in range(DRAWS // CROWDS)]
        log10_es += [test.log10_e for test in witness.test_groups(groups)]
    e = 10.0 ** np.array(log10_es)
    assert e.size == DRAWS
    assert e.mean() <= 1.0 + 3.0 * e.std() / np.sqrt(e.size)
    for alpha in (0.1, 0.01, 0.001):
        assert np.mean(e >= 1.0 / alpha) <= alpha + 3.0 * np.sqrt(alpha * (1 - alpha) / e.size)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_mean_over_every_assignment_is_at_most_one(size: int) -> None:
    """Whoever of six parties wrote what: over all 720 ways the mean of e is at most one."""
    generator = np.random.default_rng(2)
    vectors, draw = normal(generator, 6)[:, :2], draw_of(generator, 6)
    strata, members = np.zeros(6, dtype=np.int64), np.arange(size)
    e = [
        10.0 ** Witness(vectors[list(order)], strata, draw).test_groups([members])[0].log10_e
        for order in permutations(range(6))
    ]
    assert np.mean(e) <= 1.0 + 1e-9


def planted(members: int, shift: float) -> Witness:
    """Return 600 parties of which the first few lean one way."""
    generator = np.random.default_rng(7)
    vectors = normal(generator, 600)
    vectors[:members, :2] += shift
    return Witness(vectors, np.arange(600) % 2, draw_of(generator, 600))


def test_members_that_write_alike_are_told_from_chance() -> None:
    """The more alike they are and the more they are, the more is said."""
    few, many = (planted(n, 2.0).test_groups([np.arange(n)])[0] for n in (8, 30))
    assert 1.0 < few.log10_e < many.log10_e
    assert many.ahead > 15
    weak = planted(30, 0.7).test_groups([np.arange(30)])[0]
    assert weak.log10_e < many.log10_e


def test_what_a_whole_country_has_in_common_is_no_evidence() -> None:
    """Members of one country lie where their country lies."""
    generator = np.random.default_rng(8)
    strata = np.arange(600) % 2
    vectors = normal(generator, 600) + 6.0 * strata[:, None]
    (test,) = Witness(vectors, strata, draw_of(generator, 600)).test_groups([np.arange(1, 80, 2)])
    assert test.log10_e < 0.5


def test_nobody_to_compare_with() -> None:
    """One member, members without vectors, and a country of members only say nothing."""
    generator = np.random.default_rng(9)
    vectors, draw = normal(generator, 40), draw_of(generator, 40)
    strata = np.where(np.arange(40) < 5, -1, 0)
    strata[30:] = np.arange(1, 11)
    groups = [np.array([7]), np.arange(5), np.arange(0), np.arange(30, 40)]
    tests = Witness(vectors, strata, draw).test_groups(groups)
    assert [test.members for test in tests] == [0, 0, 0, 0]
    assert max(test.log10_e for test in tests) <= 1e-12


def test_equal_vectors_say_nothing() -> None:
    """Where everybody writes the same nobody stands out."""
    (test,) = Witness(np.ones((50, 4)), np.zeros(50, dtype=np.int64), np.arange(50)).test_groups(
        [np.arange(20)]
    )
    assert test.log10_e < 0.0


def test_large_groups_are_tested_by_some_of_their_members() -> None:
    """Which ones does not depend on what they write."""
    generator = np.random.default_rng(10)
    vectors = normal(generator, 3 * MOST_MEMBERS)
    witness = Witness(vectors, np.zeros(len(vectors), dtype=np.int64), np.arange(len(vectors)))
    (test,) = witness.test_groups([np.arange(2 * MOST_MEMBERS)])
    assert test.members == MOST_MEMBERS - 1


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32))
def test_names_do_not_matter(seed: int) -> None:
    """Parties in another order, and groups listed otherwise, have the same evidence."""
    generator = np.random.default_rng(seed)
    vectors, strata, draw = clustered(generator, 90), generator.integers(0, 3, 90), np.arange(90)
    order = generator.permutation(90)
    place = np.argsort(order)
    group = generator.choice(90, 25, replace=False)
    (before,) = Witness(vectors, strata, draw).test_groups([group])
    (after,) = Witness(vectors[order], strata[order], draw[order]).test_groups(
        [generator.permutation(place[group])]
    )
    assert after.log10_e == pytest.approx(before.log10_e, abs=1e-9)
    assert (after.members, after.ahead, after.compared) == (
        before.members, before.ahead, before.compared,
    )  # fmt: skip


def test_groups_may_overlap() -> None:
    """What is asked about one group leaves no trace in the next."""
    witness = planted(20, 2.0)
    groups = [np.arange(20), np.arange(10, 40), np.arange(20)]
    together = witness.test_groups(groups)
    assert together == [witness.test_groups([group])[0] for group in groups]

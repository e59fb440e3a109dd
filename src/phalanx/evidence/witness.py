"""Do the members of a group write more alike than chance allows?

A two-sample test, member by member: the members before it say in which direction the group
differs from the population (the *witness*), and the rank of the next member in that
direction, among the parties that it could have been, is uniform under the null. A bet on
small ranks multiplies them into an e-value, exact at every size, without resampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from phalanx.evidence.combination import mean
from phalanx.evidence.pool import pool_log10_e

MOST_COMPARED = 256
"""Parties of a stratum outside the group that a member is ranked among."""

MOST_MEMBERS = 1_024
"""Members that are tested; which ones does not depend on their vectors."""

_OWN_MEAN_FROM = 10.0
"""Parties of a stratum from which on its own mean counts more than that of everybody."""

_RIDGE = 0.1
"""Share of the average variance that is added to the variance in every direction."""

_STEPS_PER_UNIT = 1e9
"""Scores are rounded to its reciprocal: those of equal vectors are equal, however added up."""

_LN10 = float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class WitnessTest:
    """Outcome of `Witness.test_groups` for one group."""

    log10_e: float
    """Base-10 logarithm of the e-value."""

    members: int
    """Members that were ranked."""

    ahead: int
    """Members that ranked in the first tenth."""

    compared: int
    """Parties that members were ranked among, besides members."""


class Witness:
    r"""Vectors of a population, ready for many tests.

    Null hypothesis of a test: within each stratum the vectors are exchangeable between
    parties, and the group was chosen without looking at them.

    Members $x_1, \dots, x_n$ enter in an order that does not depend on vectors. The witness
    before member $k$ is $w_k = (\Sigma + \lambda I)^{-1} \sum_{i<k} (x_i - \mu_i)$, with the
    covariance $\Sigma$ of all parties and the mean $\mu_i$ of the stratum of $i$; it is
    renewed when the members before have doubled. The bag of member $k$ holds itself, the
    members after it and the parties outside of the group, all of its stratum. Its p-value is
    the share of the bag whose scores $\langle w_k, x - \mu \rangle$ are no smaller than its own.

    **The p-values are valid one after the other.** Fix the vectors of members $1, \dots, k-1$, and
    for each stratum the multiset of all other vectors. Then $\mu$ and $\Sigma$, which take in
    everybody alike, and $w_k$ are fixed too, and so is the multiset of scores of the bag; under
    the null $x_k$ is any of the bag with equal probability. So
    $P(p_k \le u \mid p_1, \dots, p_{k-1}) \le u$; since $\kappa p^{\kappa-1}$ falls in $p$ and
    integrates to one, each factor has mean at most one given those before, and so has the
    product. Ties count against the group. Members after $k$ must stay in the bag: without
    them the bag would not be what $x_k$ was drawn from.

    The e-value is averaged over the bets of `pool.BETS` and over two orders, one the reverse of
    the other; half of the stake stays on the constant 1.

    Parameters:
        vectors: One vector per party, shape (parties, dimensions).
        strata: Stratum of each party, shape (parties,); negative where a party has no vector.
        draw: Pseudo-random number of each party that does not depend on vectors, shape
            (parties,). It decides in which order members enter, and who is compared.

    Notes:
        Not valid if the group was formed with the help of the vectors.

    References:
        Gretton and others, "A kernel two-sample test", Journal of Machine Learning Research 13
        (2012), on the witness. Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random
        World", section 8.1, on ranks that follow one another. Shekhar & Ramdas,
        "Nonparametric two-sample testing by betting", IEEE Transactions on Information Theory 70
        (2024).

    Examples:
        >>> generator = np.random.default_rng(1)
        >>> vectors, strata = generator.normal(size=(500, 8)), np.zeros(500, dtype=np.int64)
        >>> vectors[:20, :3] += 2.0
        >>> witness = Witness(vectors, strata, generator.integers(0, 2**60, 500))
        >>> alike, chance = witness.test_groups([np.arange(20), np.arange(100, 120)])
        >>> round(alike.log10_e, 1), alike.ahead, round(chance.log10_e, 1)
        (13.2, 18, -0.3)
    """

    def __init__(
        self,
        vectors: npt.NDArray[np.float64],
        strata: npt.NDArray[np.int64],
        draw: npt.NDArray[np.int64],
    ) -> None:
        """Centre the vectors, and choose whom members are compared with."""
        carried = np.flatnonzero(strata >= 0)
        codes = np.unique(strata[carried], return_inverse=True)[1]
        sizes = np.bincount(codes)
        self._draw = draw
        self._strata = np.full(strata.size, -1, dtype=np.int64)
        self._strata[carried] = codes
        self._vectors = np.zeros(vectors.shape)
        centred = vectors[carried] - vectors[carried].mean(axis=0)
        sums = _sums(centred, codes, sizes.size)
        centred -= (sums / (sizes[:, None] + _OWN_MEAN_FROM))[codes]
        self._vectors[carried] = centred
        covariance = centred.T @ centred / carried.size
        spread = float(np.trace(covariance)) / covariance.shape[0]
        # Where all vectors are equal any direction will do.
        ridge = _RIDGE * spread if spread > 0.0 else 1.0
        self._inverse = np.linalg.inv(covariance + ridge * np.eye(covariance.shape[0]))
        self._others = carried[np.lexsort((draw[carried], self._strata[carried]))]
        self._starts = np.concatenate([[0], np.cumsum(sizes)])

    def test_groups(self, groups: Sequence[npt.NDArray[np.int64]]) -> list[WitnessTest]:
        """Test groups of parties, each by itself.

        Parameters:
            groups: Members of each group, without repetition; groups may overlap.

        Returns:
            log10 e = 0 where fewer than two members have a vector.
        """
        outside = np.ones(self._strata.size, dtype=np.bool_)
        return [self._test(members, outside) for members in groups]

    def _test(self, members: npt.NDArray[np.int64], outside: npt.NDArray[np.bool_]) -> WitnessTest:
        """Test one group; `outside` is true everywhere, before and after."""
        carried = members[self._strata[members] >= 0]
        order = carried[np.argsort(self._draw[carried], kind="stable")][:MOST_MEMBERS]
        if order.size < 2:
            return WitnessTest(0.0, 0, 0, 0)
        outside[members] = False
        found = [
            _in_turn(
                self._vectors,
                self._inverse,
                self._strata,
                each,
                self._others,
                self._starts,
                outside,
            )
            for each in (order, order[::-1].copy())
        ]
        outside[members] = True
        log10_es = []
        for p_values, _ in found:
            ranked = p_values[p_values <= 1.0]
            bet = pool_log10_e(ranked, max(ranked.size, 1))
            log10_es.append(float(np.logaddexp(0.0, bet * _LN10) - np.log(2.0)) / _LN10)
        p_values, compared = found[0]
        ranked = p_values[p_values <= 1.0]
        return WitnessTest(
            mean(log10_es), ranked.size, int(np.count_nonzero(ranked <= 0.1)), compared
        )


@numba.njit(cache=True, nogil=True)
def _sums(
    vectors: npt.NDArray[np.float64], codes: npt.NDArray[np.int64], kinds: int
) -> npt.NDArray[np.float64]:
    """Add up the vectors of each kind, shape (kinds, dimensions)."""
    sums = np.zeros((kinds, vectors.shape[1]))
    for row in range(codes.size):
        sums[codes[row]] += vectors[row]
    return sums


@numba.njit(cache=True, nogil=True)
def _in_turn(
    vectors: npt.NDArray[np.float64],
    inverse: npt.NDArray[np.float64],
    strata: npt.NDArray[np.int64],
    members: npt.NDArray[np.int64],
    others: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    outside: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.float64], int]:
    """Return the p-value of each member but the first in its order, and how many are compared.

    A member without anybody to be compared with gets 2, which is no p-value.
    """
    size, dimensions = members.size, vectors.shape[1]
    p_values = np.empty(size - 1)
    scores = np.empty(size)
    of_others = np.empty(others.size)
    used = np.zeros(starts.size - 1, dtype=np.int64)
    asked = np.zeros(starts.size - 1, dtype=np.bool_)
    total = np.zeros(dimensions)
    before, added = 1, 0
    while before < size:
        for place in range(added, before):
            total += vectors[members[place]]
        added = before
        direction = inverse @ total
        length = np.sqrt(np.sum(direction * direction))
        if length > 0.0:
            direction /= length
        for place in range(before, size):
            scores[place] = _score(vectors, members[place], direction)
        asked[:] = False
        until = min(size, 2 * before)
        for place in range(before, until):
            stratum = strata[members[place]]
            start = starts[stratum]
            if not asked[stratum]:
                asked[stratum] = True
                used[stratum] = 0
                for entry in range(start, starts[stratum + 1]):
                    if used[stratum] == MOST_COMPARED:
                        break
                    if outside[others[entry]]:
                        of_others[start + used[stratum]] = _score(vectors, others[entry], direction)
                        used[stratum] += 1
            no_smaller, bag = 1, 1 + used[stratum]
            for entry in range(start, start + used[stratum]):
                no_smaller += of_others[entry] >= scores[place]
            for later in range(place + 1, size):
                if strata[members[later]] == stratum:
                    bag += 1
                    no_smaller += scores[later] >= scores[place]
            p_values[place - 1] = no_smaller / bag if bag > 1 else 2.0
        before = until
    return p_values, int(used.sum())


@numba.njit(cache=True, nogil=True)
def _score(
    vectors: npt.NDArray[np.float64], party: int, direction: npt.NDArray[np.float64]
) -> float:
    return float(np.rint(_product(vectors[party], direction) * _STEPS_PER_UNIT))


# In whatever order terms are added, scores are rounded after it.
@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _product(vector: npt.NDArray[np.float64], direction: npt.NDArray[np.float64]) -> float:
    product = 0.0
    for dimension in range(direction.size):
        product += vector[dimension] * direction[dimension]
    return product

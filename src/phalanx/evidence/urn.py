"""Do the members of a group share values more than chance allows?

One test serves every shared attribute: a payment card, a subnet, an hour of account
creation, the community of texts that a party writes from.

The population is an urn: party by party, each carries one value. Under the null the
group is a draw without replacement, so the probability of the values that it holds is
multivariate hypergeometric, and exactly known. The alternative is a Polya urn, in which
a member copies the value of an earlier member with a probability that grows with the
group (a Dirichlet-multinomial law). The ratio of the two is an e-value, exact at every
sample size, without asymptotics, resampling or a bound set by the number of draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

CONCENTRATIONS = (1.0, 4.0, 16.0, 64.0, 256.0)
"""Dirichlet concentrations of the alternative; small ones bet on few shared values."""

_LN10 = float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class UrnTest:
    """Outcome of `Urn.test`."""

    log10_e: float
    """Base-10 logarithm of the e-value."""

    members: int
    """Members that carried a value."""

    largest_share: int
    """Members that carry the most shared value."""

    distinct_values: int
    """Distinct values among the members."""

    population: int
    """Parties in the urn, members included."""


class Urn:
    r"""The values of one attribute in a population, ready for many tests.

    Null hypothesis of a test: within each stratum the values are exchangeable between
    parties, and the group was chosen without looking at them.

    With $k_v$ members and $K_v$ of $N$ parties carrying $v$, concentration $\alpha$ and
    base $b_v = K_v / N$, the e-value is

    $$\frac{\Gamma(\alpha)}{\Gamma(\alpha+n)}\prod_v
      \frac{\Gamma(\alpha b_v+k_v)}{\Gamma(\alpha b_v)}
      \Big/ \prod_s \frac{\prod_v (K_{sv})_{k_{sv}}}{(N_s)_{n_s}}$$

    averaged over `CONCENTRATIONS`; half of the stake stays on the constant 1, so that a
    family in which a group does not share lowers a product by at most a factor of two.

    Parameters:
        values: One value per party, shape (parties,); negative means missing.
        strata: Stratum of each party, shape (parties,), at least 0.

    Raises:
        ValueError: If shapes differ.

    Notes:
        Not valid if the group was formed with the help of `values`.

    References:
        Vovk & Wang, "E-values: calibration, combination and applications", Annals of
        Statistics 49 (2021), section 2. Blackwell & MacQueen, "Ferguson distributions
        via Polya urn schemes", Annals of Statistics 1 (1973).

    Examples:
        >>> values = np.arange(1000)
        >>> values[:10] = 0
        >>> urn = Urn(values, np.zeros(1000, dtype=np.int64))
        >>> urn.test(np.arange(10)).log10_e > 15
        True
        >>> urn.test(np.arange(500, 510)).log10_e < 0
        True
    """

    def __init__(self, values: npt.NDArray[np.int64], strata: npt.NDArray[np.int64]) -> None:
        """Count every value once, in all and per stratum."""
        if values.shape != strata.shape:
            message = f"values {values.shape} and strata {strata.shape} must have one shape"
            raise ValueError(message)
        present = values >= 0
        self._strata = strata
        self._codes = np.full(values.size, -1, dtype=np.int64)
        self._codes[present] = np.unique(values[present], return_inverse=True)[1]
        self._cells = np.full(values.size, -1, dtype=np.int64)
        kinds = int(self._codes.max(initial=0)) + 1
        self._cells[present] = np.unique(
            strata[present] * kinds + self._codes[present], return_inverse=True
        )[1]
        self._count(present)

    def _count(self, present: npt.NDArray[np.bool_]) -> None:
        self._carried = present
        self.population = int(np.count_nonzero(present))
        self._base = np.bincount(self._codes[present]) / max(self.population, 1)
        self._stratum_sizes = np.bincount(self._strata[present])
        self._cell_counts = np.bincount(self._cells[present])

    def among(self, parties: npt.NDArray[np.bool_]) -> Self:
        """Return the urn of some parties alone; much quicker than making it anew.

        Parameters:
            parties: Which are in it, shape (parties,).

        Examples:
            >>> values, strata = np.array([0, 0, 0, 1, 2, 3]), np.zeros(6, dtype=np.int64)
            >>> first_four = np.arange(6) < 4
            >>> few = Urn(values, strata).among(first_four)
            >>> few.test(np.arange(3)) == Urn(values[:4], strata[:4]).test(np.arange(3))
            True
        """
        urn = copy(self)
        urn._count(parties & (self._codes >= 0))  # noqa: SLF001 - a copy of this very class
        return urn

    def test(self, members: npt.NDArray[np.int64]) -> UrnTest:
        """Test one group.

        Parameters:
            members: Indices of the members, without repetition.

        Returns:
            The e-value and the counts behind it; log10 e = 0 with fewer than two members
            that carry a value.
        """
        return self.test_groups([members])[0]

    def test_groups(self, groups: Sequence[npt.NDArray[np.int64]]) -> list[UrnTest]:
        """Test many groups at once, each as `test` does by itself.

        Parameters:
            groups: Members of each group; groups may overlap.

        Examples:
            >>> values = np.array([0, 0, 0, 1, 2, 3, 4, 5])
            >>> urn = Urn(values, np.zeros(8, dtype=np.int64))
            >>> groups = [np.array([0, 1, 2]), np.array([3, 4])]
            >>> urn.test_groups(groups) == [urn.test(group) for group in groups]
            True
        """
        if not groups:
            return []
        members = np.concatenate(groups)
        group = np.repeat(np.arange(len(groups)), [each.size for each in groups])
        carried = self._carried[members]
        members, group = members[carried], group[carried]
        sizes = np.bincount(group, minlength=len(groups))
        owner, code, counts = _tally(group, self._codes[members], self._base.size)
        log_null = self._log_hypergeometric(members, group, len(groups))
        log_ratios = [
            _log_polya(owner, counts, self._base[code], sizes, concentration) - log_null
            for concentration in CONCENTRATIONS
        ]
        log10_es = _half_staked(log_ratios)
        log10_es[sizes < 2] = 0.0
        largest = np.zeros(len(groups), dtype=np.int64)
        np.maximum.at(largest, owner, counts)
        distinct = np.bincount(owner, minlength=len(groups))
        return [
            UrnTest(log10_e, size, most, different, self.population)
            for log10_e, size, most, different in zip(
                log10_es.tolist(), sizes.tolist(), largest.tolist(), distinct.tolist(), strict=True
            )
        ]

    def log10_e_without_each(self, members: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Test a group without each of its members in turn, in one pass.

        Whoever leaves takes one factor out of each product, so that nothing is counted again.

        Parameters:
            members: Indices of the members, without repetition, shape (n,).

        Returns:
            log10 e of the other n - 1 members, shape (n,).

        Examples:
            >>> values = np.array([0, 0, 0, 1, 2, 3, 4, 5])
            >>> urn = Urn(values, np.zeros(8, dtype=np.int64))
            >>> urn.log10_e_without_each(np.array([0, 1, 2, 3])).round(3).tolist()
            [-0.027, -0.027, -0.027, 0.513]
            >>> round(urn.test(np.array([0, 1, 2])).log10_e, 3)
            0.513
        """
        without = np.full(members.size, self.test(members).log10_e)
        carried = self._carried[members]
        inside = members[carried]
        if inside.size <= 2:
            without[carried] = 0.0
            return without
        one = np.zeros(inside.size, dtype=np.int64)
        code, cell, stratum = self._codes[inside], self._cells[inside], self._strata[inside]
        log_null = self._log_hypergeometric(inside, one, 1)
        log_null = log_null - np.log(self._cell_counts[cell] - _repeated(cell) + 1.0)
        log_null += np.log(self._stratum_sizes[stratum] - _repeated(stratum) + 1.0)
        values, counts = np.unique(code, return_counts=True)
        size, owner = np.array([inside.size]), np.zeros(values.size, dtype=np.int64)
        log_ratios = []
        for concentration in CONCENTRATIONS:
            log_all = _log_polya(owner, counts, self._base[values], size, concentration)
            last_drawn = concentration * self._base[code] + _repeated(code) - 1.0
            log_step = np.log(last_drawn) - np.log(concentration + inside.size - 1.0)
            log_ratios.append(log_all - log_step - log_null)
        without[carried] = _half_staked(log_ratios)
        return without

    def _log_hypergeometric(
        self, members: npt.NDArray[np.int64], group: npt.NDArray[np.int64], groups: int
    ) -> npt.NDArray[np.float64]:
        """Log probability of ordered values when each stratum is drawn from at random."""
        owner, cell, drawn = _tally(group, self._cells[members], self._cell_counts.size)
        of_values = np.bincount(
            owner, weights=_log_falling(self._cell_counts[cell], drawn), minlength=groups
        )
        owner, stratum, drawn = _tally(group, self._strata[members], self._stratum_sizes.size)
        of_strata = np.bincount(
            owner, weights=_log_falling(self._stratum_sizes[stratum], drawn), minlength=groups
        )
        return np.asarray(of_values - of_strata)


def _half_staked(log_ratios: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Average over concentrations, keep half of the stake on 1, and return log10 e."""
    log_bets = np.logaddexp.reduce(log_ratios) - np.log(len(CONCENTRATIONS))
    return np.asarray((np.logaddexp(0.0, log_bets) - np.log(2.0)) / _LN10)


def _repeated(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Count, for each entry, how many entries are equal to it."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(counts[place])


def _tally(
    group: npt.NDArray[np.int64], values: npt.NDArray[np.int64], kinds: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Count equal values within each group: group, value and count of every pair."""
    pairs, counts = np.unique(group * max(kinds, 1) + values, return_counts=True)
    return *np.divmod(pairs, max(kinds, 1)), counts


def _log_polya(
    owner: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    base: npt.NDArray[np.float64],
    sizes: npt.NDArray[np.int64],
    concentration: float,
) -> npt.NDArray[np.float64]:
    """Log probability of one ordered sequence with these counts under the Polya urn."""
    weight = concentration * base
    of_values = np.bincount(
        owner, weights=gammaln(weight + counts) - gammaln(weight), minlength=sizes.size
    )
    return np.asarray(of_values + gammaln(concentration) - gammaln(concentration + sizes))


def _log_falling(
    top: npt.NDArray[np.int64], length: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Log of the falling factorial top (top - 1) ... (top - length + 1)."""
    return np.asarray(gammaln(top + 1.0) - gammaln(top - length + 1.0), dtype=np.float64)

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

from dataclasses import dataclass

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
        self.population = int(present.sum())
        self._codes = np.full(values.size, -1, dtype=np.int64)
        _, self._codes[present], counts = np.unique(
            values[present], return_inverse=True, return_counts=True
        )
        self._base = counts / max(self.population, 1)
        self._strata = strata
        self._stratum_sizes = np.bincount(strata[present], minlength=1)
        self._width = max(counts.size, 1)
        self._cells, self._cell_counts = np.unique(
            strata[present] * self._width + self._codes[present], return_counts=True
        )

    def test(self, members: npt.NDArray[np.int64]) -> UrnTest:
        """Test one group.

        Parameters:
            members: Indices of the members, without repetition.

        Returns:
            The e-value and the counts behind it; log10 e = 0 with fewer than two members
            that carry a value.
        """
        carried = members[self._codes[members] >= 0]
        size = int(carried.size)
        if size < 2:
            return UrnTest(0.0, size, size, size, self.population)
        codes = self._codes[carried]
        values, counts = np.unique(codes, return_counts=True)
        log_null = self._log_hypergeometric(codes, self._strata[carried])
        log_ratios = [
            _log_polya(counts, self._base[values], concentration) - log_null
            for concentration in CONCENTRATIONS
        ]
        log_bet = float(np.logaddexp.reduce(log_ratios)) - float(np.log(len(CONCENTRATIONS)))
        log_e = float(np.logaddexp(0.0, log_bet)) - float(np.log(2.0))
        return UrnTest(log_e / _LN10, size, int(counts.max()), int(values.size), self.population)

    def _log_hypergeometric(
        self, codes: npt.NDArray[np.int64], strata: npt.NDArray[np.int64]
    ) -> float:
        """Log probability of ordered values when each stratum is drawn from at random."""
        cells, drawn = np.unique(strata * self._width + codes, return_counts=True)
        available = self._cell_counts[np.searchsorted(self._cells, cells)]
        used, stratum_draws = np.unique(strata, return_counts=True)
        return float(
            np.sum(_log_falling(available, drawn))
            - np.sum(_log_falling(self._stratum_sizes[used], stratum_draws))
        )


def _log_polya(
    counts: npt.NDArray[np.int64], base: npt.NDArray[np.float64], concentration: float
) -> float:
    """Log probability of one ordered sequence with these counts under the Polya urn."""
    weight = concentration * base
    return float(
        gammaln(concentration)
        - gammaln(concentration + counts.sum())
        + np.sum(gammaln(weight + counts) - gammaln(weight))
    )


def _log_falling(
    top: npt.NDArray[np.int64], length: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Log of the falling factorial top (top - 1) ... (top - length + 1)."""
    return np.asarray(gammaln(top + 1.0) - gammaln(top - length + 1.0), dtype=np.float64)

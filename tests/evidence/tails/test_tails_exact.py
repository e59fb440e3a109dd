"""Tails against sums and integrals in arbitrary precision, far beyond what doubles hold."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from phalanx.evidence.tails import (
    binomial_log10_sf,
    gamma_log10_sf,
    hypoexponential_log10_sf,
    lattice_log10_sf,
)

DIGITS = 60
RELATIVE = 1e-11


@pytest.mark.parametrize("count", [1, 2, 50, 1000, 100_000])
@pytest.mark.parametrize("deviations", [-3.0, 0.0, 2.0, 20.0, 36.0, 60.0, 500.0])
def test_gamma(count: int, deviations: float) -> None:
    """The sum of exponentials, from below its mean to 1e-10000."""
    total = max(count + deviations * count**0.5, 0.01)
    with mpmath.workdps(DIGITS):
        chance = mpmath.gammainc(count, total, mpmath.inf, regularized=True)
        expected = float(mpmath.log10(chance))
    assert gamma_log10_sf([total], count)[0] == pytest.approx(expected, rel=RELATIVE)


def test_gamma_of_many_below_the_mean() -> None:
    """Six deviations below a mean of a billion: nearly certain, but not quite."""
    count = 1_000_000_000
    got = gamma_log10_sf([count - 6.0 * count**0.5], count)[0]
    assert got == pytest.approx(-4.28e-10, rel=0.01)


def _two_sizes(total: float, count: int, first: float, second: float) -> float:
    """Mix laws of equal sizes: of the larger are so many smaller ones, a negative binomial."""
    small, large = sorted((first, second))
    with mpmath.workdps(DIGITS):
        ratio, at = mpmath.mpf(small) / large, mpmath.mpf(total) / small
        tail = mpmath.gammainc(2 * count, at, mpmath.inf, regularized=True)
        point = mpmath.exp(2 * count * mpmath.log(at) - at - mpmath.loggamma(2 * count + 1))
        weight, above, below, more = ratio**count, mpmath.mpf(0), mpmath.mpf(0), 0
        while True:
            above += weight * tail
            below += weight * (1 - tail)
            tail += point
            point *= at / (2 * count + more + 1)
            weight *= (1 - ratio) * (count + more) / (more + 1)
            more += 1
            if more > 2 * count / ratio and more > at and weight < below * mpmath.mpf(10) ** -45:
                break
        return float(mpmath.log10(above) if above < 0.5 else mpmath.log1p(-below) / mpmath.log(10))


@pytest.mark.parametrize("count", [1, 2, 7, 50, 200])
@pytest.mark.parametrize(("first", "second"), [(0.9, 0.1), (0.5, 0.5), (1 / 3, 2 / 3), (3.0, 2.0)])
@pytest.mark.parametrize("deviations", [-4.0, -1.0, 0.0, 0.5, 3.0, 30.0])
def test_two_sizes(count: int, first: float, second: float, deviations: float) -> None:
    """The sum of exponentials of two sizes, whichever is named first."""
    mean, deviation = count * (first + second), (count * (first**2 + second**2)) ** 0.5
    total = max(mean + deviations * deviation, 0.1 * mean)
    expected = _two_sizes(total, count, first, second)
    for one, other in ((first, second), (second, first)):
        got = hypoexponential_log10_sf([total], count, one, other)[0]
        assert got == pytest.approx(expected, rel=RELATIVE)


def _hits(least: int, trials: int, share: float) -> float:
    """Add up the shorter of both tails."""
    with mpmath.workdps(DIGITS):
        hit, above = mpmath.mpf(share), least > trials * share
        at = least if above else least - 1
        logs = mpmath.loggamma(trials + 1) - mpmath.loggamma(at + 1)
        logs += at * mpmath.log(hit) + (trials - at) * mpmath.log(1 - hit)
        term = mpmath.exp(logs - mpmath.loggamma(trials - at + 1))
        total = mpmath.mpf(0)
        while 0 <= at <= trials and term > total * mpmath.mpf(10) ** -40:
            total += term
            if above:
                term *= mpmath.mpf(trials - at) / (at + 1) * hit / (1 - hit)
            else:
                term *= mpmath.mpf(at) / (trials - at + 1) * (1 - hit) / hit
            at += 1 if above else -1
        return float(mpmath.log10(total) if above else mpmath.log1p(-total) / mpmath.log(10))


@pytest.mark.parametrize("trials", [1, 2, 100, 10_000, 1_000_000, 100_000_000])
@pytest.mark.parametrize("share", [0.5, 0.25, 0.1, 0.9])
@pytest.mark.parametrize("deviations", [-3.0, 0.0, 2.0, 15.0, 36.0, 60.0])
def test_hits(trials: int, share: float, deviations: float) -> None:
    """The number of hits, exact and as a lattice."""
    deviation = (trials * share * (1 - share)) ** 0.5
    least = min(max(round(trials * share + deviations * deviation), 1), trials)
    expected = _hits(least, trials, share)
    got = binomial_log10_sf([least], trials, share)[0]
    assert got == pytest.approx(expected, rel=RELATIVE)
    if trials <= 10_000:
        got = lattice_log10_sf([least], trials, [1 - share, share])[0]
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-14)


def test_weighted_bits() -> None:
    """Bits of the weights 3, 2 and 1 on 40 draws, at every total, against convolution."""
    law = [1, 1, 1, 2, 1, 1, 1]
    with mpmath.workdps(DIGITS):
        sums = [mpmath.mpf(1)]
        for _ in range(40):
            longer = [mpmath.mpf(0)] * (len(sums) + 6)
            for at, chance in enumerate(sums):
                for score, ways in enumerate(law):
                    longer[at + score] += chance * ways / 8
            sums = longer
        tails = [mpmath.fsum(sums[least:]) for least in range(len(sums))]
        expected = np.array([float(mpmath.log10(min(tail, 1))) for tail in tails])
    got = lattice_log10_sf(np.arange(241), 40, np.array(law) / 8)
    assert np.allclose(got, expected, rtol=1e-9, atol=1e-14)

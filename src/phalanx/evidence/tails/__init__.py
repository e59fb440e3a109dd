"""Tails of sums, as base-10 logarithms without a floor.

scipy's survival functions end at 1e-308 and lose digits before; a test on a million tokens does
not. Each function here is checked against arbitrary precision in its tests.
"""

from __future__ import annotations

from phalanx.evidence.tails.binomial import binomial_log10_sf
from phalanx.evidence.tails.bits import bits_log10_sf
from phalanx.evidence.tails.gamma import gamma_log10_sf
from phalanx.evidence.tails.hypoexponential import hypoexponential_log10_sf
from phalanx.evidence.tails.inversions import EXACT_UP_TO, inversions_log10_cdf
from phalanx.evidence.tails.lattice import lattice_log10_sf
from phalanx.evidence.tails.matchings import matchings_log10_sf

__all__ = [
    "EXACT_UP_TO",
    "binomial_log10_sf",
    "bits_log10_sf",
    "gamma_log10_sf",
    "hypoexponential_log10_sf",
    "inversions_log10_cdf",
    "lattice_log10_sf",
    "matchings_log10_sf",
]

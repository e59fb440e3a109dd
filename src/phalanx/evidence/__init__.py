"""Statistics of Phalanx: pure functions on arrays, all evidence as base-10 logarithms."""

from __future__ import annotations

from phalanx.evidence.benjamini_hochberg import benjamini_hochberg, conformal_p_values
from phalanx.evidence.combination import both, calibrate_p, calibrate_p_mixed, mean, product
from phalanx.evidence.conformal import conformal_log10_e, reachable_log10_e
from phalanx.evidence.e_bh import Discoveries, discoveries_among, e_benjamini_hochberg
from phalanx.evidence.favour import Favour, favoured_first, favoured_second
from phalanx.evidence.holm import holm
from phalanx.evidence.intervals import clopper_pearson_upper
from phalanx.evidence.looks import LOOK_WEIGHTS, LOOKS, NOT_ASKED, weighted_looks
from phalanx.evidence.odds import ODDS, Items, OddsTest, weigh_odds
from phalanx.evidence.pool import pool_log10_e, pool_log10_e_over_orders, sequential_p_values
from phalanx.evidence.reference_tails import (
    LEVEL_ANCHORS,
    anchors,
    bet_on_levels,
    tail_bounds,
)
from phalanx.evidence.sources import of_sources, without_strongest
from phalanx.evidence.two_nulls import (
    LINKED_LOG10_E,
    e_benjamini_hochberg_two_nulls,
    first_levels_log10_e,
)
from phalanx.evidence.urn import CONCENTRATIONS, Urn, UrnTest
from phalanx.evidence.witness import Witness, WitnessTest

__all__ = [
    "CONCENTRATIONS",
    "LEVEL_ANCHORS",
    "LINKED_LOG10_E",
    "LOOKS",
    "LOOK_WEIGHTS",
    "NOT_ASKED",
    "ODDS",
    "Discoveries",
    "Favour",
    "Items",
    "OddsTest",
    "Urn",
    "UrnTest",
    "Witness",
    "WitnessTest",
    "anchors",
    "benjamini_hochberg",
    "bet_on_levels",
    "both",
    "calibrate_p",
    "calibrate_p_mixed",
    "clopper_pearson_upper",
    "conformal_log10_e",
    "conformal_p_values",
    "discoveries_among",
    "e_benjamini_hochberg",
    "e_benjamini_hochberg_two_nulls",
    "favoured_first",
    "favoured_second",
    "first_levels_log10_e",
    "holm",
    "mean",
    "of_sources",
    "pool_log10_e",
    "pool_log10_e_over_orders",
    "product",
    "reachable_log10_e",
    "sequential_p_values",
    "tail_bounds",
    "weigh_odds",
    "weighted_looks",
    "without_strongest",
]

"""Impact: what a campaign took, with an interval, what it rests on, and what nobody knows."""

from __future__ import annotations

from phalanx.govern.impact.bounds import Span, weighted_span
from phalanx.govern.impact.estimating import Figure, Impact, impact_of
from phalanx.govern.impact.prices import Price, PriceList, read_price_list

__all__ = [
    "Figure",
    "Impact",
    "Price",
    "PriceList",
    "Span",
    "impact_of",
    "read_price_list",
    "weighted_span",
]

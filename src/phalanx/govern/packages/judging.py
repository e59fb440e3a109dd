"""Claims of a case under one error budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from phalanx.evidence.holm import holm
from phalanx.govern.packages.records import ClaimRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClaim:
    """A claim among all claims of the case."""

    claim: ClaimRecord
    log10_p_of_case: float
    """Base-10 logarithm of its p-value after Holm's correction for all claims of the case, those
    that are missing here counted as holding nothing."""

    holds: bool
    """Whether that is at or below the level of the case."""


def judged(claims: Sequence[ClaimRecord], *, family: int, level: float) -> tuple[JudgedClaim, ...]:
    """Judge claims together: the chance that any is held although its null is true is bounded.

    Parameters:
        claims: Those that are there.
        family: How many were ever put forward: with smaller p-values of those that are missing,
            these would be corrected by less.
        level: The bound, in (0, 1), stated beforehand.
    """
    if not claims:
        return ()
    corrected = holm([each.log10_p_at_most for each in claims], family=family)
    least = math.log10(level)
    return tuple(
        JudgedClaim(claim=claim, log10_p_of_case=float(log10_p), holds=bool(log10_p <= least))
        for claim, log10_p in zip(claims, corrected, strict=True)
    )

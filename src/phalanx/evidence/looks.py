"""Looking at the evidence again and again without paying for it in error.

An operator's habits last. Its score on Tuesday predicts its score on Wednesday, so the
e-values of successive days are not independent, and their product is not an e-value:
an honest operator with unusual habits would be multiplied into a certainty. Their
weighted sum is safe. With weights fixed in advance that add up to one,
`M_d = w_1 E_1 + ... + w_d E_d` never falls, its last value has mean at most one, and
therefore so has its largest: Markov's inequality holds for whatever moment is picked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from phalanx.evidence.combination import log_sum

LOOKS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233)
"""Steps after a group was formed at whose end it is looked at."""

_SHARES = (*[4.0] * 10, 2.0, 1.0, 1.0)
LOOK_WEIGHTS = tuple(share / sum(_SHARES) for share in _SHARES)
"""Share of the error that each look may spend; they add up to one."""

NOT_ASKED = float("-inf")
"""Evidence of a look at which the question was not asked: e = 0."""

_LN10 = math.log(10.0)


def weighted_looks(log10_es: Sequence[float]) -> float:
    """Combine the e-values of the looks so far into one that holds at any stopping time.

    Parameters:
        log10_es: e-value at each look in order, base-10 logarithms; at most
            `len(LOOKS)` of them.

    Returns:
        log10 of the running weighted sum; minus infinity before the first look.

    Raises:
        ValueError: If there are more looks than weights.

    Examples:
        >>> round(weighted_looks([NOT_ASKED, 3.0, 3.0]), 3)
        2.26
    """
    if len(log10_es) > len(LOOKS):
        message = f"at most {len(LOOKS)} looks are planned, not {len(log10_es)}"
        raise ValueError(message)
    if not log10_es:
        return NOT_ASKED
    terms = [
        level * _LN10 + math.log(weight)
        for level, weight in zip(log10_es, LOOK_WEIGHTS, strict=False)
    ]
    return log_sum(terms) / _LN10

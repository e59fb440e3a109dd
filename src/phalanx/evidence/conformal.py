"""Is one operator's use more extreme than that of honest operators like it?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LN10 = float(np.log(10.0))


def conformal_log10_e(log_score: float, reference_log_scores: npt.NDArray[np.float64]) -> float:
    r"""Return the conformal e-value of one score against a reference, base-10 logarithm.

    Null hypothesis: the tested score and the $m$ reference scores are exchangeable.

    With $g = \exp(\text{log score})$, $e = (m+1)\,g / (g + \sum_i g_i)$.

    Parameters:
        log_score: Natural logarithm of the tested non-negative score.
        reference_log_scores: The same for the reference, shape (m,).

    Returns:
        log10 e; at most log10(m + 1), and 0 where m = 0.

    Notes:
        A reference that holds undetected campaigns costs power, not validity. The score
        may be an average over parts of the operator (its accounts): the average of
        exchangeable parts is smaller in convex order than one part, and g is convex.

    References:
        Bashari, Epstein, Romano & Sesia, "Derandomized novelty detection with FDR
        control via conformal e-values", NeurIPS 2023. Vovk & Wang 2021.

    Examples:
        >>> round(conformal_log10_e(50.0, np.zeros(999)), 3)
        3.0
        >>> round(conformal_log10_e(0.0, np.zeros(999)), 3)
        0.0
    """
    everything = np.append(reference_log_scores, log_score)
    log_e = np.log(everything.size) + log_score - float(np.logaddexp.reduce(everything))
    return float(log_e) / _LN10


def reachable_log10_e(reference_size: int) -> float:
    """Return the largest conformal e-value that a reference of this size allows, log10.

    Examples:
        >>> reachable_log10_e(99)
        2.0
    """
    return float(np.log10(reference_size + 1.0))

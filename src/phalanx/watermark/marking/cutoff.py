"""The lowest logit that may still be chosen, where only the likeliest tokens may be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]

_FIRST = 64
"""Tokens that are sorted at first: most distributions have their mass in fewer."""

_GROWTH = 8


def cutoffs(logits: Logits, temperature: float, top_k: int | None, top_p: float) -> Logits:
    """Return for each row the lowest logit that may be chosen.

    Of the `top_k` tokens with the largest logits, the fewest are kept whose chances sum to
    `top_p` at least. Tokens with the same logit as the last one are kept with it.

    Parameters:
        logits: Shape (rows, vocabulary).
        temperature: Above 0.
        top_k: At least 1, or null for all.
        top_p: Above 0, at most 1.

    Returns:
        Shape (rows,); minus infinity where nothing is cut.

    Examples:
        >>> row = np.log(np.array([[0.4, 0.3, 0.2, 0.1]], dtype=np.float32))
        >>> np.exp(cutoffs(row, 1.0, 3, 1.0).astype(float)).round(3).tolist()
        [0.2]
        >>> np.exp(cutoffs(row, 1.0, None, 0.6).astype(float)).round(3).tolist()
        [0.3]
    """
    size = logits.shape[1]
    least = np.full(logits.shape[0], -np.inf, dtype=np.float32)
    if top_k is not None and top_k < size:
        least = np.partition(logits, size - top_k, axis=1)[:, size - top_k]
    if top_p < 1.0:
        for row, values in enumerate(logits):
            least[row] = _nucleus(values[values >= least[row]], temperature, top_p)
    return least


def _nucleus(kept: Logits, temperature: float, top_p: float) -> np.float32:
    """Return the lowest logit of the fewest whose chances sum to `top_p`."""
    if not kept.size or not np.isfinite(kept.max()):
        return np.float32(-np.inf)
    most = np.float64(kept.max())
    needed = top_p * np.exp((kept - most) / temperature).sum(dtype=np.float64)
    count = _FIRST
    while True:
        count = min(count, kept.size)
        head = np.sort(np.partition(kept, kept.size - count)[kept.size - count :])[::-1]
        sums = np.cumsum(np.exp((head - most) / temperature), dtype=np.float64)
        if count == kept.size or sums[-1] >= needed:
            return np.float32(head[min(int(np.searchsorted(sums, needed)), count - 1)])
        count *= _GROWTH

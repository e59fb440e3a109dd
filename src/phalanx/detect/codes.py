"""Hashes as small numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MISSING = -1
"""Value of a party that does not carry an attribute."""


def coded(hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Replace hashes by small codes, and 0 by `MISSING`.

    Examples:
        >>> coded(np.array([70, 0, 70, 9])).tolist()
        [1, -1, 1, 0]
    """
    codes = np.full(hashes.size, MISSING, dtype=np.int64)
    present = hashes != 0
    _, codes[present] = np.unique(hashes[present], return_inverse=True)
    return codes

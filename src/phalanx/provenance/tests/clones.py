"""Units of ours that repeat one another inside of a block.

Models are grown in width by copying neurons, heads and coordinates, with some noise so that they
part. Copies share one choice of place and sign: of two honest models that were grown alike, each
coin would count as often as the unit was copied. So of units that are alike only the first one is
tossed. Which these are is told by our model alone, and does not change if units change places or
signs: the null hypothesis about the suspect stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from phalanx.provenance.tests.frame import WIDTH, unit_length
from phalanx.provenance.weights.numbers import Floats32

Kept = npt.NDArray[np.bool_]

_ONE_UNIT = 0.5
"""Cosine, on average of all parts, from which two units count as one: that costs coins, and no
validity."""

_ROWS = 1024


def first_of_their_kind(parts: Sequence[Floats32]) -> Kept:
    """Tell which units are like no earlier one.

    What all units have in common is taken off first, and every coordinate is brought to one size:
    else one that is large in all of them would make all of them alike.

    Parameters:
        parts: Vectors of the same units, shape (units, width), one array for each part of a unit.

    Returns:
        Shape (units,).

    Examples:
        >>> random = np.random.default_rng(0)
        >>> units = random.normal(size=(6, 64)).astype(np.float32)
        >>> grown = np.concatenate([units, units + 0.5 * random.normal(size=(6, 64))])
        >>> first_of_their_kind([grown.astype(np.float32)]).tolist() == [True] * 6 + [False] * 6
        True
    """
    units = len(parts[0])
    shorts = [_standard(each) for each in parts]
    kept = np.ones(units, dtype=np.bool_)
    for start in range(0, units, _ROWS):
        stop = min(start + _ROWS, units)
        likeness = np.zeros((stop - start, stop), dtype=np.float32)
        for each in shorts:
            likeness += each[start:stop] @ each[:stop].T
        alike = np.tril(likeness > _ONE_UNIT * len(shorts), start - 1)
        kept[start:stop] = ~alike.any(axis=1)
    return kept


def _standard(part: Floats32) -> Floats32:
    """Return vectors of at most so many coordinates, each of mean zero and of one size."""
    values = part - part.mean(axis=0)
    size = values.std(axis=0)
    values *= np.where(size > 0.0, 1.0 / np.where(size > 0.0, size, 1.0), 0.0)
    if values.shape[1] >= 2 * WIDTH:
        whole = values.shape[1] // WIDTH * WIDTH
        values = values[:, :whole].reshape(len(values), -1, WIDTH).sum(axis=1)
    return unit_length(values)

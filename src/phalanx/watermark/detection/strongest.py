"""The strongest of any number of keys on one text, in memory that does not grow with the keys.

Keys come in blocks, each derived when its turn comes. Of each only the totals are made, and of
these only the largest are kept.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.scheme import Scheme

Floats = npt.NDArray[np.float64]


class Strongest:
    """The keys under which a text scores most.

    Null hypothesis of each key: the text was written without it. The law is the same for all
    keys, so that the largest totals have the smallest p-values; these are to be corrected for
    `tried` keys.

    Parameters:
        draws: What counts of the text.
        scheme: Of the keys.
        most: How many are kept, at least 1; of equal ones those that came first.

    Raises:
        ValueError: If none shall be kept.

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> found = Strongest(draw([range(99)], 4), PhalanxGumbel(), 6)
        >>> for number in range(3):
        ...     found.add(np.full((5, 32), number, np.uint8))
        >>> found.tried, len(found.totals), (found.places[:5] % 5).tolist()
        (15, 6, [0, 1, 2, 3, 4])
    """

    def __init__(self, draws: Draws, scheme: Scheme, most: int = 1) -> None:
        """Begin without any key."""
        if most < 1:
            message = f"at least one key is kept, not {most}"
            raise ValueError(message)
        self.draws = draws
        self.scheme = scheme
        self.tried = 0
        self.places: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self.totals: Floats = np.empty(0)
        self._most = most

    def add(self, keys: npt.NDArray[np.uint8]) -> None:
        """Try some keys, of shape (keys, key_bytes).

        `places` says which keys are kept, from 0 in the order in which they came, the strongest
        first; `totals` the sum of scores under each.
        """
        totals = np.concatenate([self.totals, self.scheme.totals(self.draws, keys)])
        places = np.concatenate([self.places, np.arange(self.tried, self.tried + len(keys))])
        order = np.lexsort((places, -totals))[: self._most]
        self.tried += len(keys)
        self.places, self.totals = places[order], totals[order]

    @property
    def log10_p(self) -> Floats:
        """p-values of the scheme's law, each of its key alone, base-10 logarithms."""
        return self.scheme.setting.law(self.totals, self.draws)

"""What the endpoint asks: how unlikely is it that this text was written without our keys?"""

from __future__ import annotations

import math
from typing import Protocol, runtime_checkable

from phalanx.watermark.draws import Draws, Unit
from phalanx.watermark.keys.secret import SecretKeys
from phalanx.watermark.schemes.scheme import Scheme


@runtime_checkable
class Detector(Protocol):
    """Tests a text against all keys of one scheme at once."""

    @property
    def context_width(self) -> int:
        """Tokens of context."""
        ...

    @property
    def unit(self) -> Unit:
        """What counts once."""
        ...

    def log10_p(self, draws: Draws) -> float:
        """Return the base-10 logarithm of the p-value, the number of keys counted in.

        Under the null hypothesis that the text was written without any of the keys it is at most
        any `x` with a chance of at most `10^x`. Its time must not depend on the values of keys.
        """
        ...


class KeysDetector:
    """Keys of one scheme, tested by the exact law of their sums, each paying for all (Bonferroni).

    Parameters:
        scheme: Of marking.
        keys: That texts may be marked with.

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> from phalanx.watermark.keys.secret import Secret
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> detector = KeysDetector(PhalanxGumbel(), SecretKeys([Secret(bytes(32))] * 10))
        >>> round(detector.log10_p(draw([range(300)], detector.context_width)), 3)
        0.0
    """

    def __init__(self, scheme: Scheme, keys: SecretKeys) -> None:
        """Keep scheme and keys."""
        self._scheme = scheme
        self._keys = keys

    @property
    def context_width(self) -> int:
        """Tokens of context."""
        return self._scheme.setting.context_width

    @property
    def unit(self) -> Unit:
        """What counts once."""
        return self._scheme.setting.unit

    def log10_p(self, draws: Draws) -> float:
        """Return the smallest p-value of all keys, times their number, as a logarithm."""
        totals = self._scheme.totals(draws, self._keys.reveal())
        logs = self._scheme.setting.law(totals, draws)
        return min(0.0, float(logs.min()) + math.log10(len(self._keys)))

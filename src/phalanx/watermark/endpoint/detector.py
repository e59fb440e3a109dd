"""What the endpoint asks: how unlikely is it that this text was written without our keys?"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from phalanx.watermark.detection.strongest import Strongest
from phalanx.watermark.draws import Draws
from phalanx.watermark.keys.secret import SecretKeys
from phalanx.watermark.schemes.scheme import Scheme, Setting


@runtime_checkable
class Detector(Protocol):
    """Tests a text against all keys of one scheme at once."""

    @property
    def setting(self) -> Setting:
        """Of the scheme: which tokens count."""
        ...

    @property
    def keys(self) -> int:
        """How many keys are tested."""
        ...

    def log10_p(self, draws: Draws) -> float:
        """Return the base-10 logarithm of the p-value of the strongest key, as if it were alone.

        Under the null hypothesis that the text was written without any of the keys it is at most
        any `x` with a chance of at most `keys * 10^x`. Its time must not depend on the values of
        keys.
        """
        ...


class KeysDetector:
    """Keys of one scheme, tested as `detection` tests them: by the exact law of their sums.

    Parameters:
        scheme: Of marking.
        keys: That texts may be marked with.

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> from phalanx.watermark.keys.secret import Secret
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> detector = KeysDetector(PhalanxGumbel(), SecretKeys([Secret(bytes(32))] * 10))
        >>> detector.keys, round(detector.log10_p(draw([range(300)], 4)), 2)
        (10, -0.42)
    """

    def __init__(self, scheme: Scheme, keys: SecretKeys) -> None:
        """Keep scheme and keys."""
        self._scheme = scheme
        self._keys = keys

    @property
    def setting(self) -> Setting:
        """Of the scheme: which tokens count."""
        return self._scheme.setting

    @property
    def keys(self) -> int:
        """How many keys are tested."""
        return len(self._keys)

    def log10_p(self, draws: Draws) -> float:
        """Return the p-value of the strongest key, as if it were alone, as a logarithm."""
        found = Strongest(draws, self._scheme)
        found.add(self._keys.reveal())
        return float(found.log10_p[0])

"""What one look-up says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from phalanx.govern.controls.catalogue import Control
from phalanx.govern.controls.observed import Observed


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen."""

    is_so: bool | None
    """Null where it could not be looked at."""

    said: str
    """What was seen, or what was missing, in a sentence."""


Check = Callable[[Control, Observed], Looked]
"""A control and what was seen -> what it says. It reads nothing by itself."""

_NAMES_SHOWN = 5


def some(names: list[str]) -> str:
    """Return the first few of some names, and how many more there are.

    Examples:
        >>> some(["a", "b"])
        'a, b'
        >>> some(list("abcdefg"))
        'a, b, c, d, e and 2 more'
    """
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")

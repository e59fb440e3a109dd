"""All rules of the scan, for `phalanx explain` and for the list of signals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from phalanx.rules import Rule, read_rules

__all__ = ["Rule", "all_rules"]

_FOLDER = Path(__file__).parent
_MODULES = ("links/*.py", "signals/*.py", "honest.py", "mixture.py")
"""Where rules are: every class with a `rule_id`."""


@cache
def all_rules() -> Sequence[Rule]:
    """Return every rule, ordered by identifier.

    Examples:
        >>> [rule.rule_id for rule in all_rules()][:2]
        ['PHX-D001', 'PHX-D002']
        >>> all_rules()[3].look_alikes
        'every user of one popular library; commonness discounts them.'
    """
    return read_rules(path for pattern in _MODULES for path in sorted(_FOLDER.glob(pattern)))

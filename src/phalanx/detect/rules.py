"""All rules of the scan, for `phalanx explain` and for the list of signals."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from phalanx.detect.honest import HarvestLikeUse
from phalanx.detect.links import ALL_FAMILIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule and what it is about."""

    rule_id: str
    name: str
    family: str
    """Source of evidence that it belongs to."""

    columns: tuple[str, ...]
    """Columns of the log that it needs at least one of."""

    documentation: str


class _Ruled(Protocol):
    """What families and tests have in common."""

    rule_id: str
    name: str
    columns: tuple[str, ...]

    @property
    def source(self) -> str:
        """Source of evidence."""
        ...


def all_rules() -> Sequence[Rule]:
    """Return every rule, ordered by identifier.

    Examples:
        >>> [rule.rule_id for rule in all_rules()][:2]
        ['PHX-D001', 'PHX-D002']
    """
    described: tuple[_Ruled, ...] = (*ALL_FAMILIES, HarvestLikeUse())
    rules = [
        Rule(
            rule_id=item.rule_id,
            name=item.name,
            family=item.source,
            columns=item.columns,
            documentation=inspect.getdoc(type(item)) or "",
        )
        for item in described
    ]
    return sorted(rules, key=lambda rule: rule.rule_id)

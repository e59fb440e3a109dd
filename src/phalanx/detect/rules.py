"""All rules of the scan, for `phalanx explain` and for the list of signals.

They are read from the source of the modules that hold them, without importing these: a sentence
about a rule should not cost the seconds that the libraries of the scan take to load.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_SAID = frozenset({"rule_id", "name", "source", "columns"})
_MODULES = ("links/*.py", "signals/*.py", "honest.py", "mixture.py")
"""Where rules are: every class with a `rule_id`."""


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

    @property
    def look_alikes(self) -> str:
        """Return the honest look-alikes that the documentation names, on one line.

        Examples:
            >>> all_rules()[3].look_alikes
            'every user of one popular library; commonness discounts them.'
        """
        said = re.search(
            r"(?ms)^Honest look-alikes: (.*?)(?=^[A-Z][\w -]*:|\Z)", self.documentation
        )
        return " ".join(said[1].split()) if said else ""


@cache
def all_rules() -> Sequence[Rule]:
    """Return every rule, ordered by identifier.

    Examples:
        >>> [rule.rule_id for rule in all_rules()][:2]
        ['PHX-D001', 'PHX-D002']
    """
    paths = [path for pattern in _MODULES for path in sorted(_FOLDER.glob(pattern))]
    rules = [rule for path in paths for rule in _rules_in(path)]
    return tuple(sorted(rules, key=lambda rule: rule.rule_id))


def _rules_in(path: Path) -> Iterator[Rule]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        constants = dict(_constants(node))
        if "rule_id" in constants:
            yield Rule(
                rule_id=str(constants["rule_id"]),
                name=str(constants["name"]),
                family=str(constants["source"]),
                columns=_texts(constants["columns"]),
                documentation=inspect.cleandoc(ast.get_docstring(node) or ""),
            )


def _constants(node: ast.ClassDef) -> Iterator[tuple[str, object]]:
    """Yield what a class body says of its rule, which must be constants."""
    for statement in node.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name in _SAID:
                yield name, ast.literal_eval(value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()

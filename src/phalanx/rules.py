"""What a rule is: an identifier that reports carry, and the text that explains it.

Rules are read from the source of the modules that hold them, without importing these: a sentence
about a rule should not cost the seconds that the libraries behind it take to load.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAID = frozenset({"rule_id", "name", "source", "columns"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule and what it is about."""

    rule_id: str
    name: str
    family: str
    """Source of evidence that it belongs to."""

    columns: tuple[str, ...]
    """Columns of the log that it needs at least one of; none where it reads no log."""

    documentation: str

    @property
    def look_alikes(self) -> str:
        r"""Return the honest look-alikes that the documentation names, on one line.

        Examples:
            >>> Rule(
            ...     rule_id="PHX-X001", name="X", family="x", columns=(),
            ...     documentation="An X.\n\nHonest look-alikes: a Y\nor a Z.\nSees: it.",
            ... ).look_alikes
            'a Y or a Z.'
        """
        said = re.search(
            r"(?ms)^Honest look-alikes: (.*?)(?=^[A-Z][\w -]*:|\Z)", self.documentation
        )
        return " ".join(said[1].split()) if said else ""


def read_rules(paths: Iterable[Path]) -> Sequence[Rule]:
    """Return the rules of some modules, ordered by identifier: every class with a `rule_id`.

    Parameters:
        paths: Of the modules' sources.
    """
    rules = (rule for path in paths for rule in _rules_in(path))
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
                columns=_texts(constants.get("columns", ())),
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

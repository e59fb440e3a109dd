"""Learn from some JSON records with which types Arrow can read the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from phalanx.logs.columns import FieldPath
from phalanx.logs.schema import EXCHANGE_SCHEMA, RESPONSE_CHARACTERS

Kind = str
"""`text`, `whole`, `real`, `truth`, `messages` or `other`."""

_TYPES: Mapping[frozenset[Kind], pa.DataType] = {
    frozenset({"text"}): pa.string(),
    frozenset({"whole"}): pa.int64(),
    frozenset({"real"}): pa.float64(),
    frozenset({"whole", "real"}): pa.float64(),
    frozenset({"truth"}): pa.bool_(),
    frozenset({"messages"}): pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())])),
}


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """The kinds of values seen at each path, and the Arrow schema that reads them.

    Examples:
        >>> schema = JsonSchema({"account_id": "user.id"}).widened([{"user": {"id": "a"}}])
        >>> schema.paths, schema.arrow.field("user").type
        ({'account_id': ('user', 'id')}, StructType(struct<id: string>))
        >>> JsonSchema({"status": "status"}).widened([{}]).arrow.field("status").type
        DataType(int64)
    """

    fields: Mapping[str, str]
    """Native column -> field of the log."""

    kinds: Mapping[FieldPath, frozenset[Kind]] = field(default_factory=dict)
    paths: Mapping[str, FieldPath] = field(default_factory=dict)
    """Native column -> path, as seen, or where it would be."""

    arrow: pa.Schema | None = None
    """Null when some value can only be read by itself."""

    def widened(self, records: Iterable[Mapping[str, Any]]) -> JsonSchema:
        """Return a schema that also knows what these records hold."""
        kinds = dict(self.kinds)
        paths = dict(self.paths)
        for record in records:
            for column, name in self.fields.items():
                path, value = _find(record, name)
                if value is not None:
                    paths.setdefault(column, path)
                    kinds[path] = kinds.get(path, frozenset()) | {_kind(value)}
        for column, name in self.fields.items():
            # A field that comes late must not be missed: expect it in its usual type.
            paths.setdefault(column, _nested(name))
        # Two spellings of one field (`user.id` flat and nested) cannot be one column.
        consistent = all(
            sum(path in (wanted, tuple(name.split("."))) for path in kinds) <= 1
            for name in self.fields.values()
            for wanted in [(name,)]
            if "." in name
        )
        expected = {path: frozenset({_expected(column)}) for column, path in paths.items()}
        arrow = _arrow_schema(expected | kinds)
        return replace(self, kinds=kinds, paths=paths, arrow=arrow if consistent else None)


def _find(record: Mapping[str, Any], name: str) -> tuple[FieldPath, Any]:
    if record.get(name) is not None or "." not in name:
        return (name,), record.get(name)
    value: Any = record
    path = _nested(name)
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return path, value


def _nested(name: str) -> FieldPath:
    return tuple(name.split("."))


def _expected(column: str) -> Kind:
    """Return the kind in which a column is usually logged."""
    if column == RESPONSE_CHARACTERS or column not in EXCHANGE_SCHEMA.names:
        return "whole" if column == RESPONSE_CHARACTERS else "text"
    kind = EXCHANGE_SCHEMA.field(column).type
    if pa.types.is_integer(kind):
        return "whole"
    if pa.types.is_floating(kind):
        return "real"
    return "truth" if pa.types.is_boolean(kind) else "text"


def _kind(value: object) -> Kind:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int):
        return "whole" if abs(value) < 2**63 else "other"
    if isinstance(value, float):
        return "real"
    if isinstance(value, list) and all(
        isinstance(item, dict)
        and isinstance(item.get("role"), str)
        and isinstance(item.get("content"), str)
        for item in value
    ):
        return "messages"
    return "other"


def _arrow_schema(kinds: Mapping[FieldPath, frozenset[Kind]]) -> pa.Schema | None:
    tree: dict[str, Any] = {}
    for path, seen in kinds.items():
        if seen not in _TYPES:
            return None
        branch = tree
        for step in path[:-1]:
            branch = branch.setdefault(step, {})
            if not isinstance(branch, dict):
                return None
        if path[-1] in branch:
            return None
        branch[path[-1]] = _TYPES[seen]
    return pa.schema(_fields(tree))


def _fields(tree: Mapping[str, Any]) -> list[pa.Field]:
    return [
        pa.field(name, pa.struct(_fields(kind)) if isinstance(kind, dict) else kind)
        for name, kind in tree.items()
    ]

"""The way down through an object: every field is looked up, and what no line allows is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from phalanx.share.gate.desk import Desk
from phalanx.share.gate.findings import Finding
from phalanx.share.gate.values import Judge, judge_of
from phalanx.share.gate.vocabulary import rules_in
from phalanx.share.wire import EXTENSION_ID
from phalanx.share.wire.markings import PAP_EXTENSION, TLP_EXTENSION

DEPTH = 8
"""Objects and lists within each other that are looked into."""

_NAMES = {"share": EXTENSION_ID, "tlp": TLP_EXTENSION, "pap": PAP_EXTENSION}
"""Fields that a policy calls by shorter names."""

_LISTS = frozenset(
    {
        "object_marking_refs", "object_refs", "where_sighted_refs", "external_references",
        "indicator_types", "infrastructure_types", "threat_actor_types", "aliases", "contributions",
        "operator_hypotheses",
    }
)  # fmt: skip
_NAMING = ("A1", "A2", "A3", "A4", "A10")
_OF_VALUE = frozenset(
    {"author", "bucket", "end", "identifier", "past", "reference", "since", "until", "word"}
)
"""Shapes of texts that are judged by value and share alone, whatever object they stand in: an `id`
is none of them, since its kind is that of its object."""

_MOST_PASSED = 1_024
"""Texts of a field of which it is kept that they pass; then all are forgotten."""


@dataclass(slots=True)
class Field:
    """A field that a policy allows, with those inside of it."""

    path: str
    """As the policy writes it; empty for the object itself."""

    judge: Judge | None = None
    """What judges its value; nothing where it only holds other fields."""

    inside: dict[str, Field] = field(default_factory=dict)
    """By their names in an object."""

    is_list: bool = False
    """Whether it may hold several values."""

    is_of_value: bool = False
    """Whether a text that passed here passes in every object of the share."""

    passed: set[str] = field(default_factory=set)
    """Texts that did: objects of one share repeat most of what they hold."""


def tree_of(fields: Mapping[str, str]) -> Field:
    """Return the fields of a type of object as they lie within each other.

    Parameters:
        fields: By path, as `Policy.fields_of` gives them, what each may hold.
    """
    root = Field("")
    for path, shape in fields.items():
        place, steps = root, path.split(".")
        for depth, step in enumerate(steps, start=1):
            below = Field(".".join(steps[:depth]), is_list=step in _LISTS)
            place = place.inside.setdefault(_NAMES.get(step, step), below)
        place.judge = judge_of(shape)
        place.is_of_value = shape.partition(":")[0] in _OF_VALUE and path != "id"
    return root


@dataclass(frozen=True, slots=True)
class Descent:
    """One way down through one object."""

    desk: Desk
    found: list[Finding]

    def walk(self, place: Field, value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - JSON
        """Return what may take the place of a value, and put what was found with the rest.

        Parameters:
            place: Where it stands.
            value: A text, number, boolean, list or object.
            depth: Objects and lists that it lies in.
        """
        if depth > DEPTH:
            return self._refuse(place, "nested deeper than anything that is allowed")
        if isinstance(value, dict):
            if place.judge is not None:
                self._refuse(place, "fields where a value was expected")
            return self._walk_fields(place, value, depth)
        if isinstance(value, list) and place.is_list:
            return [self.walk(place, _alone(each), depth + 1) for each in value]
        if place.judge is None:
            return self._refuse(place, "a value where fields were expected")
        if _is_known(place, value):
            return value
        more, after = place.judge(self.desk, place.path, value)
        self.found.extend(more)
        if place.is_of_value and not more and value.__class__ is str:
            if len(place.passed) >= _MOST_PASSED:
                place.passed.clear()
            place.passed.add(value)
        return after

    def _walk_fields(self, place: Field, fields: Mapping[str, Any], depth: int) -> dict[str, Any]:
        kept = {}
        for name, inner in fields.items():
            below = place.inside.get(name)
            if below is None:
                self.found.append(_unknown_field(self.desk, place.path, str(name)))
            else:
                kept[name] = (
                    inner if _is_known(below, inner) else self.walk(below, inner, depth + 1)
                )
        return kept

    def _refuse(self, place: Field, reason: str) -> None:
        self.found.append(self.desk.find("A0", place.path, reason))


def _is_known(place: Field, value: Any) -> bool:  # noqa: ANN401 - JSON
    """Tell whether this text passed here before."""
    return value.__class__ is str and value in place.passed


def _alone(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an item of a list; a list within a list is nothing that STIX has."""
    return None if isinstance(value, list) else value


def _unknown_field(desk: Desk, path: str, name: str) -> Finding:
    """Say which rule a field that no line allows would break by its name, A0 where none."""
    place = f"{path}.{name}"[:80] if path else name[:80]
    if name.casefold() in desk.rules["A8"].parameters["names"]:
        return desk.find("A8", place, "a field for prompts or outputs", action="refuse")
    broken = rules_in(name[:200], desk.share.lexicon)
    for rule_id in _NAMING:
        if rule_id in broken:
            reason = "a field that is named for what this rule keeps back"
            return desk.find(rule_id, place, reason, action="refuse")
    return desk.find("A0", place, "a field that no line allows")

"""What a report of a comparison states: all of it follows from what stands in it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import Field, TypeAdapter

from phalanx.model import Evidence, ExactEvidence, Inconclusive
from phalanx.provenance.tests.changes import Changes
from phalanx.provenance.tests.layer_map import LayerMap
from phalanx.provenance.verdict.answer import Asked, State
from phalanx.provenance.verdict.budget import Budget
from phalanx.provenance.verdict.families import Family
from phalanx.provenance.verdict.made import How, Seen, how_made
from phalanx.provenance.verdict.verdict import NOT_SAID, SENTENCES, Verdict, judge

FORMAT = "phalanx.provenance/1"

_IN_PLACE = {"PHX-P001"}
_BY_PARTS = {"PHX-P002", "PHX-P003"}
_OVER_VOCABULARY = ", over the vocabulary"

_Result = Evidence | Inconclusive
_Kind = TypeVar("_Kind")
_TEXT = TypeAdapter(str)
_TEXTS = TypeAdapter(tuple[str, ...])
_COUNT = TypeAdapter(Annotated[int, Field(ge=0)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One of the two models, as far as it was there."""

    name: str
    """What the report calls it."""

    digest: str
    """SHA-256 of its files of weights, hexadecimal; empty if there were none, or it was not
    asked for."""

    family: str
    """Way of naming its tensors; empty without weights."""

    layers: int
    """Layers that were recognised."""

    hidden: int
    """Width of its residual stream, 0 if unknown."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """A comparison, whole."""

    ours: Party
    """Our model."""

    suspect: Party
    """The model under test."""

    verdict: Verdict
    """What follows."""

    layers: LayerMap | None
    """Which blocks come from which; null where no weights were compared."""

    changes: Changes | None
    """What was counted between the files; null where they are no kin, or were not read for it."""

    notes: tuple[str, ...]
    """What could not be compared, and what was left out."""

    made_at: str
    """When, in UTC, ISO 8601."""

    version: str
    """Of Phalanx."""

    @property
    def origins(self) -> dict[str, str]:
        """For each block of the suspect that is kin to one of ours within the budget, which.

        The map is one of the tests of weights, so its level is what those have, divided by them.
        """
        answer = self.verdict.answers.get(Family.WEIGHTS)
        if self.layers is None or answer is None or answer.state is not State.REJECTED:
            return {}
        return self.layers.origins(self.origin_log10_level)

    @property
    def origin_log10_level(self) -> float:
        """Level at which a pair of blocks is called kin, base-10 logarithm."""
        answer = self.verdict.answers.get(Family.WEIGHTS)
        tests = 1 if answer is None else answer.asked.corrected_for
        return self.verdict.budget.log10_share - math.log10(tests)

    @property
    def made(self) -> tuple[tuple[How, str], ...]:
        """How the suspect was made, as far as its weights say it; none where they show no kin."""
        answer = self.verdict.answers.get(Family.WEIGHTS)
        if answer is None or answer.state is not State.REJECTED:
            return ()
        seen = [
            each
            for each in answer.asked.results
            if isinstance(each, Evidence) and each.log10_p <= self.verdict.budget.log10_share
        ]
        standing = {each.rule_id for each in seen if not each.name.endswith(_OVER_VOCABULARY)}
        parts = {each.rule_id for each in seen}
        found = Seen(
            in_place=bool(parts & _IN_PLACE),
            by_parts=bool(parts & _BY_PARTS),
            over_vocabulary=not standing,
            origins=self.origins,
            blocks=() if self.layers is None else self.layers.theirs,
            our_blocks=() if self.layers is None else self.layers.ours,
        )
        return how_made(found, self.changes)


_PARTY = TypeAdapter(Party)
_CHANGES = TypeAdapter(Changes)
_RESULTS: Mapping[str, TypeAdapter[_Result]] = {
    "inconclusive": TypeAdapter(Inconclusive),
    "exact": TypeAdapter(ExactEvidence),
    "e-value": TypeAdapter(Evidence),
}


def content_of(record: Record) -> dict[str, Any]:
    """Return a record as plain JSON values."""
    verdict = record.verdict
    return {
        "schema": FORMAT,
        "version": record.version,
        "made_at": record.made_at,
        "ours": asdict(record.ours),
        "suspect": asdict(record.suspect),
        "accuses": verdict.accuses,
        "conclusions": [str(each) for each in verdict.conclusions],
        "in_words": [SENTENCES[each] for each in verdict.conclusions],
        "shown": list(verdict.shown),
        "made": [{"how": str(how), "seen": said} for how, said in record.made],
        "level": verdict.budget.level,
        "level_of_each_family": verdict.budget.share,
        "families": [
            {
                "family": str(family),
                "null_hypothesis": answer.asked.question.null_hypothesis,
                "state": str(answer.state),
                "reason": answer.reason,
                "log10_p": answer.log10_p,
                "recipients": list(answer.recipients),
                "corrected_for_besides": answer.asked.question.questions,
                "corrected_for": answer.asked.corrected_for,
                "references": answer.asked.references,
                "objection": answer.asked.objection,
                "asked_recipients": list(answer.asked.recipients),
                "results": [_result(each) for each in answer.asked.results],
            }
            for family, answer in verdict.answers.items()
        ],
        "layer_map": None if record.layers is None else _map(record.layers, record),
        "changes": None if record.changes is None else _lists(asdict(record.changes)),
        "notes": list(record.notes),
        "assumptions": list(verdict.assumptions),
        "not_said": list(NOT_SAID),
    }


def record_of(content: Mapping[str, Any]) -> Record:
    """Conclude again from what a report states.

    Parameters:
        content: As `content_of` gives it.

    Raises:
        ValueError, TypeError, KeyError: If it states something else.
    """
    families = content["families"]
    budget = Budget(content["level"], tuple(Family(each["family"]) for each in families))
    layers, changes = content["layer_map"], content["changes"]
    return Record(
        ours=_read(_PARTY, content["ours"]),
        suspect=_read(_PARTY, content["suspect"]),
        verdict=judge(budget, [_asked(each) for each in families]),
        layers=None if layers is None else _layers(layers),
        changes=None if changes is None else _read(_CHANGES, changes),
        notes=_read(_TEXTS, content["notes"]),
        made_at=_read(_TEXT, content["made_at"]),
        version=_read(_TEXT, content["version"]),
    )


def _asked(said: Mapping[str, Any]) -> Asked:
    return Asked(
        family=Family(said["family"]),
        results=tuple(_read_result(each) for each in said["results"]),
        corrected_for=_read(_COUNT, said["corrected_for"]),
        recipients=_read(_TEXTS, said["asked_recipients"]),
        references=_read(_COUNT, said["references"]),
        objection=_read(_TEXT, said["objection"]),
    )


def _result(result: Evidence | Inconclusive) -> dict[str, Any]:
    if isinstance(result, Inconclusive):
        return {"kind": "inconclusive", **asdict(result)}
    kind = "exact" if isinstance(result, ExactEvidence) else "e-value"
    return {"kind": kind, **_lists(asdict(result)), "log10_p": result.log10_p}


def _read_result(said: Mapping[str, Any]) -> _Result:
    numbers = (value for name, value in said.items() if "log10" in name and value is not None)
    if not all(type(each) in {int, float} and math.isfinite(each) for each in numbers):
        message = "a logarithm is no number"
        raise ValueError(message)
    fields = {name: value for name, value in said.items() if name not in {"kind", "log10_p"}}
    return _read(_RESULTS[said["kind"]], fields)


def _map(layers: LayerMap, record: Record) -> dict[str, Any]:
    return {
        "ours": list(layers.ours),
        "theirs": list(layers.theirs),
        "log10_p": [
            [None if math.isnan(each) else each for each in row] for row in layers.log10_p.tolist()
        ],
        "left_out": layers.left_out,
        "log10_level": record.origin_log10_level,
        "origins": record.origins,
    }


def _layers(said: Mapping[str, Any]) -> LayerMap:
    rows = [[np.nan if each is None else float(each) for each in row] for row in said["log10_p"]]
    shape = len(said["ours"]), len(said["theirs"])
    return LayerMap(
        ours=_read(_TEXTS, said["ours"]),
        theirs=_read(_TEXTS, said["theirs"]),
        log10_p=np.array(rows, dtype=np.float64).reshape(shape),
        left_out=_read(_COUNT, said["left_out"]),
    )


def _lists(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(each) if isinstance(each, tuple) else each for name, each in said.items()}


def _read(kind: TypeAdapter[_Kind], said: object) -> _Kind:
    """Return a JSON value as what it stands for, and nothing that is only like it."""
    return kind.validate_json(json.dumps(said), strict=True)


def rounded(record: Record) -> Record:
    """Return a record whose logarithms have nine decimals, as a report states them.

    Two machines may differ in the last digit; what a report says shall follow from its own digits.
    """
    return record_of(_round(content_of(record)))


def _round(said: Any, name: str = "") -> Any:  # noqa: ANN401 - walks JSON values of any kind
    if isinstance(said, dict):
        return {key: _round(each, key) for key, each in said.items()}
    if isinstance(said, list):
        return [_round(each, name) for each in said]
    return round(said, 9) + 0.0 if isinstance(said, float) and "log10" in name else said

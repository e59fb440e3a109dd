"""Tracked groups as a table and back, so that a later scan goes on with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.apart import TESTED_BY, FamilyEvidence, FamilyTest
from phalanx.detect.habits import HABITS
from phalanx.detect.honest import HonestEvidence
from phalanx.detect.links import ALL_FAMILIES
from phalanx.detect.replay import ReplayState
from phalanx.detect.route import Route
from phalanx.detect.track import Look, Track
from phalanx.evidence import OddsTest, UrnTest, WitnessTest

_URN = pa.struct(
    [
        ("log10_e", pa.float64()),
        ("members", pa.int64()),
        ("largest_share", pa.int64()),
        ("distinct_values", pa.int64()),
        ("population", pa.int64()),
    ]
)
_ODDS = pa.struct(
    [
        ("log10_e", pa.float64()),
        ("first", pa.int64()),
        ("first_marked", pa.int64()),
        ("second", pa.int64()),
        ("second_marked", pa.int64()),
    ]
)
_WITNESS = pa.struct(
    [
        ("log10_e", pa.float64()),
        ("members", pa.int64()),
        ("ahead", pa.int64()),
        ("compared", pa.int64()),
    ]
)
_TESTS: Mapping[str, type[FamilyTest]] = {
    "urn": UrnTest,
    "odds": OddsTest,
    "witness": WitnessTest,
}
_LINES = pa.list_(
    pa.struct(
        [
            ("rule_id", pa.string()),
            ("log10_e", pa.float64()),
            ("urn", _URN),
            ("odds", _ODDS),
            ("witness", _WITNESS),
        ]
    )
)
"""All tests but one are null: a family has one kind."""

_LOOKS = pa.list_(pa.struct([("step", pa.int64()), ("parties", pa.int64()), ("lines", _LINES)]))
_HONEST = pa.struct(
    [
        ("log10_e", pa.float64()),
        ("log10_e_one_operator", pa.float64()),
        ("independent_members", pa.float64()),
        ("reference_size", pa.int64()),
        ("members", pa.int64()),
        ("habits", pa.list_(pa.float64())),
        ("reference_habits", pa.list_(pa.float64())),
    ]
)
TRACK_SCHEMA = pa.schema(
    [
        ("route", pa.string()),
        ("formed_step", pa.int64()),
        ("discovered_step", pa.int64()),
        ("threshold", pa.float64()),
        ("linked_log10_e", pa.float64()),
        ("opening", pa.list_(pa.int64())),
        ("members", pa.list_(pa.int64())),
        ("log10_apart", pa.list_(pa.float64())),
        ("log10_honest", pa.list_(pa.float64())),
        ("log10_e_apart", pa.float64()),
        ("log10_e_honest", pa.float64()),
        ("timing", _LINES),
        ("looks", _LOOKS),
        ("apart_lines", _LINES),
        ("honest", _HONEST),
        (
            "place",
            pa.int64(),
        ),  # among the followed ones of its route; null where it is not followed
    ]
)
"""One row per group ever opened, by number."""

_FAMILIES = {family.rule_id: family for family in ALL_FAMILIES}


def track_table(state: ReplayState) -> pa.Table:
    """Return the groups of a replay, columns as `TRACK_SCHEMA`."""
    place = {number: n for numbers in state.alive.values() for n, number in enumerate(numbers)}
    tracks = state.tracks
    columns: dict[str, Sequence[object]] = {
        name: [getattr(track, name) for track in tracks]
        for name in TRACK_SCHEMA.names
        if name not in {"timing", "looks", "apart_lines", "honest", "place"}
    }
    columns["timing"] = [_lines(track.timing) for track in tracks]
    columns["looks"] = [
        [{"step": x.step, "parties": x.parties, "lines": _lines(x.lines)} for x in track.looks]
        for track in tracks
    ]
    columns["apart_lines"] = [_lines(track.apart_lines) for track in tracks]
    columns["honest"] = [None if t.honest is None else _honest(t.honest) for t in tracks]
    columns["place"] = [place.get(track.number) for track in tracks]
    return pa.table(
        {each.name: pa.array(columns[each.name], each.type) for each in TRACK_SCHEMA},
        schema=TRACK_SCHEMA,
    )


def replay_state(
    table: pa.Table, texts: npt.NDArray[np.int64], step: int, formed_step: int
) -> ReplayState:
    """Return where a replay stood.

    Parameters:
        table: Columns as `TRACK_SCHEMA`.
        texts: Community of texts of each party.
        step: Last step.
        formed_step: Last step after which groups were formed.

    Raises:
        KeyError: If it names a family or a route that there is not.
    """
    tracks = [_track(number, row) for number, row in enumerate(table.to_pylist())]
    places = table["place"].to_pylist()
    alive: dict[Route, Sequence[int]] = {}
    for route in TESTED_BY:
        mine = [t.number for t in tracks if t.route == route and places[t.number] is not None]
        alive[route] = sorted(mine, key=lambda number: places[number])
    return ReplayState(step, formed_step, texts, tracks, alive)


def _lines(lines: Sequence[FamilyEvidence]) -> list[dict[str, object]]:
    return [
        {
            "rule_id": x.family.rule_id,
            "log10_e": x.log10_e,
        }
        | {name: asdict(x.finest) for name, kind in _TESTS.items() if isinstance(x.finest, kind)}
        for x in lines
    ]


def _honest(honest: HonestEvidence) -> dict[str, object]:
    return asdict(honest) | {
        "habits": list(honest.habits.values()),
        "reference_habits": list(honest.reference_habits.values()),
    }


def _track(number: int, row: Mapping[str, Any]) -> Track:
    values = {name: value for name, value in row.items() if name != "place"}
    for name in ("opening", "members"):
        values[name] = np.array(values[name], dtype=np.int64)
    for name in ("timing", "apart_lines"):
        values[name] = _evidence(values[name])
    values["looks"] = [
        Look(look["step"], look["parties"], tuple(_evidence(look["lines"])))
        for look in values["looks"]
    ]
    if values["honest"] is not None:
        honest = values["honest"]
        for name in ("habits", "reference_habits"):
            honest[name] = dict(zip(HABITS, honest[name], strict=False))
        values["honest"] = HonestEvidence(**honest)
    return Track(number=number, **values)


def _evidence(lines: Sequence[Mapping[str, Any]]) -> list[FamilyEvidence]:
    return [
        FamilyEvidence(
            _FAMILIES[x["rule_id"]],
            x["log10_e"],
            next(kind(**x[name]) for name, kind in _TESTS.items() if x[name] is not None),
        )
        for x in lines
    ]

"""Tracked groups as a table and back, so that a later scan goes on with them."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.detect.alliance.marked import Marked
from phalanx.detect.apart import TESTED_BY, FamilyEvidence, FamilyTest
from phalanx.detect.habits import HABITS
from phalanx.detect.honest import HonestEvidence
from phalanx.detect.links import ALL_FAMILIES
from phalanx.detect.replay_state import ReplayState
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
"""Column -> kind of test, whose fields are in the order of the column's."""

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
_MARKED = pa.struct(
    [
        ("campaign", pa.string()),
        ("log_ratio_apart", pa.float64()),
        ("log_ratio_honest", pa.float64()),
        ("held_share", pa.float64()),
        ("read_from", pa.list_(pa.string())),
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
        ("marked", _MARKED),
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

Item = TypeVar("Item")

_FAMILIES = {family.rule_id: family for family in ALL_FAMILIES}


def track_table(state: ReplayState) -> pa.Table:
    """Return the groups of a replay, columns as `TRACK_SCHEMA`."""
    place = {number: n for numbers in state.alive.values() for n, number in enumerate(numbers)}
    tracks = state.tracks
    columns: dict[str, Sequence[object]] = {
        name: [getattr(track, name) for track in tracks]
        for name in TRACK_SCHEMA.names
        if name not in {"marked", "timing", "looks", "apart_lines", "honest", "place"}
    }
    columns["marked"] = [track.marked and asdict(track.marked) for track in tracks]
    columns["timing"] = _lines([track.timing for track in tracks])
    columns["looks"] = _looks([track.looks for track in tracks])
    columns["apart_lines"] = _lines([track.apart_lines for track in tracks])
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
    with _kept_objects():
        plain = table.drop_columns(["timing", "looks", "apart_lines"]).to_pylist()
        timing, apart = _evidence(table["timing"]), _evidence(table["apart_lines"])
        rows = zip(plain, timing, apart, _looks_of(table["looks"]), strict=True)
        tracks = [
            _track(number, row | {"timing": times, "apart_lines": lines, "looks": looks})
            for number, (row, times, lines, looks) in enumerate(rows)
        ]
    places = table["place"].to_pylist()
    alive: dict[Route, Sequence[int]] = {}
    for route in TESTED_BY:
        mine = [t.number for t in tracks if t.route == route and places[t.number] is not None]
        alive[route] = sorted(mine, key=lambda number: places[number])
    return ReplayState(step, formed_step, texts, tracks, alive)


@contextmanager
def _kept_objects() -> Iterator[None]:
    """Make objects that stay: to look for garbage among them takes longer than to make them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# Lines are many, and one by one they take a hundred times longer than column by column.


def _lines(of_tracks: Sequence[Sequence[FamilyEvidence]]) -> pa.ListArray:
    flat = [line for lines in of_tracks for line in lines]
    finest = [line.finest for line in flat]
    columns = [
        pa.array([line.family.rule_id for line in flat], pa.string()),
        pa.array([line.log10_e for line in flat], pa.float64()),
        *(_tests(name, finest) for name in _TESTS),
    ]
    rows = pa.StructArray.from_arrays(columns, fields=list(_LINES.value_type))
    return pa.ListArray.from_arrays(_offsets(of_tracks), rows)


def _tests(name: str, tests: Sequence[FamilyTest]) -> pa.StructArray:
    """Return the tests of one kind, null where a test is of another."""
    kind, fields = _TESTS[name], list(_LINES.value_type.field(name).type)
    read, nothing = attrgetter(*(each.name for each in fields)), (None,) * len(fields)
    other = [not isinstance(test, kind) for test in tests]
    rows = [nothing if no else read(test) for test, no in zip(tests, other, strict=True)]
    values = zip(*rows, strict=True) if rows else [()] * len(fields)
    columns = [pa.array(v, each.type) for v, each in zip(values, fields, strict=True)]
    return pa.StructArray.from_arrays(columns, fields=fields, mask=pa.array(other, pa.bool_()))


def _looks(of_tracks: Sequence[Sequence[Look]]) -> pa.ListArray:
    flat = [look for looks in of_tracks for look in looks]
    columns = [
        pa.array([look.step for look in flat], pa.int64()),
        pa.array([look.parties for look in flat], pa.int64()),
        _lines([look.lines for look in flat]),
    ]
    rows = pa.StructArray.from_arrays(columns, fields=list(_LOOKS.value_type))
    return pa.ListArray.from_arrays(_offsets(of_tracks), rows)


def _offsets(lists: Sequence[Sequence[object]]) -> pa.Array:
    return pa.array(np.cumsum([0, *map(len, lists)]), pa.int32())


def _honest(honest: HonestEvidence) -> dict[str, object]:
    return asdict(honest) | {
        "habits": list(honest.habits.values()),
        "reference_habits": list(honest.reference_habits.values()),
    }


def _track(number: int, row: Mapping[str, Any]) -> Track:
    values = {name: value for name, value in row.items() if name != "place"}
    for name in ("opening", "members"):
        values[name] = np.array(values[name], dtype=np.int64)
    if values["marked"] is not None:
        marked = values["marked"]
        values["marked"] = Marked(**marked | {"read_from": tuple(marked["read_from"])})
    if values["honest"] is not None:
        honest = values["honest"]
        for name in ("habits", "reference_habits"):
            honest[name] = dict(zip(HABITS, honest[name], strict=False))
        values["honest"] = HonestEvidence(**honest)
    return Track(number=number, **values)


def _looks_of(column: pa.ChunkedArray | pa.ListArray) -> list[list[Look]]:
    flat, lengths = _flat(column)
    step, parties = flat.field("step").to_pylist(), flat.field("parties").to_pylist()
    lines = map(tuple, _evidence(flat.field("lines")))
    return _split(map(Look, step, parties, lines), lengths)


def _evidence(column: pa.ChunkedArray | pa.ListArray) -> list[list[FamilyEvidence]]:
    flat, lengths = _flat(column)
    families = [_FAMILIES[rule_id] for rule_id in flat.field("rule_id").to_pylist()]
    of_kinds = zip(*(_tests_of(name, flat.field(name)) for name in _TESTS), strict=True)
    tests = map(_only, of_kinds)
    return _split(map(FamilyEvidence, families, flat.field("log10_e").to_pylist(), tests), lengths)


def _only(of_kinds: tuple[FamilyTest | None, ...]) -> FamilyTest:
    for test in of_kinds:
        if test is not None:
            return test
    message = "a line has no test"
    raise ValueError(message)


def _tests_of(name: str, column: pa.StructArray) -> list[FamilyTest | None]:
    values = [column.field(each.name).to_pylist() for each in column.type]
    rows = zip(column.is_valid().to_pylist(), *values, strict=True)
    return [_TESTS[name](*row) if there else None for there, *row in rows]


def _flat(column: pa.ChunkedArray | pa.ListArray) -> tuple[pa.StructArray, list[int]]:
    """Return the items of all lists, and how many each has."""
    lists = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return lists.flatten(), pc.list_value_length(lists).to_pylist()


def _split(items: Iterator[Item], lengths: Sequence[int]) -> list[list[Item]]:
    return [list(islice(items, length)) for length in lengths]

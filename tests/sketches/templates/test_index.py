"""The index: what is found, in any order of deltas, while readers read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.sketches.templates import (
    GroupKey,
    GroupKeys,
    Matches,
    TemplateIndex,
    TemplateRows,
    match_prompts,
    segment,
)
from phalanx.sketches.templates.rows import identifiers_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
Write = Callable[..., str]
MakeRows = Callable[..., TemplateRows]
FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _name(number: int) -> str:
    return identifiers_of(np.array([[0, number]], np.uint64))[0]


def _found(index: TemplateIndex, texts: list[str], keys: GroupKeys) -> list[tuple[int, str]]:
    table = match_prompts(pa.array(texts, pa.string()), index.snapshot, keys, NOW).table
    return list(zip(table["prompt"].to_pylist(), table["indicator"].to_pylist(), strict=True))


def test_what_is_held_is_found_and_nothing_else(
    make_rows: MakeRows, text_of: Write, keys: GroupKeys
) -> None:
    """Of a thousand templates each prompt finds its own, wherever more text follows it."""
    texts = [text_of(seed) for seed in range(1_000)]
    index = TemplateIndex([make_rows(texts)])
    asked = [texts[7], text_of(5_001), texts[500] + " " + text_of(5_002, 30), texts[3].upper()]
    assert _found(index, asked, keys) == [(0, _name(7)), (2, _name(500)), (3, _name(3))]


def test_a_template_before_long_content_is_found(
    make_rows: MakeRows, text_of: Write, keys: GroupKeys
) -> None:
    """By the beginning of the prompt, though most of its words are other ones."""
    index = TemplateIndex([make_rows([text_of(1)])])
    assert _found(index, [text_of(1) + " " + text_of(2, 600)], keys) == [(0, _name(0))]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    deltas=st.lists(st.tuples(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9))), max_size=8)
)
def test_deltas_in_any_order_leave_what_a_table_would_hold(
    deltas: list[tuple[set[int], set[int]]],
    make_rows: MakeRows,
    text_of: Write,
    keys: GroupKeys,
) -> None:
    """Removals come first, the last word counts, and a delta that comes twice changes nothing."""
    texts = [text_of(seed) for seed in range(10)]
    index, expected = TemplateIndex(), set[int]()
    for added, removed in deltas:
        for _ in range(2):
            rows = make_rows([texts[n] for n in sorted(added)], numbers=sorted(added))
            index.apply([rows] if added else [], [_name(n) for n in sorted(removed)])
        expected = (expected - removed) | added
        assert _found(index, texts, keys) == [(n, _name(n)) for n in sorted(expected)]
    assert len(index.snapshot) == len(expected)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lists=st.lists(st.sets(st.integers(0, 9)), max_size=6))
def test_a_whole_list_takes_the_place_of_another(
    lists: list[set[int]], make_rows: MakeRows, text_of: Write, keys: GroupKeys
) -> None:
    """What differs moves, and no more."""
    texts = [text_of(seed) for seed in range(10)]
    index, held = TemplateIndex(), set[int]()
    for wanted in lists:
        numbers = sorted(wanted)
        rows = [make_rows([texts[n] for n in numbers], numbers=numbers)] if wanted else []
        assert index.replace(rows) == (len(wanted - held), len(held - wanted))
        assert _found(index, texts, keys) == [(n, _name(n)) for n in numbers]
        held = wanted


def test_a_new_version_takes_the_place_of_the_old(
    make_rows: MakeRows, text_of: Write, keys: GroupKeys
) -> None:
    """Another text, another end or another campaign under the same indicator."""
    index = TemplateIndex([make_rows([text_of(1)])])
    index.apply([make_rows([text_of(2)])])
    assert _found(index, [text_of(1), text_of(2)], keys) == [(1, _name(0))]
    assert index.replace([make_rows([text_of(2)], campaign="campaign--two")]) == (1, 1)
    assert index.replace([make_rows([text_of(2)], campaign="campaign--two", until_us=1)]) == (1, 1)
    assert _found(index, [text_of(2)], keys) == []


def test_what_has_ended_is_passed_over(
    make_rows: MakeRows, text_of: Write, keys: GroupKeys
) -> None:
    """At the moment of its end, without a reload."""
    end = round(NOW.timestamp() * 1e6)
    index = TemplateIndex([make_rows([text_of(1)], until_us=end)])
    assert _found(index, [text_of(1)], keys) == []
    index = TemplateIndex([make_rows([text_of(1)], until_us=end + 1)])
    assert _found(index, [text_of(1)], keys) == [(0, _name(0))]


def test_each_epoch_is_looked_up_under_its_key(
    make_rows: MakeRows, text_of: Write, keys: GroupKeys
) -> None:
    """Two epochs at once; one whose key is missing is named."""
    new = GroupKey(2, date(2026, 2, 1), b"n" * 32)
    rows = [make_rows([text_of(1)]), make_rows([text_of(1)], numbers=[5], campaign="c--2", by=new)]
    snapshot = TemplateIndex(rows).snapshot
    both = match_prompts(pa.array([text_of(1)]), snapshot, GroupKeys((*keys.keys, new)), NOW)
    assert both.table["campaign"].to_pylist() == ["c--2", "campaign--one"]
    assert both.unread_epochs == ()
    one = match_prompts(pa.array([text_of(1)]), snapshot, keys, NOW)
    assert (one.table.num_rows, one.unread_epochs) == (1, (2,))


def test_each_campaign_is_named_once_with_its_best_template(
    make_rows: MakeRows, text_of: Write, keys: GroupKeys
) -> None:
    """Across templates, segments and epochs."""
    text = text_of(1)
    near = text.rsplit(" ", 5)[0]
    index = TemplateIndex([make_rows([near, text], numbers=[1, 2])])
    index.apply([make_rows([near], numbers=[3])])
    found = match_prompts(pa.array([text]), index.snapshot, keys, NOW).table.to_pylist()
    assert [(each["indicator"], each["jaccard"]) for each in found] == [(_name(2), 1.0)]


def test_chunks_slices_and_nulls(make_rows: MakeRows, text_of: Write, keys: GroupKeys) -> None:
    """Positions are those in the whole column."""
    index = TemplateIndex([make_rows([text_of(1)])])
    chunk = pa.array(["no", None, text_of(1), "no"])
    column = pa.chunked_array([chunk[1:3], pa.array([], pa.string()), chunk[2:]])
    found = match_prompts(column, index.snapshot, keys, NOW).table
    assert found["prompt"].to_pylist() == [1, 2]
    assert match_prompts(column, TemplateIndex().snapshot, keys, NOW).table.num_rows == 0


def test_a_flood_is_cut_short_and_said(
    make_rows: MakeRows, text_of: Write, keys: GroupKeys
) -> None:
    """More campaigns than are named, or more sketches in one band than are compared."""
    many = segment.MOST_CAMPAIGNS + 1
    parts = [make_rows([text_of(1)], numbers=[n], campaign=f"c--{n}") for n in range(many)]
    named = match_prompts(pa.array([text_of(1)]), TemplateIndex(parts).snapshot, keys, NOW)
    assert named.table.num_rows <= many
    rows = make_rows([text_of(1)]).take(np.zeros(segment.MOST_CANDIDATES + 1, dtype=np.int64))
    flood = match_prompts(
        pa.array([text_of(1), text_of(2)]), TemplateIndex([rows]).snapshot, keys, NOW
    )
    assert (flood.table.num_rows, flood.cut_short) == (1, 1)


def test_a_snapshot_never_changes(make_rows: MakeRows, text_of: Write, keys: GroupKeys) -> None:
    """A reader that keeps one finds what it held, whatever is removed meanwhile."""
    index = TemplateIndex([make_rows([text_of(1), text_of(2)])])
    held = index.snapshot
    index.apply([make_rows([text_of(3)], numbers=[9])], [_name(0)])
    asked = pa.array([text_of(n) for n in (1, 2, 3)])
    assert match_prompts(asked, held, keys, NOW).table["prompt"].to_pylist() == [0, 1]
    now_held = match_prompts(asked, index.snapshot, keys, NOW).table
    assert now_held["prompt"].to_pylist() == [1, 2]


def test_readers_go_on_while_the_list_changes(
    make_rows: MakeRows, text_of: Write, keys: GroupKeys
) -> None:
    """What is in every version is found in every reading."""
    index = TemplateIndex([make_rows([text_of(0)])])
    asked, stop = pa.array([text_of(0)]), threading.Event()
    readings: list[Matches] = []

    def read() -> None:
        while not stop.is_set():
            readings.append(match_prompts(asked, index.snapshot, keys, NOW))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 40):
        index.apply(
            [make_rows([text_of(number)], numbers=[number])], [_name(number - 1)] * (number > 1)
        )
    stop.set()
    reader.join()
    assert readings
    assert all(reading.table["indicator"].to_pylist() == [_name(0)] for reading in readings)
    assert len(index.snapshot) == 2


def test_small_segments_are_put_together(make_rows: MakeRows, text_of: Write) -> None:
    """A thousand deltas of one row are no thousand tables to look into."""
    rows = make_rows([text_of(seed) for seed in range(200)])
    index = TemplateIndex()
    for number in range(200):
        index.apply([rows.take(np.array([number]))])
    assert len(index.snapshot) == 200
    assert len(index.snapshot.segments) <= 5


def test_only_indicators_are_removed() -> None:
    """Another text is a mistake of the caller."""
    with pytest.raises(ValueError, match="identifiers of indicators"):
        TemplateIndex().apply([], ["campaign--00000000-0000-0000-0000-000000000000"])

"""Accounts whose keys a text carries, and registers that are whole or refused."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.watermark.detection import Reading
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.tracing import ServedKey, read_register, trace, write_register

START = datetime(2026, 9, 1, tzinfo=UTC)


def _row(number: int, key: int | None = None) -> ServedKey:
    first = START + timedelta(days=number)
    return ServedKey(
        account=f"a{number}",
        key_id=f"k{number if key is None else key}",
        first_served=first,
        last_served=first + timedelta(hours=1),
        tokens=1000,
    )


def _key(name: str) -> bytes:
    return name.encode().ljust(32, b"\0")


def test_two_accounts_in_one_text(writer: Any) -> None:
    """A corpus of two accounts' texts among others' names both and no third."""
    texts = [writer(200, None, seed=0), writer(200, _key("k3"), seed=1), writer(200, _key("k5"), 2)]
    register = [_row(number) for number in range(30)]
    reading = Reading(tokenizer="numbers", documents=texts)
    found = trace([reading], register, [PhalanxGumbel()], _key, decoys=99)
    assert {each.accounts for each in found.accused} == {("a3",), ("a5",)}
    assert len(found.keys) == 30
    evidence = found.accused[0].evidence()
    assert evidence.rule_id == "PHX-W003"
    assert evidence.log10_p < -6.0


def test_accounts_of_one_campaign_are_named_together(writer: Any) -> None:
    """Where accounts share a key, it cannot say which of them it was."""
    register = [_row(1, key=9), _row(2, key=9), _row(3)]
    reading = Reading(tokenizer="numbers", documents=[writer(200, _key("k9"), seed=1)])
    found = trace([reading], register, [PhalanxGumbel()], _key, decoys=0)
    assert [each.accounts for each in found.accused] == [("a1", "a2")]
    assert found.keys[0].finding.family == 2


def test_who_was_served_later_is_not_tried(writer: Any) -> None:
    """A text cannot carry a key that was first used after it."""
    reading = Reading(tokenizer="numbers", documents=[writer(100, None, seed=1)])
    register = [_row(number) for number in range(10)]
    seen_at = START + timedelta(days=3)
    found = trace([reading], register, [PhalanxGumbel()], _key, decoys=0, seen_at=seen_at)
    assert found.not_tried == ("a4", "a5", "a6", "a7", "a8", "a9")
    assert found.detection.findings[0].family == 4
    with pytest.raises(InputError, match="names no key"):
        trace([reading], register, [PhalanxGumbel()], _key, seen_at=START - timedelta(days=1))


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_a_register_is_read_as_it_was_written(tmp_path: Path, ending: str) -> None:
    """Both formats keep every value, and are for their owner alone."""
    rows = tuple(_row(number) for number in range(50))
    path = tmp_path / f"register.{ending}"
    write_register(path, rows)
    assert read_register(path) == rows
    assert path.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"account": ""}, "no usable account"),
        ({"account": "a" * 600}, "no usable account"),
        ({"key_id": None}, "no usable key_id"),
        ({"tokens": True}, "no usable tokens"),
        ({"tokens": -1}, "no usable tokens"),
        ({"first_served": "2026-09-01T00:00:00"}, "no usable first_served"),
        ({"first_served": "soon"}, "no usable first_served"),
        ({"first_served": "0001-01-01T00:00:00+23:59"}, "no usable first_served"),
        ({"last_served": "2020-01-01T00:00:00+00:00"}, "before it was first served"),
    ],
)
def test_a_bad_row_refuses_the_register(tmp_path: Path, change: Any, what: str) -> None:
    """Each row counts in the correction for many tests: none is dropped in silence."""
    path = tmp_path / "register.jsonl"
    write_register(path, [_row(1), _row(2)])
    lines = path.read_text().splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | change)
    path.write_text("\n".join(lines))
    with pytest.raises(InputError, match=f"row 2 of the register .* {what}"):
        read_register(path)


def test_a_moment_without_a_time_zone_is_refused(writer: Any) -> None:
    """What was served before it is not known."""
    reading = Reading(tokenizer="numbers", documents=[writer(100, None, seed=1)])
    with pytest.raises(InputError, match="no time zone"):
        trace([reading], [_row(1)], [PhalanxGumbel()], _key, seen_at=datetime(2026, 9, 2))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"key_id": "k2"', '"key_id": "k2", "key_id": "k9"', "names a field twice"),
        ('"account": "a2"', '"account": "\\ud800"', "no usable account"),
        ('"key_id": "k2"', '"key_id": "k\\udfff"', "no usable key_id"),
    ],
)
def test_what_two_readers_read_differently_is_refused(
    tmp_path: Path, old: str, new: str, what: str
) -> None:
    """Names that come twice, and letters that cannot be written again."""
    path = tmp_path / "register.jsonl"
    write_register(path, [_row(1), _row(2)])
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=f"row 2 of the register .* {what}"):
        read_register(path)


def test_a_parquet_with_a_column_twice_is_refused(tmp_path: Path) -> None:
    """It says two things of one row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "register.parquet"
    write_register(path, [_row(1)])
    table = pq.read_table(path)
    pq.write_table(table.append_column("account", pa.array(["a9"])), path)
    with pytest.raises(InputError, match="names a column twice"):
        read_register(path)


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
@pytest.mark.parametrize(
    "change",
    [
        {"account": "\ud800"},
        {"key_id": ""},
        {"first_served": datetime(2026, 9, 1)},  # noqa: DTZ001
        {"tokens": -1},
    ],
)
def test_what_cannot_be_read_is_not_written(tmp_path: Path, ending: str, change: Any) -> None:
    """And what was there stays."""
    path = tmp_path / f"register.{ending}"
    write_register(path, [_row(1)])
    with pytest.raises(InputError, match=r"row 2 of the register .* has no usable"):
        write_register(path, [_row(1), replace(_row(2), **change)])
    assert read_register(path) == (_row(1),)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory: Any, content: bytes) -> None:
    """Whatever a register's file holds, it is rows or one error of ours."""
    folder = tmp_path_factory.mktemp("register")
    for name in ("register.jsonl", "register.parquet"):
        path = folder / name
        path.write_bytes(content)
        with suppress(InputError):
            assert isinstance(read_register(path), tuple)


def test_a_parquet_without_a_column_is_refused(tmp_path: Path) -> None:
    """The missing column is named."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "register.parquet"
    pq.write_table(pa.table({"account": ["a"], "key_id": ["k"], "tokens": np.array([1])}), path)
    with pytest.raises(InputError, match="lacks first_served, last_served"):
        read_register(path)

"""Match lists: what can be compared is read, what is hostile is refused in plain words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.sketches.templates import (
    GroupKey,
    GroupKeys,
    TemplateIndex,
    match_prompts,
    read_listed_templates,
    sketch_of,
)
from phalanx.sketches.templates.rows import identifiers_of

UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
SCHEMA = pa.schema(
    {
        "indicator": pa.string(), "campaign": pa.string(), "kind": pa.string(),
        "epoch": pa.int32(), "value": pa.string(), "minhash": pa.binary(),
        "minhash_bits": pa.int8(), "simhash": pa.uint64(), "shingle_size": pa.int8(),
        "canonicaliser": pa.string(), "length_bucket": pa.int8(), "confidence": pa.int8(),
        "verdict": pa.string(), "valid_until": pa.timestamp("us", "UTC"),
    }
)  # fmt: skip


def _row(number: int = 0, **changed: Any) -> dict[str, Any]:
    return {
        "indicator": identifiers_of(np.array([[0, number]], np.uint64))[0],
        "campaign": "campaign--one", "kind": "template", "epoch": 1, "minhash": bytes(128),
        "minhash_bits": 8, "simhash": 0, "shingle_size": 3, "canonicaliser": "phalanx/1",
        "length_bucket": 5, "confidence": 80, "verdict": "none", "valid_until": UNTIL, **changed,
    }  # fmt: skip


def _write(path: Path, *rows: dict[str, Any], schema: pa.Schema = SCHEMA) -> Path:
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)
    return path


def test_a_list_is_read_and_matched(
    tmp_path: Path, key: GroupKey, keys: GroupKeys, text_of: Callable[..., str], now: datetime
) -> None:
    """From the bytes of the wire to a campaign; other kinds of rows stand beside."""
    minhash = sketch_of(pa.array([text_of(1)]), key).minhash[0]
    wide = np.stack([np.full(128, 7, np.uint8), minhash], axis=1)
    path = _write(
        tmp_path / "list.parquet",
        _row(1, minhash=minhash.tobytes()),
        _row(2, minhash=wide.tobytes(), minhash_bits=16, campaign="campaign--two"),
        _row(3, kind="domain", value="a.example", minhash=None, minhash_bits=None),
    )
    rows, passed_over = read_listed_templates(path)
    assert (sum(map(len, rows)), passed_over) == (2, 0)
    index = TemplateIndex(rows)
    found = match_prompts(pa.array([text_of(1)]), index.snapshot, keys, now).table
    assert found["campaign"].to_pylist() == ["campaign--one", "campaign--two"]
    assert index.replace(read_listed_templates(path)[0]) == (0, 0)


def test_what_cannot_be_compared_is_counted(tmp_path: Path) -> None:
    """Another canonicaliser, other shingles, few bits; wrong ones are left out."""
    path = _write(
        tmp_path / "list.parquet",
        _row(1, canonicaliser="phalanx/2"),
        _row(2, shingle_size=5),
        _row(3, minhash_bits=4, minhash=bytes(64)),
        _row(4, verdict="negative"),
        _row(5, epoch=2),
        _row(6),
    )
    rows, passed_over = read_listed_templates(path)
    assert ([part.epoch for part in rows], [len(part) for part in rows], passed_over) == (
        [1, 2],
        [1, 1],
        3,
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"minhash": bytes(127)}, "as long as its bits"),
        ({"minhash": bytes(64)}, "as long as its bits"),
        ({"minhash_bits": 7}, "1, 2, 4, 8 or 16 bits"),
        ({"minhash_bits": 0, "minhash": b""}, "1, 2, 4, 8 or 16 bits"),
        ({"minhash": None}, "lacks a value"),
        ({"valid_until": None}, "lacks a value"),
        ({"campaign": None}, "lacks a value"),
        ({"epoch": -1}, "epoch is negative"),
        ({"indicator": "indicator--1"}, "identifiers of indicators"),
        ({"indicator": "indicator--00000000-0000-0000-0000-00000000000A"}, "identifiers"),
        ({"indicator": "indicator--00000000-0000-0000-0000-000000000000\n"}, "identifiers"),
        ({"campaign": "c" * 200}, "too long"),
    ],
)
def test_hostile_rows_are_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    """One wrong row is enough, and says what is wrong."""
    path = _write(tmp_path / "list.parquet", _row(1), _row(2, **changed))
    with pytest.raises(InputError, match=said):
        read_listed_templates(path)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("epoch", pa.float64()),
        ("valid_until", pa.timestamp("us")),
        ("minhash", pa.string()),
        ("minhash_bits", pa.float32()),
    ],
)
def test_columns_of_other_types_are_refused(tmp_path: Path, name: str, kind: pa.DataType) -> None:
    """A fraction, not-a-number or a time without zone is no such value."""
    schema = SCHEMA.set(SCHEMA.get_field_index(name), pa.field(name, kind))
    values = {"epoch": float("nan"), "minhash_bits": float("nan"), "minhash": "a" * 128}
    changed = {name: values[name]} if name in values else {}
    path = _write(tmp_path / "list.parquet", _row(1, **changed), schema=schema)
    with pytest.raises(InputError, match=f"column {name}"):
        read_listed_templates(path)


def test_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    """With the path and the next step."""
    path = _write(tmp_path / "list.parquet", _row(1), schema=SCHEMA.remove(0))
    with pytest.raises(InputError, match="lacks the column indicator"):
        read_listed_templates(path)
    with pytest.raises(InputError, match="cannot be read") as raised:
        read_listed_templates(tmp_path / "none.parquet")
    assert "phalanx share pull" in raised.value.diagnostics()


def test_dictionaries_and_large_strings_are_strings(tmp_path: Path) -> None:
    """Other writers lay columns out in other ways."""
    table = pa.Table.from_pylist([_row(1)], schema=SCHEMA)
    for name, kind in (("kind", pa.large_string()), ("indicator", pa.large_string()),
                       ("minhash", pa.large_binary())):  # fmt: skip
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table[name].cast(kind))
    at = table.schema.get_field_index("campaign")
    table = table.set_column(at, "campaign", table["campaign"].dictionary_encode())
    pq.write_table(table, tmp_path / "list.parquet")
    assert len(read_listed_templates(tmp_path / "list.parquet")[0]) == 1


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, 4_000), byte=st.integers(0, 255), cut=st.integers(0, 4_000))
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, at: int, byte: int, cut: int) -> None:
    """Whatever became of it."""
    path = _write(tmp_path / "list.parquet", _row(1), _row(2))
    content = bytearray(path.read_bytes())
    content[at % len(content)] = byte
    path.write_bytes(content[: len(content) - cut % 20])
    try:
        rows, _ = read_listed_templates(path)
    except InputError:
        return
    TemplateIndex(rows)

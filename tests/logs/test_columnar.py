"""Parquet, Arrow files and tables in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.contract import Example, LogReaderContract
from phalanx.logs.native import NativeReader
from phalanx.logs.schema import EXCHANGE_SCHEMA
from phalanx.text import hash_strings

Row = Callable[..., dict[str, Any]]
Lines = Callable[..., Path]
Read = Callable[..., Any]


def _table(row: Row, count: int = 3, **columns: Any) -> pa.Table:
    return pa.Table.from_pylist([row(number, **columns) for number in range(count)])


def _bytes(write: Callable[[Any], None]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


_TABLE = pa.table(
    {
        "timestamp": pa.array([datetime(2026, 5, 1, tzinfo=UTC)] * 40),
        "account_id": ["a"] * 40,
        "model": ["m"] * 40,
        "prompt": [f"prompt {number}" for number in range(40)],
    }
)


def _write_ipc(sink: Any) -> None:
    with pa.ipc.new_file(sink, _TABLE.schema) as writer:
        writer.write_table(_TABLE, max_chunksize=7)


def _write_stream(sink: Any) -> None:
    with pa.ipc.new_stream(sink, _TABLE.schema) as writer:
        writer.write_table(_TABLE, max_chunksize=7)


class TestNativeReaderOfColumns(LogReaderContract):
    """The native reader keeps the contract for columnar files."""

    reader = NativeReader()
    examples = (
        Example(_bytes(lambda sink: pq.write_table(_TABLE, sink)), 40),
        Example(_bytes(_write_ipc), 40),
        Example(_bytes(_write_stream), 40),
    )


def test_parquet_gives_exchanges(tmp_path: Path, row: Row, read: Read) -> None:
    """A Parquet file of strings and numbers comes out in the exchange schema."""
    path = tmp_path / "a.parquet"
    pq.write_table(_table(row, status=200, input_tokens=7, client_ip="192.0.2.9"), path)
    table, log = read(path)
    assert table.schema == EXCHANGE_SCHEMA
    assert table["prompt"].to_pylist() == ["Question 0", "Question 1", "Question 2"]
    assert table["status"].to_pylist() == [200] * 3
    assert table["client_subnet"].to_pylist() == ["192.0.2.0/24"] * 3
    assert table["response_characters"].to_pylist() == [-1] * 3
    assert log.columns == {"status", "input_tokens", "client_ip"}
    assert log.rows == 3


def test_missing_tokens_stay_null(row: Row, read: Read) -> None:
    """What was not logged is null, never a guess."""
    table, log = read(_table(row))
    assert table["input_tokens"].null_count == 3
    assert log.columns == frozenset()


def test_a_column_of_nulls_is_not_carried(row: Row, read: Read) -> None:
    """A column that exists without a value switches no signal on."""
    table = _table(row).append_column("asn", pa.nulls(3, pa.string()))
    _, log = read(table)
    assert "asn" not in log.columns


def test_responses_leave_only_their_length(row: Row, read: Read) -> None:
    """The text of a response is not kept, its characters are counted."""
    table, log = read(_table(row, response="naïve"))
    assert table["response_characters"].to_pylist() == [5, 5, 5]
    assert "response" in log.columns
    assert "naïve" not in str(table.to_pylist())


def test_response_lengths_may_come_instead(row: Row, read: Read) -> None:
    """A log without response texts may carry their lengths."""
    table, log = read(_table(row, response_characters=42))
    assert table["response_characters"].to_pylist() == [42] * 3
    assert "response" in log.columns


def test_batches_are_bounded_in_rows(row: Row) -> None:
    """No batch is longer than asked for, and none is empty."""
    log = open_log(_table(row, 25), ReadOptions(batch_rows=10))
    assert [batch.num_rows for batch in log.batches()] == [10, 10, 5]


def test_batches_are_bounded_in_bytes(row: Row) -> None:
    """Long prompts make shorter batches."""
    rows = [row(number, prompt="x" * (3 << 20)) for number in range(64)]
    log = open_log(pa.Table.from_pylist(rows), ReadOptions(maximum_prompt_characters=3 << 20))
    sizes = [batch.nbytes for batch in log.batches()]
    assert max(sizes) <= 64 << 20
    assert log.rows == 64


@pytest.mark.parametrize(
    "convert",
    [
        lambda table: table,
        lambda table: table.to_batches()[0],
        lambda table: table.to_reader(),
        lambda table: table.to_pandas(),
        pl.DataFrame,
        pl.LazyFrame,
        ibis.memtable,
    ],
    ids=["table", "batch", "reader", "pandas", "polars", "polars-lazy", "ibis"],
)
def test_any_frame_reads_the_same(convert: Callable[[pa.Table], Any], row: Row, read: Read) -> None:
    """Frames of every library give the same exchanges."""
    table = _table(row, 5, temperature=0.5, asn="64500")
    expected, _ = read(table)
    result, log = read(convert(table))
    assert result.sort_by("account_id").equals(expected)
    assert log.inputs == {"frame": "frame"}


def test_pandas_with_mixed_objects(row: Row, read: Read) -> None:
    """A pandas column of several types is read cell by cell."""
    frame = pd.DataFrame([row(0, status=200), row(1, status="n/a"), row(2, status=None)])
    frame["account_id"] = [7, "b", 8.0]
    table, log = read(frame)
    assert table["account_id"].to_pylist() == ["7", "b", "8.0"]
    assert table["status"].to_pylist() == [200, None, None]
    assert log.notes["status: value of a wrong type or size, left empty"] == 1


def test_what_is_no_table_is_refused() -> None:
    """A number is no log, and the message says what is."""
    with pytest.raises(InputError, match="cannot read logs from a int") as caught:
        list(open_log(5).batches())
    assert "Arrow" in caught.value.diagnostics()


def test_a_mapped_column_that_is_missing_is_named_with_its_field(row: Row, lines: Lines) -> None:
    """A slip in --map is told as such, in tables and in lines."""
    options = ReadOptions(columns={"account_id": "user.di"})
    for log in (_table(row), lines(row(0))):
        with pytest.raises(InputError, match=r"no column for account_id \(mapped to user.di\);"):
            list(open_log(log, options).batches())


def test_required_column_missing_names_what_there_is(row: Row) -> None:
    """The error names the missing column, the present ones and the option."""
    table = _table(row).rename_columns(["time", "account_id", "model", "prompt"])
    with pytest.raises(InputError) as caught:
        list(open_log(table).batches())
    assert str(caught.value) == (
        "frame: no column for timestamp; it has: time, account_id, model, prompt"
    )
    assert "--map timestamp=FIELD" in caught.value.next_step


def test_mapping_reaches_nested_fields_and_maps(row: Row, read: Read, tmp_path: Path) -> None:
    """A dotted path leads into structs and maps; a literal dotted name comes first."""
    table = _table(row).drop_columns(["account_id", "model"])
    table = table.append_column("user", pa.array([{"id": "n"}, {"id": None}, None]))
    tags = pa.array([[("kind", "big")]] * 3, pa.map_(pa.string(), pa.string()))
    table = table.append_column("tags", tags)
    path = tmp_path / "nested.parquet"
    pq.write_table(table, path)
    for source in (path, table):
        result, log = read(source, columns={"account_id": "user.id", "model": "tags.kind"})
        assert result["account_id"].to_pylist() == ["n"]
        assert result["model"].to_pylist() == ["big"]
        assert log.rejects == {"account_id missing or not text": 2}
    flat = table.append_column("user.id", pa.array(["f"] * 3))
    result, _ = read(flat, columns={"account_id": "user.id", "model": "tags.kind"})
    assert result["account_id"].to_pylist() == ["f"] * 3


def test_mapped_optional_field_that_is_absent_is_noted(row: Row, read: Read) -> None:
    """A misspelt mapping of an optional column does not pass in silence."""
    _, log = read(_table(row), columns={"asn": "as_number"})
    assert log.notes == {"asn: mapped to as_number, which frame does not have": 1}


@pytest.mark.parametrize(
    "kind",
    [pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()],
    ids=str,
)
def test_text_in_any_arrow_type(kind: pa.DataType, row: Row, read: Read) -> None:
    """Every spelling of text in Arrow is read."""
    table = _table(row, 2, prompt="grüße")
    column = table["prompt"].cast(pa.binary() if "binary" in str(kind) else pa.string()).cast(kind)
    table = table.set_column(table.schema.get_field_index("prompt"), "prompt", column)
    result, _ = read(table)
    assert result["prompt"].to_pylist() == ["grüße"] * 2


def test_dictionaries_and_slices(row: Row, read: Read) -> None:
    """Dictionary columns and sliced tables give the rows that they show."""
    table = _table(row, 6, asn="1")
    encoded = table["account_id"].combine_chunks().dictionary_encode()
    table = table.set_column(1, "account_id", encoded).slice(2, 3)
    result, _ = read(table)
    assert result["account_id"].to_pylist() == ["user-2", "user-3", "user-4"]


def test_wrong_type_of_an_optional_column_keeps_the_row(row: Row, read: Read) -> None:
    """An optional cell that cannot be read becomes null and is counted."""
    table = _table(row, 3).append_column("max_tokens", pa.array(["12", "many", None]))
    table = table.append_column("asn", pa.array([[1], [2], None]))
    result, log = read(table)
    assert result["max_tokens"].to_pylist() == [12, None, None]
    assert result["asn"].to_pylist() == [None] * 3
    assert log.notes["max_tokens: value of a wrong type or size, left empty"] == 1
    assert log.notes["asn: value of a wrong type or size, left empty"] == 2


def test_wrong_type_of_a_required_column_rejects_the_rows(row: Row, read: Read) -> None:
    """Rows whose required cells cannot be read are rejected one by one."""
    table = _table(row, 3).set_column(
        0, "timestamp", pa.array(["2026-05-01T00:00:00Z", "soon", None])
    )
    result, log = read(table)
    assert result.num_rows == 1
    assert log.rejects == {"timestamp missing or unreadable": 2}


def test_a_column_of_only_wrong_cells_says_so(row: Row) -> None:
    """When no row can be used the error gives the reasons and their counts."""
    table = _table(row, 3).set_column(1, "account_id", pa.array([["x"]] * 3))
    with pytest.raises(InputError, match=r"account_id missing or not text: 3"):
        list(open_log(table).batches())


def test_truncated_parquet_is_refused(tmp_path: Path, row: Row) -> None:
    """A Parquet file without its end is named with the reason and a next step."""
    path = tmp_path / "cut.parquet"
    pq.write_table(_table(row, 100), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"cut\.parquet: cannot be read as native") as caught:
        list(open_log(path).batches())
    assert caught.value.next_step


def test_parquet_damaged_inside_is_refused(tmp_path: Path, row: Row) -> None:
    """A page that cannot be decoded ends in the same clear error."""
    path = tmp_path / "bad.parquet"
    pq.write_table(_table(row, 5000), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[200:4000] = bytes(3800)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.parquet"):
        list(open_log(path).batches())


def test_invalid_text_in_parquet_is_mended(tmp_path: Path, row: Row, read: Read) -> None:
    """Bytes that are not UTF-8 in a text column are read as Windows-1252."""
    prompts = pa.array([b"caf\xe9", b"fine"]).view(pa.string())
    table = _table(row, 2).set_column(3, "prompt", prompts)
    path = tmp_path / "latin.parquet"
    pq.write_table(table, path)
    result, log = read(path)
    assert result["prompt"].to_pylist() == ["café", "fine"]
    assert log.notes == {"prompt: not valid UTF-8, read as Windows-1252": 1}


def test_implausible_row_counts_are_refused(tmp_path: Path) -> None:
    """A few bytes that claim millions of rows are taken for a bomb."""
    path = tmp_path / "bomb.parquet"
    count = 3_000_000
    same = pa.array(["x"]).take(pa.array([0] * count))
    names = ("timestamp", "account_id", "model", "prompt")
    pq.write_table(pa.table(dict.fromkeys(names, same)), path, row_group_size=count)
    with pytest.raises(InputError, match="claims 3,000,000 rows"):
        list(open_log(path).batches())


def _pointers(count: int, text: str) -> pa.Table:
    return _TABLE.take(pa.array([0] * count)).set_column(
        3, "prompt", pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), [text])
    )


@pytest.mark.parametrize("kind", ["parquet", "plain parquet", "arrow", "frame"])
def test_one_long_text_and_many_pointers(kind: str, tmp_path: Path) -> None:
    """A few bytes that stand for a gigabyte are written out in parts of bounded size."""
    table = _pointers(1_000, "x" * (1 << 20))
    source: Any = tmp_path / "pointers"
    if kind.endswith("parquet"):
        # Without its schema of Arrow the file says that the column is plain text.
        pq.write_table(table, source, compression="zstd", store_schema=kind == "parquet")
        assert source.stat().st_size < 10_000
    elif kind == "arrow":
        with pa.ipc.new_file(str(source), table.schema) as writer:
            writer.write_table(table)
    else:
        source = table
    before = pa.total_allocated_bytes()
    most = 0
    rows = 0
    log = open_log(source, ReadOptions(maximum_prompt_characters=100))
    for batch in log.batches():
        most = max(most, pa.total_allocated_bytes() - before)
        rows += batch.num_rows
    assert rows == 1_000
    assert most < 400 << 20


def test_nested_text_by_pointers(tmp_path: Path, read: Read) -> None:
    """Messages inside lists are read few rows at a time and come out whole, in order."""
    turns = [[{"role": "user", "content": f"Question {number % 7}"}] for number in range(500)]
    table = _TABLE.take(pa.array([0] * 500)).set_column(3, "prompt", pa.array(turns))
    path = tmp_path / "nested.parquet"
    pq.write_table(table, path, row_group_size=150)
    result, _ = read(path)
    assert result["prompt"].to_pylist() == [turn[0]["content"] for turn in turns]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_text_of_parquet_is_the_same_by_pointers(
    kind: pa.DataType, tmp_path: Path, read: Read
) -> None:
    """Repeated, distinct, empty and missing texts come back, across row groups."""
    texts = [None if n % 5 == 0 else "" if n % 7 == 0 else f"t{n % 90}é" for n in range(1_000)]
    table = _TABLE.take(pa.array([0] * 1_000)).append_column("user_agent", pa.array(texts))
    table = table.set_column(4, "user_agent", table["user_agent"].cast(pa.binary()).cast(kind))
    path = tmp_path / "texts.parquet"
    pq.write_table(table, path, row_group_size=300)
    result, _ = read(path)
    assert result["user_agent"].to_pylist() == [text or None for text in texts]


def test_system_prompt_column_comes_before_the_system_turn(row: Row, read: Read) -> None:
    """A declared system prompt wins over a system turn, which fills the gaps."""
    prompt = '[{"role":"system","content":"inner"},{"role":"user","content":"Hi"}]'
    table = _table(row, 2, prompt=prompt)
    table = table.append_column("system_prompt", pa.array(["outer", None]))
    result, log = read(table)
    assert result["system_prompt"].to_pylist() == ["outer", "inner"]
    assert log.columns == {"system_prompt"}


def test_messages_as_nested_columns(tmp_path: Path, row: Row, read: Read) -> None:
    """A Parquet column of message structs comes apart like any other."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "Two?"},
    ]
    path = tmp_path / "messages.parquet"
    pq.write_table(_table(row, 3, prompt=messages), path)
    table, _ = read(path)
    assert table["prompt"].to_pylist() == ["Two?"] * 3
    assert table["system_prompt"].to_pylist() == ["Be brief."] * 3
    assert table["history_turns"].to_pylist() == [2] * 3


def _hostile_batch(data: bytes, offsets: list[int], kind: pa.DataType) -> pa.RecordBatch:
    count = len(offsets) - 1
    good = pa.array(["x"] * count)
    buffers = [None, pa.array(offsets, pa.int32()).buffers()[1], pa.py_buffer(data)]
    bad = pa.Array.from_buffers(kind, count, buffers)
    columns = {"timestamp": good, "account_id": bad, "model": good, "prompt": good}
    return pa.RecordBatch.from_pydict(columns)


@pytest.mark.parametrize("offsets", [[0, 5, 2], [0, -7, 2], [0, 1 << 30, 2], [2, 0, 3]], ids=str)
def test_hostile_offsets_are_refused(offsets: list[int], tmp_path: Path) -> None:
    """Offsets that point outside their text are found before they are followed."""
    batch = _hostile_batch(b"abc", offsets, pa.string())
    path = tmp_path / "hostile.arrow"
    with pa.ipc.new_stream(str(path), batch.schema) as writer:
        writer.write_batch(batch)
    with pytest.raises(InputError):
        list(open_log(path).batches())


@pytest.mark.parametrize("key", [None, bytes(32)])
def test_offsets_with_odd_bytes_behind_them(key: bytes | None, row: Row, read: Read) -> None:
    """A buffer of offsets that is longer than needed, by any number of bytes, is read."""
    texts = ["first", "second", "third"]
    table = _table(row)
    for name in ("account_id", "user_agent", "exchange_id", "prompt", "client_ip"):
        _, offsets, data = pa.array(texts).buffers()
        loose = pa.py_buffer(offsets.to_pybytes()[:16] + b"odd")
        column = pa.StringArray.from_buffers(3, loose, data)
        position = table.schema.get_field_index(name)
        if position < 0:
            table = table.append_column(name, column)
        else:
            table = table.set_column(position, name, column)
    result, _ = read(table, pseudonym_key=key)
    assert result["prompt"].to_pylist() == texts
    prompts = result["prompt"].combine_chunks()
    assert np.unique(hash_strings(prompts, np.uint64(1))).size == 3


@settings(max_examples=150)
@given(
    which=st.sampled_from([_write_ipc, _write_stream, lambda sink: pq.write_table(_TABLE, sink)]),
    place=st.floats(0, 1),
    noise=st.binary(min_size=1, max_size=12),
)
def test_noise_in_columnar_files(
    which: Callable[[Any], None],
    place: float,
    noise: bytes,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Bytes changed anywhere end in rows or in an error that names the file."""
    content = bytearray(_bytes(which))
    start = int(place * (len(content) - len(noise)))
    content[start : start + len(noise)] = noise
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(content)
    with suppress(InputError):
        assert sum(batch.num_rows for batch in open_log(path).batches()) > 0

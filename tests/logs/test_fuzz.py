"""Logs of every format, changed at random: exchanges or a clear error, nothing else."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from phalanx.errors import PhalanxError
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.schema import EXCHANGE_SCHEMA

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ROWS = 40

TOKENS = [
    b"NaN", b"-Infinity", b"1e999", b"9" * 30, b"-" + b"9" * 5000, b"\\ud800", b"\xed\xa0\x80",
    b"\xff", b"\0", b"\\u0000", b'"', b"'", b"\n", b"\r", b"\r\n", b"[", b"{", b"]", b"}", b",,,,,",
    b"[" * 200, b'{"a":' * 200, b"null", b"true", b"[]", b"{}", b'""', b"\xef\xbb\xbf", b"\xff\xfe",
    b"1e-400", b"0x10", b"2026-13-45T99:99:99Z", b"9" * 20, b"-1", b"1.5e300", b"\xf0\x9f\x98\x80",
    b"\x1e", b"\x1f", b'"role":', b'"content":null', b"0001-01-01T00:00:00Z",
    b"9999-12-31T23:59:59-23:59",
]  # fmt: skip
"""What tends to be read wrongly."""

_VALUE = re.compile(rb'(?<=[:,\[])\s*("[^"]{0,40}"|-?[0-9.]+|null|true|false)')


def _native() -> list[dict[str, Any]]:
    prompts = ['say "this" {n}, please', '[{{"role":"user","content":"q{n}"}}]', "é世界 {n}"]
    return [
        {
            "timestamp": f"2026-02-{1 + n % 20:02d}T0{n % 10}:00:00Z",
            "account_id": f"a{n % 7}",
            "model": "m",
            "prompt": prompts[n % 3].format(n=n),
            "exchange_id": f"e{n}",
            "organisation": "o" if n % 5 == 0 else None,
            "response": "r" * n,
            "input_tokens": n,
            "status": 200,
            "client_ip": ["10.0.0.1", "2001:db8::1", "1.2.3.4:55"][n % 3],
            "account_created_at": "2026-01-01T00:00:00Z",
            "temperature": 0.7,
            "stream": True,
            "email_domain": "a@B.example",
        }
        for n in range(ROWS)
    ]


def _litellm() -> list[dict[str, Any]]:
    return [
        {
            "id": str(n),
            "startTime": 1767322800.5 + n,
            "model": "m",
            "call_type": "c",
            "end_user": f"u{n % 4}",
            "messages": [{"role": "user", "content": [{"type": "text", "text": f"Hi {n}"}]}],
            "completion_tokens": 5,
            "status": "success",
            "response": {"choices": [{"message": {"content": "xx"}}]},
            "model_parameters": {"temperature": 0.3, "tools": [{"type": "function"}]},
            "metadata": {"user_api_key_hash": "h", "requester_ip_address": "1.2.3.4"},
        }
        for n in range(ROWS)
    ]


def _otel() -> dict[str, Any]:
    def attribute(key: str, value: str) -> dict[str, Any]:
        return {"key": key, "value": {"stringValue": value}}

    spans = [
        {
            "traceId": f"{n:032x}",
            "spanId": f"{n:016x}",
            "name": "chat m",
            "startTimeUnixNano": str(1767322800000000000 + n * 10**9),
            "attributes": [
                attribute("gen_ai.operation.name", "chat"),
                attribute("gen_ai.request.model", "m"),
                attribute("gen_ai.input.messages", json.dumps(
                    [{"role": "user", "parts": [{"type": "text", "content": f"hi {n}"}]}]
                )),
                attribute("user.id", f"u{n % 3}"),
                {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "5"}},
            ],
        }
        for n in range(ROWS)
    ]  # fmt: skip
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "x"}, "spans": spans}]}]}


def _ocsf() -> list[dict[str, Any]]:
    return [
        {
            "class_uid": 6003,
            "category_uid": 6,
            "activity_id": 1,
            "type_uid": 600301,
            "time": 1767322800000 + n * 1000,
            "metadata": {"version": "1.4.0", "uid": f"e{n}"},
            "actor": {"user": {"uid": f"u{n % 3}", "org": {"uid": "o"}}},
            "api": {"operation": "chat", "request": {"uid": f"r{n}"}},
            "src_endpoint": {"ip": "1.2.3.4", "location": {"country": "DE"}},
            "ai_model": {"name": "m"},
            "message_context": {"prompt_tokens": 3, "prompt_text": f"hello {n}"},
        }
        for n in range(ROWS)
    ]


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _written(write: Callable[[io.BytesIO], object]) -> bytes:
    sink = io.BytesIO()
    write(sink)
    return sink.getvalue()


def _columnar() -> Iterator[bytes]:
    table = pa.Table.from_pylist(_native())
    nested = table.set_column(1, "account_id", table["account_id"].dictionary_encode())
    turns = pa.array([[{"role": "user", "content": f"x{n}"}] for n in range(ROWS)])
    nested = nested.set_column(3, "prompt", turns)
    for each in (table, nested):
        for compression in ("none", "zstd"):
            yield _written(lambda sink, t=each, c=compression: pq.write_table(  # type: ignore[misc]
                t, sink, compression=c, row_group_size=15
            ))  # fmt: skip
        for new in (pa.ipc.new_file, pa.ipc.new_stream):
            sink = io.BytesIO()
            with new(sink, each.schema) as writer:
                writer.write_table(each, max_chunksize=17)
            yield sink.getvalue()
    delimited = _written(lambda sink: arrow_csv.write_csv(table, sink))
    yield from (delimited, delimited.replace(b",", b"\t"))


def seeds() -> list[bytes]:
    """Return one good log of each format and packing."""
    lines = _lines(_native())
    return [
        lines,
        json.dumps(_native()).encode(),
        lines.decode().encode("utf-16"),
        gzip.compress(lines),
        bz2.compress(lines),
        pa.Codec("zstd").compress(lines, asbytes=True),
        *_columnar(),
        _lines(_litellm()),
        json.dumps(_litellm(), indent=1).encode(),
        json.dumps(_otel()).encode(),
        _lines([_otel()] * 3),
        _lines(_ocsf()),
    ]


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Change bytes, move parts, cut, and put in what tends to be read wrongly."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 3, 8, 30])):
        if not data:
            break
        at = chance.randrange(len(data))
        match chance.randrange(8):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at] ^= 1 << chance.randrange(8)
            case 2:
                del data[at : at + chance.choice([1, 2, 10, 200])]
            case 3:
                data[at:at] = chance.choice(TOKENS)
            case 4:
                start = chance.randrange(len(data))
                data[at:at] = data[start : start + chance.choice([1, 5, 50, 500])]
            case 5 if chance.random() < 0.15:
                del data[at:]
            case 6:
                width = chance.choice([1, 2, 4, 8])
                data[at : at + width] = chance.choice([b"\xff", b"\0", b"\x7f", b"\x80"]) * width
            case _:
                _replace_value(data, at, chance)
    return bytes(data)


def _replace_value(data: bytearray, at: int, chance: random.Random) -> None:
    """Replace a value of JSON or of delimited text near a place."""
    first = max(0, at - 300)
    values = list(_VALUE.finditer(bytes(data[first : at + 300])))
    if values:
        start, end = chance.choice(values).span(1)
        data[first + start : first + end] = chance.choice(TOKENS)


def _read(path: Path, chance: random.Random) -> int:
    options = ReadOptions(
        now=NOW,
        pseudonym_key=bytes(32) if chance.random() < 0.4 else None,
        rejects_path=path.with_name("rejects.jsonl") if chance.random() < 0.5 else None,
    )
    rows = 0
    for batch in open_log(path, options).batches():
        batch.validate(full=True)
        assert batch.schema == EXCHANGE_SCHEMA
        for field in EXCHANGE_SCHEMA:
            assert field.nullable or batch.column(field.name).null_count == 0
        rows += batch.num_rows
    return rows


def test_seeds_are_read_whole(tmp_path: Path) -> None:
    """Unchanged, each log gives its exchanges: the changes below begin with good ones."""
    path = tmp_path / "log"
    for content in seeds():
        path.write_bytes(content)
        assert _read(path, random.Random(1)) >= ROWS


@pytest.mark.parametrize("seconds", [10, pytest.param(60, marks=pytest.mark.slow)])
def test_changed_logs_end_in_exchanges_or_a_clear_error(seconds: int, tmp_path: Path) -> None:
    """Whatever is changed, rows are valid and errors are those that are raised on purpose."""
    logs = seeds()
    path = tmp_path / "log"
    end = time.monotonic() + seconds
    number = 1_000_000 * seconds
    while time.monotonic() < end:
        number += 1
        chance = random.Random(number)
        path.write_bytes(mutated(chance.choice(logs), chance))
        try:
            with suppress(PhalanxError):
                _read(path, chance)
        except Exception as error:
            error.add_note(f"the log was changed with seed {number}")
            raise

"""Rows and a way to read them, for all tests of logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import settings

from phalanx.logs import ExchangeLog, ReadOptions, open_log

# A slow machine, or a kernel that is compiled on its first call, is no failure.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """Build a native row; keywords replace or add columns."""

    def build(number: int = 0, **columns: Any) -> dict[str, Any]:
        return {
            "timestamp": f"2026-05-01T12:00:{number % 60:02d}Z",
            "account_id": f"user-{number}",
            "model": "large",
            "prompt": f"Question {number}",
            **columns,
        }

    return build


@pytest.fixture
def read() -> Callable[..., tuple[pa.Table, ExchangeLog]]:
    """Read a source to its end; keywords are options."""

    def run(source: object, **options: Any) -> tuple[pa.Table, ExchangeLog]:
        log = open_log(source, ReadOptions(**{"now": NOW, **options}))
        batches = list(log.batches())
        return pa.Table.from_batches(batches), log

    return run


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """Write rows, or raw lines, as a file of JSON lines."""

    def write(*items: dict[str, Any] | bytes | str, name: str = "log.jsonl") -> Path:
        encoded = [
            item
            if isinstance(item, bytes)
            else (item if isinstance(item, str) else json.dumps(item)).encode()
            for item in items
        ]
        path = tmp_path / name
        path.write_bytes(b"\n".join(encoded) + b"\n")
        return path

    return write

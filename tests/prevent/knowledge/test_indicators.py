"""Indicators of other providers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phalanx.errors import InputError
from phalanx.prevent.knowledge.indicators import address_of, read_indicators, surest
from phalanx.sketches.templates.list_rows import LIST_SCHEMA

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _row(kind: str, value: str | None, **more: Any) -> dict[str, Any]:
    return {
        "indicator": f"indicator--{kind}",
        "campaign": "campaign--1",
        "kind": kind,
        "value": value,
        "confidence": 50,
        "verdict": "none",
        "valid_from": NOW - timedelta(days=1),
        "valid_until": NOW + timedelta(days=1),
        **more,
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write a match list."""
    path = tmp_path / "match_list.parquet"
    rows = [
        _row("address", "192.0.2.1"),
        _row("network", "192.0.2.0/24", confidence=80),
        _row("network", "2001:db8::/32"),
        _row("network", "AS64500"),
        _row("domain", "mail.example"),
        _row("email", "token", epoch=3),
        _row("domain", "wrong.example", verdict="negative"),
        _row("template", None),
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=LIST_SCHEMA), path)
    return path


def test_an_address_matches_itself_and_the_networks_around_it(path: Path) -> None:
    """In both versions of IP."""
    held = read_indicators(path)

    def kinds(text: str) -> set[str]:
        address = address_of(text)
        assert address is not None
        return {each.kind for each in held.of_address(address)}

    assert kinds("192.0.2.1") == {"address", "network"}
    assert kinds("::ffff:192.0.2.1") == {"address", "network"}
    assert kinds("192.0.2.2") == {"network"}
    assert kinds("192.0.3.1") == set()
    assert kinds("2001:db8::1") == {"network"}
    assert kinds("2001:db9::1") == set()


def test_values_match_in_their_kind_and_epoch(path: Path) -> None:
    """What most members call wrong matches nothing."""
    held = read_indicators(path)
    assert list(held.of_value("network", "AS64500"))
    assert list(held.of_value("domain", "mail.example"))
    assert list(held.of_value("email", "token", 3))
    assert not list(held.of_value("email", "token", 2))
    assert not list(held.of_value("phone", "token", 3))
    assert not list(held.of_value("domain", "wrong.example"))


def test_the_surest_indicator_counts_while_it_is_valid(path: Path) -> None:
    """From its start until before its end."""
    held, address = read_indicators(path), address_of("192.0.2.1")
    assert address is not None
    best = surest(held.of_address(address), NOW)
    assert best is not None
    assert (best.kind, best.confidence) == ("network", 80)
    assert surest(held.of_address(address), NOW + timedelta(days=1)) is None
    assert surest(held.of_address(address), NOW - timedelta(days=2)) is None


@pytest.mark.parametrize("text", [None, "", "unknown", "192.0.2.1:443", "1" * 1_000])
def test_what_is_no_address_is_none(text: str | None) -> None:
    """Gateways pass on all kinds of things."""
    assert address_of(text) is None


def test_another_file_is_no_match_list(tmp_path: Path) -> None:
    """It is refused with its path."""
    path = tmp_path / "list.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(InputError, match="not a match list"):
        read_indicators(path)

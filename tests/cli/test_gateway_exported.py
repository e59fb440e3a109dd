"""`phalanx scan` of the log that a gateway writes: it finds what a scan of the requests finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import structlog

from phalanx.cli import main
from phalanx.logs.exchange_log import open_log
from phalanx.logs.options import ReadOptions
from phalanx.logs.pseudonym import pseudonym
from phalanx.prevent.desk.asked import Asked
from phalanx.prevent.desk.desk import Told
from phalanx.prevent.upkeep.running import Bounds, Places, RunningGateway

KEY = b"p" * 32
POLICY = """\
schema = "phalanx.gateway-policy/1"
name = "production"
stage = "shadow"
on_failure = "open"
appeals = "https://example.com/appeals"
[[rules]]
name = "soft-labels"
reason = "PHX-G008"
action = "block"
when.logprobs = true
"""
LOST = (
    "conversation_id", "response", "input_tokens", "tls_fingerprint", "payment_fingerprint",
    "top_p", "tools_hash", "reasoning_signature",
)  # fmt: skip
"""Columns that no request to the gateway has."""

SUBNET = "client_subnet"


@pytest.fixture(scope="module")
def folder(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Send a log with a campaign through a gateway; return its export, and what it was told."""
    made = tmp_path_factory.mktemp("exported")
    (made / "policy.toml").write_text(POLICY)
    (made / "pseudonym.key").write_bytes(KEY)
    (made / "pseudonym.key").chmod(0o600)
    rows = pq.read_table(log).sort_by("timestamp")
    pq.write_table(rows.drop_columns(list(LOST)), made / "told.parquet")
    moment = [datetime(2026, 3, 1, tzinfo=UTC)]
    bounds = Bounds(
        most_under_way=100, most_under_way_characters=10_000_000, under_way_seconds=60.0,
        reload_seconds=60.0, snapshot_seconds=60.0, log_file_bytes=5_000_000,
    )  # fmt: skip
    places = Places(
        policy=made / "policy.toml", key=bytes(32), parts=[], pseudonym_key=KEY,
        exchanges=made / "exchanges",
    )  # fmt: skip
    running = RunningGateway(places, bounds, structlog.get_logger("test"), now=lambda: moment[0])
    with closing(running):
        for row in rows.to_pylist():
            moment[0] = row["timestamp"]
            running.desk.decide(_asked(row))
            running.desk.settle(
                Told(
                    account_id=row["account_id"], exchange_id=row["exchange_id"],
                    status=row["status"], output_tokens=row["output_tokens"],
                )
            )  # fmt: skip
    return made


def _asked(row: dict[str, Any]) -> Asked:
    """Return a request of a log as an application asks about it."""
    names = set(Asked.model_fields) & set(row)
    said = {name: row[name] for name in names if row[name] is not None}
    if said["prompt"].startswith("[{"):
        messages = json.loads(said.pop("prompt"))
        system = said.pop("system_prompt", None)
        first = [] if system is None else [{"role": "system", "content": system}]
        said["messages"] = first + messages
    return Asked.model_validate(said)


def _read(log: Path, key: bytes | None) -> dict[str, dict[str, Any]]:
    """Return the exchanges of a log, without subnets, by their ids."""

    def rows() -> Iterator[pa.RecordBatch]:
        opened = open_log([str(log)], ReadOptions(pseudonym_key=key))
        yield from opened.batches()
        assert not opened.rejects

    return {
        row["exchange_id"]: {name: row[name] for name in row if name != SUBNET}
        for batch in rows()
        for row in batch.to_pylist()
    }


def test_every_exchange_is_read_back_as_it_was_told(folder: Path) -> None:
    """All columns that a request has, pseudonyms among them; only subnets are not there."""
    told = _read(folder / "told.parquet", KEY)
    assert len(told) == pq.read_metadata(folder / "told.parquet").num_rows
    assert _read(folder / "exchanges", None) == told


def test_a_scan_of_the_export_finds_the_planted_accounts(folder: Path, labels: Path) -> None:
    """All of them, and nobody else, in one group that is shown to be operated together."""
    words = ["--out", str(folder / "scan"), "--clear-identifiers", "-q"]
    main(["scan", str(folder / "exchanges"), *words])
    found = json.loads((folder / "scan" / "campaigns.json").read_text())
    planted = {
        pseudonym(KEY, "account_id", row["account_id"])
        for row in pq.read_table(labels).to_pylist()
        if row["campaign"]
    }
    assert len(planted) == 60
    groups = {each["group_id"]: each for each in found["not_judged"]}
    group = next(each for each in groups.values() if set(each["accounts"]) == planted)
    assert group["log10_e_apart"] > 2
    assert "reference too small" in group["reason"]

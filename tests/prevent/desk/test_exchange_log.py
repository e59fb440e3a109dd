"""The log of exchanges: the native log, with what was decided, in files of a size."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from phalanx.logs.exchange_log import open_log
from phalanx.logs.options import ReadOptions
from phalanx.logs.pseudonym import pseudonym
from phalanx.prevent.desk.exchange_log import ExchangeLog

KEY = b"p" * 32


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_bytes().splitlines()
    ]


def test_a_scan_reads_what_was_served_and_what_was_refused(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """With tokens and status, prompts and turns, and accounts as the store names them."""
    served = serve(pseudonym_key=KEY)
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Why is it blue?"},
    ]
    known = {"client_ip": "192.0.2.1", "email_domain": "example.com", "organisation": "Example"}
    served.decide(prompt=None, messages=messages, account_id="alice", **known)
    ended = {"account_id": "alice", "exchange_id": "r1", "output_tokens": 7}
    assert served.client.post("/v1/settle", json=ended).is_success
    served.decide(exchange_id="r2", account_id="bob", n=200)
    served.decide(exchange_id="r3", account_id="carol")
    served.running.desk.close()

    log = open_log([str(tmp_path / "exchanges")], ReadOptions(pseudonym_key=None))
    rows = {row["exchange_id"]: row for batch in log.batches() for row in batch.to_pylist()}
    assert (len(rows), sum(log.rejects.values())) == (3, 0)
    first = rows["r1"]
    assert first["account_id"] == pseudonym(KEY, "account_id", "alice")
    assert first["organisation"] == pseudonym(KEY, "organisation", "Example")
    assert (first["prompt"], first["system_prompt"]) == ("Why is it blue?", "Be brief.")
    assert (first["history_turns"], first["output_tokens"], first["status"]) == (2, 7, 200)
    assert (rows["r2"]["status"], rows["r2"]["output_tokens"]) == (403, 0)
    assert (rows["r3"]["status"], rows["r3"]["output_tokens"]) == (None, None)

    said = {line["exchange_id"]: line for line in _lines(tmp_path / "exchanges")}
    assert [said[each]["gateway_how"] for each in ("r1", "r2", "r3")] == [
        "served", "refused", "unfinished",
    ]  # fmt: skip
    assert said["r2"]["gateway_reasons"] == ["PHX-G008"]
    assert said["r2"]["gateway_appeal"].startswith("apl_")
    text = json.dumps(said)
    assert not any(word in text for word in ("alice", "192.0.2.1", "example.com", "Example"))


def test_files_end_at_a_size_and_are_for_their_owner(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """No line is parted, whatever it holds."""
    served = serve(bounds={"log_file_bytes": 2_000})
    for number in range(12):
        served.decide(exchange_id=f"r{number}", n=200, prompt="\u2028\n" * (number * 40))
    files = sorted((tmp_path / "exchanges").glob("*.jsonl"))
    assert len(files) > 3
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)
    sizes = [(path.stat().st_size, path.read_bytes().count(b"\n")) for path in files]
    assert all(size <= 2_000 or lines == 1 for size, lines in sizes)
    assert len(_lines(tmp_path / "exchanges")) == 12


def test_what_cannot_be_written_is_counted_and_decided_all_the_same(
    serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full costs lines of the log, no request; when there is room it goes on."""
    served = serve()
    written = os.write

    def full(descriptor: int, data: Any) -> int:
        if b"gateway_how" in bytes(data):
            raise OSError(28, "No space left on device")
        return written(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr("phalanx.prevent.desk.exchange_log.os.write", full)
        assert served.decide(n=200)["action"] == "block"
    assert served.metric("phalanx_gateway_unlogged_total") == 1
    assert served.decide(n=200)["action"] == "block"
    assert served.metric("phalanx_gateway_unlogged_total") == 1


def test_two_files_are_never_one(tmp_path: Path) -> None:
    """Names follow from moments, and a name that is there is gone on with."""
    now = datetime(2026, 6, 1, tzinfo=UTC)
    for later in (0, 0, 1):
        log = ExchangeLog(
            tmp_path, 100, lambda _, value: value, lambda _: None,
            lambda later=later: now + timedelta(seconds=later),  # type: ignore[misc]
        )  # fmt: skip
        log.close()
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "exchanges-20260601T000000.000000Z.jsonl", "exchanges-20260601T000001.000000Z.jsonl",
    ]  # fmt: skip

"""Logs of any format as hosts of planted campaigns."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from phalanx.detect.simulate import CampaignPlan, SimulationConfig, inject
from phalanx.logs import open_log

ACCOUNTS = 12
CONFIG = SimulationConfig(
    campaigns=(CampaignPlan(name="north", accounts=6, attack_class="reasoning"),), seed=3
)


def _identifier(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()


def _by_identifier(log: Path) -> dict[str, dict[str, Any]]:
    rows = (row for batch in open_log([log]).batches() for row in batch.to_pylist())
    return {row["exchange_id"]: row for row in rows}


def _litellm(number: int) -> dict[str, Any]:
    return {
        "id": _identifier(number),
        "call_type": "acompletion",
        "startTime": 1772442000 + 900.0 * number,
        "model": "large",
        "messages": [
            {"role": "user", "content": "First question"},
            {"role": "assistant", "content": "First answer"},
            {"role": "user", "content": f"[{number}] Second question"},
        ],
        "response": {"choices": [{"message": {"content": "x" * (number + 1)}}]},
        "metadata": {"user_api_key_hash": f"key-{number % ACCOUNTS}"},
        "status": "success",
    }


def test_a_log_of_payloads_becomes_a_native_table(tmp_path: Path) -> None:
    """What the readers of a scan make of the log and of what is written from it is the same."""
    path = tmp_path / "litellm.jsonl"
    lines = [json.dumps(_litellm(number)) for number in range(400)]
    path.write_text("\n".join([*lines[:200], '{"broken', *lines[200:]]))
    simulation = inject(path, CONFIG)
    exchanges, _ = simulation.write(tmp_path / "out")
    expected, found = _by_identifier(path), _by_identifier(exchanges)
    assert len(expected) == 400
    assert {name: found[name] for name in expected} == expected
    assert found[_identifier(7)]["history_turns"] == 2
    assert found[_identifier(7)]["prompt"] == "[7] Second question"
    planted = [row for name, row in found.items() if name not in expected]
    assert planted
    assert all(row["response_characters"] > 0 for row in planted if row["status"] == 200)


def test_a_native_log_with_broken_lines_is_read(tmp_path: Path) -> None:
    """A line that is no JSON costs itself and nothing else."""
    rows = [
        {"timestamp": f"2026-03-02T10:{number:02d}:00Z", "account_id": f"a-{number % 7}",
         "model": "m", "prompt": f"question {number}"}
        for number in range(60)
    ]  # fmt: skip
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join([json.dumps(row) for row in rows] + ['{"timestamp": ']))
    simulation = inject(path, CONFIG)
    assert simulation.exchanges.column_names == ["timestamp", "account_id", "model", "prompt"]
    classes = pc.equal(simulation.labels["traffic_class"], "host")
    assert pc.sum(classes).as_py() == 7

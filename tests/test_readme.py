"""A reader who types what the README says gets what it promises."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from phalanx.cli import ExitCode, main
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.formats.folder import FILES

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
COMMANDS = [
    shlex.split(line)[1:]
    for block in BLOCKS
    for line in block.splitlines()
    if line.startswith("phalanx ")
]


def _as_otel(row: Mapping[str, Any]) -> dict[str, object]:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": row["model"],
        "enduser.id": row["account_id"],
        "client.address": row["client_ip"],
        "gen_ai.input.messages": json.dumps(
            [{"role": "user", "parts": [{"type": "text", "content": row["prompt"]}]}]
        ),
    }
    listed = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    nanoseconds = int(row["timestamp"].timestamp() * 1e9)
    span = {"traceId": "1", "spanId": row["exchange_id"], "startTimeUnixNano": str(nanoseconds)}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [{**span, "attributes": listed}]}]}]}


def _as_litellm(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "id": row["exchange_id"],
        "call_type": "acompletion",
        "startTime": row["timestamp"].timestamp(),
        "model": row["model"],
        "messages": [{"role": "user", "content": row["prompt"]}],
        "metadata": {"user_api_key_hash": row["account_id"]},
        "requester_ip_address": row["client_ip"],
        "status": "success",
    }


def _as_ocsf(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "class_uid": 6003,
        "time": int(row["timestamp"].timestamp() * 1e3),
        "actor": {"user": {"uid": row["account_id"]}},
        "ai_model": {"name": row["model"]},
        "message_context": {"uid": row["conversation_id"], "prompt_text": row["prompt"]},
        "src_endpoint": {"ip": row["client_ip"]},
        "status_id": 1,
    }


def _as_gateway(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "timestamp": row["timestamp"].isoformat(),
        "user": {"id": row["account_id"]},
        "model": row["model"],
        "request": {"body": {"text": row["prompt"]}},
    }


_WRITERS: dict[str, Callable[[Mapping[str, Any]], dict[str, object]]] = {
    "otel-spans.jsonl": _as_otel,
    "litellm.jsonl": _as_litellm,
    "ocsf.jsonl": _as_ocsf,
    "gateway.jsonl": _as_gateway,
}


_PROFILE = """
schema = "phalanx.profile/1"
name = "North Lab"
sources = [{ title = "Report on North Lab", date = 2026-02-12 }]
traits = [{ family = "email", values = ["north.example"] }]
"""


@pytest.fixture
def _logs_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder with one log in every form that the README names, and a profile."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "north.toml").write_text(_PROFILE, encoding="utf-8")
    plan = CampaignPlan(name="north", accounts=12, attack_class="reasoning")
    config = SimulationConfig(benign_accounts=80, days=4, campaigns=(plan,), seed=3)
    simulation = simulate(config)
    simulation.write(tmp_path)
    rows = simulation.exchanges.to_pylist()
    for name, convert in _WRITERS.items():
        text = "".join(json.dumps(convert(row)) + "\n" for row in rows)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_logs_here")
def test_commands_of_the_readme_work(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command runs in the order in which it stands, on every form of log."""
    assert len(COMMANDS) >= 8
    for words in COMMANDS:
        status = main(words)
        told = capsys.readouterr()
        assert status in {ExitCode.CLEAN, ExitCode.FINDINGS}, (words, told.err)
    assert {path.name for path in Path("phalanx-scan").iterdir()} == set(FILES)


@pytest.mark.usefixtures("_logs_here")
def test_every_form_of_log_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """The same exchanges, in each form, are as many exchanges of as many accounts."""
    mapped = ["--map", "account_id=user.id", "--map", "prompt=request.body.text"]
    read = set()
    for name in ("exchanges.parquet", *_WRITERS):
        main(["scan", name, "-q", "-f", "json", *(mapped if name == "gateway.jsonl" else [])])
        population = json.loads(capsys.readouterr().out)["population"]
        read.add((population["exchanges"], population["accounts"], population["rejected_rows"]))
    assert len(read) == 1

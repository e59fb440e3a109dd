"""`phalanx gateway check`: what a policy does to one request, and why."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from phalanx.cli import ExitCode, main
from phalanx.formats.schema import (
    DECISION_SCHEMA_PATH,
    REPLAY_SCHEMA_PATH,
    decision_schema,
    replay_schema,
)
from phalanx.logs.pseudonym import key_id
from phalanx.prevent.state.layout import identity_of
from phalanx.prevent.state.online import Arrival, OnlineState, State
from phalanx.prevent.state.shared import open_shared_state
from phalanx.prevent.state.snapshot import write_snapshot

KEY = b"k" * 32
AT = "2026-06-01T12:00:00Z"
AT_US = 1_780_315_200_000_000
POLICY = """\
schema = "phalanx.gateway-policy/1"
name = "production"
stage = "enforce"
on_failure = "open"
appeals = "https://example.com/appeals"

[[rules]]
name = "taught-much"
reason = "PHX-G004"
action = "trim"
drop_logprobs = true
when.value_per_day = { above = 5_000 }

[[rules]]
name = "soft-labels"
reason = "PHX-G008"
action = "block"
stage = "shadow"
when.logprobs = true
"""
REQUEST = {
    "exchange_id": "r1",
    "account_id": "acct_1",
    "model": "large",
    "prompt": "Think step by step.",
    "max_tokens": 1_000,
    "logprobs": True,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a policy, a key, a request and a grant."""
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "request.json").write_text(json.dumps(REQUEST))
    (tmp_path / "gateway.key").write_bytes(KEY)
    (tmp_path / "gateway.key").chmod(0o600)
    grant = {
        "grant_id": "g1", "purpose": "evaluation", "accounts": ["acct_1"], "issued_by": "counsel",
        "valid_from": "2026-01-01T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z",
    }  # fmt: skip
    (tmp_path / "grants.json").write_text(json.dumps([grant]))
    return tmp_path


def _check(folder: Path, *more: str, at: str = AT) -> int:
    return main(
        [
            "gateway", "check", str(folder / "request.json"), "--policy",
            str(folder / "policy.toml"), "--key", str(folder / "gateway.key"), "--at", at, *more,
        ]
    )  # fmt: skip


def _snapshot(folder: Path, key: bytes = KEY) -> Path:
    """Write the state of a gateway that served the account 6,000 tokens an hour ago."""
    state = OnlineState(64, 16)
    _serve(state, key)
    write_snapshot(state, 1, key_id(key), folder / "state.arrow")
    return folder / "state.arrow"


def _serve(state: State, key: bytes) -> None:
    arrival = Arrival(
        account=identity_of("acct_1", key), group=None, organisation=0,
        content=7, at_us=AT_US - 3_600_000_000,
        set_aside_tokens=6_000, weight=1.0,
    )  # fmt: skip
    began = state.arrive(arrival).at_us
    state.settle(arrival, began, arrival.at_us, 6_000, 0.1, turned_away=False)


def test_every_rule_is_traced_with_what_it_looked_at(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that hold, those that are watched only, and those that do not hold."""
    assert _check(folder) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert said.startswith("r1: allow\nby policy production (")
    assert "if every rule were enforced: block" in said
    assert "taught-much: does not hold\n  - value_per_day above 5000 (it is 1,000)" in said
    assert "soft-labels: PHX-G008, block: watched\n  + logprobs is true (it is true)" in said


def test_the_state_of_a_gateway_is_looked_at_and_not_changed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A request may be checked again and again."""
    path = _snapshot(folder)
    before = path.read_bytes()
    for _ in range(2):
        assert _check(folder, "--state", str(path), "-f", "json") == ExitCode.CLEAN
        decision: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert decision["action"] == "trim"
        assert decision["drop_logprobs"]
        assert decision["appeal"].startswith("apl_")
        (seen,) = decision["reasons"][0]["evidence"]
        assert 6_500 < seen["value"] < 7_000
    assert path.read_bytes() == before


def test_a_shared_state_is_looked_at_and_not_changed(
    folder: Path, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """That of a deployment that is running."""
    _serve(open_shared_state(redis_url, KEY, {}), KEY)
    for _ in range(2):
        assert _check(folder, "--state", redis_url, "-f", "json") == ExitCode.CLEAN
        decision: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert decision["action"] == "trim"
        (seen,) = decision["reasons"][0]["evidence"]
        assert 6_500 < seen["value"] < 7_000


@pytest.mark.parametrize(
    ("state", "code", "said"),
    [
        ("redis://:hunter2@127.0.0.1:1", ExitCode.BAD_INPUT, "REDISCLI_AUTH"),
        ("unix:///nowhere/redis.sock", ExitCode.SERVICE_FAILED, "cannot be asked"),
    ],
)
def test_a_shared_state_that_cannot_be_asked_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], state: str, code: int, said: str
) -> None:
    """A person gets no decision that rests on nothing."""
    assert _check(folder, "--state", state) == code
    assert said in capsys.readouterr().err


def test_json_follows_the_published_schema(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which is that of the types."""
    assert _check(folder, "-f", "json") == ExitCode.CLEAN
    schema = json.loads(DECISION_SCHEMA_PATH.read_text(encoding="utf-8"))
    assert schema == decision_schema()
    validator = importlib.import_module("jsonschema").Draft202012Validator
    validator(schema).validate(json.loads(capsys.readouterr().out))


def test_a_grant_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And what it holds off."""
    assert _check(folder, "--grants", str(folder / "grants.json")) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "grants: g1" in said
    assert "PHX-G101: g1 holds off soft-labels" in said


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("policy.toml", POLICY.replace("trim", "trmi"), "rules.0.action"),
        ("request.json", "{", "no valid JSON"),
        ("request.json", '{"exchange_id": "r1"}', "Field required"),
        ("request.json", json.dumps(REQUEST | {"colour": "red"}), "colour"),
        ("request.json", json.dumps(REQUEST | {"prompt": 7}), "prompt"),
        ("request.json", "[" * 100_000, "nested too deeply"),
        ("request.json", '{"a": 1, "a": 2}', "stands twice"),
    ],
)
def test_what_cannot_be_used_is_bad_input(
    folder: Path, file: str, content: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the place, and the next step."""
    (folder / file).write_text(content)
    assert _check(folder) == ExitCode.BAD_INPUT
    error = capsys.readouterr().err
    assert said in error
    assert "Next: " in error


def test_a_state_of_another_key_is_bad_input(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would know nobody."""
    path = _snapshot(folder, key=b"o" * 32)
    assert _check(folder, "--state", str(path)) == ExitCode.BAD_INPUT
    assert "made under the key" in capsys.readouterr().err


def test_a_moment_has_a_time_zone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else it would be another moment on another machine."""
    assert _check(folder, at="2026-06-01T12:00:00") == ExitCode.BAD_INPUT
    assert "time zone" in capsys.readouterr().err


def _replay(folder: Path, *more: str) -> int:
    """Replay six requests of two accounts, a minute apart, one of which asks for soft labels."""
    rows = [
        {
            "timestamp": f"2026-06-01T12:0{minute}:00Z", "account_id": f"acct_{1 + minute % 2}",
            "model": "large", "prompt": f"Think step by step about {minute}.",
            "output_tokens": 3_000, "logprobs": minute % 2 == 0,
        }
        for minute in range(6)
    ]  # fmt: skip
    log = folder / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return main(
        [
            "gateway", "replay", str(log), "--policy", str(folder / "policy.toml"),
            "--key", str(folder / "gateway.key"), "--clear-identifiers", *more,
        ]
    )  # fmt: skip


def test_a_replay_says_whom_a_policy_would_touch(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By class, with grants first, and by rule."""
    assert _replay(folder, "--grants", str(folder / "grants.json")) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "6 requests of 2 accounts, 2026-06-01 12:00 to 2026-06-01 12:05 UTC" in said
    lines = [line.split() for line in said.splitlines()]
    assert ["granted:", "evaluation", "1", "0", "3", "0", "0.00%", "0"] in lines
    assert ["others", "1", "1", "3", "1", "33.33%", "0"] in lines
    assert ["soft-labels", "block", "0", "0", "3", "0"] in lines


def test_a_replay_as_enforced_serves_nothing_that_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was not served does not count later: the account that was blocked spends no budget."""
    assert _replay(folder, "--as-enforced", "-f", "json") == ExitCode.CLEAN
    report = json.loads(capsys.readouterr().out)
    assert report["as_enforced"]
    (others,) = [each for each in report["classes"] if each["kind"] == "standing"]
    assert others["done"] == others["in_force"]
    assert (others["done"]["block"], others["done"]["trim"]) == (3, 1)
    assert others["value"] == pytest.approx(9_000, rel=0.05)


def test_a_replay_as_json_follows_the_published_schema(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which is that of the types."""
    assert _replay(folder, "-f", "json") == ExitCode.CLEAN
    schema = json.loads(REPLAY_SCHEMA_PATH.read_text(encoding="utf-8"))
    assert schema == replay_schema()
    validator = importlib.import_module("jsonschema").Draft202012Validator
    validator(schema).validate(json.loads(capsys.readouterr().out))


def test_a_replay_of_what_is_no_log_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed but the reason."""
    (folder / "log").write_text("prose")
    arguments = ["gateway", "replay", str(folder / "log"), "--policy", str(folder / "policy.toml")]
    assert main([*arguments, "--key", str(folder / "gateway.key")]) == ExitCode.BAD_INPUT
    assert "not a log in any known format" in capsys.readouterr().err

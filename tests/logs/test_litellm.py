"""LiteLLM's logging payloads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.logs.contract import Example, LogReaderContract
from phalanx.logs.litellm import LiteLLMReader, exchange_of
from phalanx.logs.quality import Quality
from phalanx.logs.reasoning import reasoning_signature

Read = Callable[..., Any]


def _payload(number: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{number}",
        "trace_id": f"trace-{number // 2}",
        "call_type": "acompletion",
        "status": "success",
        "startTime": 1777636800.25 + number,
        "endTime": 1777636802.0 + number,
        "model": "large",
        "model_group": "public-large",
        "prompt_tokens": 11,
        "completion_tokens": 22,
        "end_user": "someone",
        "requester_ip_address": "192.0.2.1",
        "request_tags": ["User-Agent: sdk", "User-Agent: sdk/1.2"],
        "metadata": {
            "user_api_key_hash": f"hash-{number}",
            "user_api_key_team_id": "team",
            "user_api_key_user_email": "ann@example.org",
        },
        "messages": [{"role": "user", "content": "Hi"}],
        "response": {"choices": [{"message": {"role": "assistant", "content": "Hello"}}]},
        "model_parameters": {"temperature": 0.5, "max_tokens": 64, "n": 2, "tools": [{"f": 1}]},
        **fields,
    }


_PAYLOADS = [_payload(number) for number in range(12)]


class TestLiteLLMReader(LogReaderContract):
    """The reader of payloads keeps the contract."""

    reader = LiteLLMReader()
    examples = (
        Example("\n".join(map(json.dumps, _PAYLOADS)).encode(), 12),
        Example(json.dumps(_PAYLOADS).encode(), 12),
        Example(json.dumps(_PAYLOADS, indent=1).encode(), 12),
    )


def _written(tmp_path: Path, *payloads: dict[str, Any]) -> Path:
    path = tmp_path / "litellm.jsonl"
    path.write_text("\n".join(json.dumps(payload) for payload in payloads))
    return path


def test_every_field_finds_its_column(tmp_path: Path, read: Read) -> None:
    """The fields of a payload come out as the columns of an exchange."""
    table, log = read(_written(tmp_path, _payload()))
    (found,) = table.to_pylist()
    expected = {
        "exchange_id": "chatcmpl-0",
        "account_id": "hash-0",
        "organisation": "team",
        "conversation_id": "trace-0",
        "model": "large",
        "prompt": "Hi",
        "response_characters": 5,
        "input_tokens": 11,
        "output_tokens": 22,
        "status": 200,
        "client_ip": "192.0.2.1",
        "user_agent": "sdk/1.2",
        "email_domain": "example.org",
        "temperature": 0.5,
        "max_tokens": 64,
        "n": 2,
        "endpoint": "acompletion",
    }
    assert {name: found[name] for name in expected} == expected
    assert found["timestamp"].isoformat() == "2026-05-01T12:00:00.250000+00:00"
    assert "tools_hash" in log.columns
    assert "stream" not in log.columns


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "failure", "error_information": {"error_code": "429"}}, 429),
        ({"status": "failure", "error_information": {"error_class": "Timeout"}}, 500),
        ({"status": None}, None),
    ],
)
def test_failures_have_a_status(
    fields: dict[str, Any], status: int | None, tmp_path: Path, read: Read
) -> None:
    """A failure has its code, or that of a fault of the server."""
    table, _ = read(_written(tmp_path, _payload(**fields)))
    assert table["status"].to_pylist() == [status]


@pytest.mark.parametrize(
    ("messages", "prompt", "noted"),
    [
        ("plain text", "plain text", 0),
        (["embed", "these"], "embed\nthese", 0),
        ({"messages": [{"role": "user", "content": "inner"}]}, "inner", 0),
        ([{"role": "user", "content": "redacted-by-litellm"}], "", 1),
        ({"text": "redacted-by-litellm"}, "", 1),
        (None, "", 1),
        ([], "", 1),
    ],
)
def test_messages_in_all_shapes(
    messages: Any, prompt: str, noted: int, tmp_path: Path, read: Read
) -> None:
    """Text, lists and objects are read; what was redacted is an empty prompt, and noted."""
    table, log = read(_written(tmp_path, _payload(messages=messages)))
    assert table["prompt"].to_pylist() == [prompt]
    assert log.notes.get("prompt not logged, taken as empty", 0) == noted


@pytest.mark.parametrize(
    ("response", "characters"),
    [
        ("plain", 5),
        ({"choices": [{"text": "abc"}]}, 3),
        ({"choices": [{"message": {"content": None}}]}, 0),
        ({"text": "redacted-by-litellm"}, -1),
        (None, -1),
        ({}, 0),
    ],
)
def test_response_lengths(response: Any, characters: int, tmp_path: Path, read: Read) -> None:
    """Only the length of the response stays; -1 says that it was not logged."""
    table, _ = read(_written(tmp_path, _payload(response=response)))
    assert table["response_characters"].to_pylist() == [characters]


def test_accounts_fall_back_and_can_be_mapped(tmp_path: Path, read: Read) -> None:
    """Without a key the user counts, and a mapping comes before either."""
    path = _written(tmp_path, _payload(metadata={}), _payload(1, metadata=None, end_user="b"))
    table, _ = read(path)
    assert table["account_id"].to_pylist() == ["someone", "b"]
    table, _ = read(path, columns={"account_id": "trace_id"})
    assert table["account_id"].to_pylist() == ["trace-0", "trace-0"]


def test_a_native_log_is_not_taken_for_a_payload() -> None:
    """The words of a payload inside a prompt do not make a payload."""
    row = {"timestamp": 1, "model": "m", "prompt": '"startTime": 1, "call_type": "x"'}
    assert LiteLLMReader().recognises(json.dumps(row).encode()) == 0.0


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "role", "messages", "text", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(_payload(), _json)))
def test_any_shape_is_survived(payload: dict[str, Any]) -> None:
    """Payloads whose fields have senseless shapes still give a row."""
    assert "prompt" in exchange_of(payload, {}, Quality())


ISSUED = {"type": "thinking", "thinking": "Hm", "signature": "EqQBCgIYAhIM"}


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": [ISSUED, {"type": "text", "text": "Yes"}]},
        {"role": "assistant", "content": "Yes", "thinking_blocks": [ISSUED]},
        {"type": "reasoning", "role": "assistant", "encrypted_content": "EqQBCgIYAhIM"},
        {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "EqQBCgIYAhIM"}]},
    ],
)
def test_reasoning_that_is_handed_back_is_found(
    message: dict[str, Any], tmp_path: Path, read: Read
) -> None:
    """The latest opaque block has one digest wherever it stands, and text has none."""
    asked = {"role": "user", "content": "Sure?"}
    older = {**message, "content": [{**ISSUED, "signature": "older"}]}
    path = _written(
        tmp_path,
        _payload(0, messages=[older, message, asked]),
        _payload(1, messages={"messages": [message, asked]}),
        _payload(2),
    )
    first, second, none = read(path)[0]["reasoning_signature"].to_pylist()
    assert first == second
    assert len(first) == 32
    assert none is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just("thinking"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "signature", "data", "content", "thinking_blocks", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_reasoning_of_any_shape_is_survived(messages: object) -> None:
    """Whatever stands among messages, there is a digest or none."""
    found = reasoning_signature(messages)
    assert found is None or len(found) == 32

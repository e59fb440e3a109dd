"""OCSF events of API activity with the profile for AI."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.logs.contract import Example, LogReaderContract
from phalanx.logs.ocsf import OcsfReader, exchange_of, is_model_call
from phalanx.logs.quality import Quality

Read = Callable[..., Any]


def _event(number: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "class_uid": 6003,
        "activity_id": 1,
        "time": 1777636800250 + number,
        "status_id": 1,
        "metadata": {"uid": f"event-{number}", "version": "1.9.0", "profiles": ["ai_operation"]},
        "actor": {
            "user": {
                "uid": f"user-{number}",
                "org": {"uid": "org"},
                "email_addr": "ann@example.org",
                "created_time": 1767225600000,
            }
        },
        "api": {"operation": "messages.create", "response": {"code": 200}},
        "src_endpoint": {
            "ip": "2001:db8:1:2::3",
            "autonomous_system": {"number": 64500},
            "location": {"country": "DE"},
        },
        "http_request": {"user_agent": "sdk/1"},
        "ai_model": {"name": "large", "ai_provider": "us"},
        "message_context": {
            "uid": "conv-1",
            "prompt_text": "Hi",
            "response_text": "Hello",
            "prompt_tokens": 11,
            "completion_tokens": 22,
        },
        **fields,
    }


_EVENTS = [_event(number) for number in range(12)]


class TestOcsfReader(LogReaderContract):
    """The reader of events keeps the contract."""

    reader = OcsfReader()
    examples = (
        Example("\n".join(map(json.dumps, _EVENTS)).encode(), 12),
        Example(json.dumps(_EVENTS).encode(), 12),
        Example(json.dumps(_EVENTS, indent=4).encode(), 12),
    )


def _written(tmp_path: Path, *events: dict[str, Any]) -> Path:
    path = tmp_path / "ocsf.jsonl"
    path.write_text("\n".join(json.dumps(event) for event in events))
    return path


def test_every_field_finds_its_column(tmp_path: Path, read: Read) -> None:
    """The fields of an event come out as the columns of an exchange."""
    ja4 = {"ja4_fingerprint_list": [{"value": "ja4"}]}
    table, _ = read(_written(tmp_path, _event(tls=ja4)))
    (found,) = table.to_pylist()
    expected = {
        "exchange_id": "event-0",
        "account_id": "user-0",
        "organisation": "org",
        "conversation_id": "conv-1",
        "model": "large",
        "prompt": "Hi",
        "response_characters": 5,
        "input_tokens": 11,
        "output_tokens": 22,
        "status": 200,
        "client_ip": "2001:db8:1:2::3",
        "client_subnet": "2001:db8:1::/48",
        "asn": "64500",
        "country": "DE",
        "user_agent": "sdk/1",
        "tls_fingerprint": "ja4",
        "email_domain": "example.org",
        "endpoint": "messages.create",
    }
    assert {name: found[name] for name in expected} == expected
    assert found["account_created_at"].isoformat() == "2026-01-01T00:00:00+00:00"
    assert found["timestamp"].isoformat() == "2026-05-01T12:00:00.250000+00:00"


def test_prompts_may_be_messages_or_absent(tmp_path: Path, read: Read) -> None:
    """A prompt text that is a list of messages is split; a missing one is noted."""
    messages = '[{"role":"system","content":"s"},{"role":"user","content":"u"}]'
    path = _written(
        tmp_path,
        _event(0, message_context={"uid": "c", "prompt_text": messages}),
        _event(1, message_context={"uid": "c"}),
        _event(2, message_context={"uid": "c", "prompt_text": "[1] footnote"}),
    )
    table, log = read(path)
    assert table["prompt"].to_pylist() == ["u", "", "[1] footnote"]
    assert table["system_prompt"].to_pylist() == ["s", None, None]
    assert log.notes == {"prompt not logged, taken as empty": 1}


def test_other_events_are_passed_over(tmp_path: Path, read: Read) -> None:
    """Sign-ins, and API calls that reach no model, are no exchanges."""
    sign_in = {"class_uid": 3002, "time": 1}
    plain = _event(1, ai_model=None, message_context=None)
    table, log = read(_written(tmp_path, _event(0), sign_in, plain))
    assert table.num_rows == 1
    assert log.notes == {"event that calls no model, passed over": 2}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"api": {"response": {"code": 429}}}, 429),
        ({"api": {}, "status_id": 2}, 500),
        ({"api": {}, "status_id": 2, "status_code": "401"}, 401),
        ({"api": {}, "status_id": 99}, None),
    ],
)
def test_outcomes_have_a_status(
    fields: dict[str, Any], status: int | None, tmp_path: Path, read: Read
) -> None:
    """The status is the logged code, or what the outcome implies."""
    table, _ = read(_written(tmp_path, _event(**fields)))
    assert table["status"].to_pylist() == [status]


def test_agents_name_their_model(tmp_path: Path, read: Read) -> None:
    """An agent's event has the model inside the agent; older events say `model_name`."""
    path = _written(
        tmp_path,
        _event(0, ai_model=None, ai_agent={"ai_model": {"name": "by agent"}}),
        _event(1, ai_model={"model_name": "by name"}),
    )
    table, _ = read(path)
    assert table["model"].to_pylist() == ["by agent", "by name"]


def test_fields_may_be_mapped(tmp_path: Path, read: Read) -> None:
    """A mapping comes before the usual field."""
    table, _ = read(_written(tmp_path, _event()), columns={"account_id": "ai_model.ai_provider"})
    assert table["account_id"].to_pylist() == ["us"]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["uid", "user", "name", "0", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(_event(), _json)))
def test_any_shape_is_survived(event: dict[str, Any]) -> None:
    """Events whose fields have senseless shapes still give a row."""
    assert is_model_call(event) in (True, False)
    assert "prompt" in exchange_of(event, {}, Quality())

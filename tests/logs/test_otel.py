"""OpenTelemetry spans of generative AI."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.logs import open_log
from phalanx.logs.contract import Example, LogReaderContract
from phalanx.logs.otel import OtelReader
from phalanx.logs.otel_span import exchange_of, flat_attributes
from phalanx.logs.quality import Quality

Read = Callable[..., Any]
START = 1_777_636_800_000_000_000


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _attributes(value)}}
    return {"stringValue": value}


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _span(number: int = 0, events: Any = (), **attributes: Any) -> dict[str, Any]:
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    usual = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "large",
        "enduser.id": f"user-{number}",
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]',
    }
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": "chat large",
        "startTimeUnixNano": str(START + number * 1_000_000),
        "attributes": _attributes({**usual, **named}),
        "events": [{"name": name, "attributes": _attributes(content)} for name, content in events],
    }


def _export(*spans: dict[str, Any], **resource: Any) -> dict[str, Any]:
    named = {name.replace("__", "."): value for name, value in resource.items()}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(named)},
                "scopeSpans": [{"scope": {"name": "x"}, "spans": list(spans)}],
            }
        ]
    }


_SPANS = [_span(number) for number in range(12)]


class TestOtelReader(LogReaderContract):
    """The reader of spans keeps the contract."""

    reader = OtelReader()
    examples = (
        Example(json.dumps(_export(*_SPANS)).encode(), 12),
        Example(json.dumps(_export(*_SPANS), indent=2).encode(), 12),
        Example("\n".join(json.dumps(_export(span)) for span in _SPANS).encode(), 12),
        Example("\n".join(json.dumps(span) for span in _SPANS).encode(), 12),
        Example(json.dumps(_export(*_SPANS)["resourceSpans"]).encode(), 12),
    )


def _written(tmp_path: Path, *documents: Any) -> Path:
    path = tmp_path / "spans.json"
    path.write_text("\n".join(json.dumps(document) for document in documents))
    return path


def test_every_attribute_finds_its_column(tmp_path: Path, read: Read) -> None:
    """Attributes of the conventions come out as the columns of an exchange."""
    tools = [{"type": "function", "name": "f"}]
    span = _span(
        gen_ai__response__id="resp-1",
        gen_ai__conversation__id="conv-1",
        gen_ai__usage__input_tokens=11,
        gen_ai__usage__output_tokens=22,
        gen_ai__request__temperature=0.5,
        gen_ai__request__top_p=0.9,
        gen_ai__request__max_tokens=256,
        gen_ai__request__choice__count=3,
        gen_ai__request__stream=True,
        gen_ai__system_instructions='[{"type":"text","content":"Be brief."}]',
        gen_ai__tool__definitions=json.dumps(tools),
        gen_ai__output__messages=[{"role": "assistant", "parts": [{"content": "Hello"}]}],
        client__address="192.0.2.1",
        user_agent__original="sdk/1",
        http__response__status_code=429,
        url__path="/v1/chat",
        tls__client__ja3="ja3",
    )
    table, log = read(_written(tmp_path, _export(span, tenant__id="org-1")))
    (found,) = table.to_pylist()
    expected = {
        "exchange_id": "resp-1",
        "account_id": "user-0",
        "organisation": "org-1",
        "conversation_id": "conv-1",
        "model": "large",
        "system_prompt": "Be brief.",
        "prompt": "Hi",
        "response_characters": 5,
        "input_tokens": 11,
        "output_tokens": 22,
        "status": 429,
        "client_ip": "192.0.2.1",
        "client_subnet": "192.0.2.0/24",
        "user_agent": "sdk/1",
        "tls_fingerprint": "ja3",
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 256,
        "n": 3,
        "stream": True,
        "endpoint": "/v1/chat",
    }
    assert {name: found[name] for name in expected} == expected
    assert len(found["tools_hash"]) == 32
    assert {"response", "tools_hash", "n"} <= log.columns
    assert found["timestamp"].isoformat() == "2026-05-01T12:00:00+00:00"


_USER, _ANSWER = {"content": "Why?"}, {"message": '{"content": "Because."}'}


@pytest.mark.parametrize(
    ("attributes", "events"),
    [
        ({"gen_ai.input.messages": '[{"role":"user","content":"Why?"}]'}, []),
        ({"gen_ai.input.messages": [{"role": "user", "parts": [{"content": "Why?"}]}]}, []),
        ({"gen_ai.prompt": "Why?"}, []),
        ({"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Why?"}, []),
        ({}, [("gen_ai.user.message", _USER), ("gen_ai.choice", _ANSWER)]),
        ({}, [("gen_ai.content.prompt", {"gen_ai.prompt": '[{"role":"user","content":"Why?"}]'})]),
        (
            {},
            [
                (
                    "gen_ai.client.inference.operation.details",
                    {"gen_ai.input.messages": '[{"role":"user","parts":[{"content":"Why?"}]}]'},
                )
            ],
        ),
    ],
)
def test_dialects_of_content(
    attributes: dict[str, Any], events: Any, tmp_path: Path, read: Read
) -> None:
    """Content is found in attributes and events of all known dialects."""
    span = _span(events=events)
    span["attributes"] = [
        item for item in span["attributes"] if item["key"] != "gen_ai.input.messages"
    ] + _attributes(attributes)
    table, log = read(_written(tmp_path, _export(span)))
    assert table["prompt"].to_pylist() == ["Why?"]
    assert not log.notes


def test_turns_from_events_and_numbers(tmp_path: Path, read: Read) -> None:
    """Several message events, or numbered attributes, make one conversation."""
    turns = [("system", "Be brief."), ("user", "One?"), ("assistant", "1"), ("user", "Two?")]
    events = [(f"gen_ai.{role}.message", {"content": text}) for role, text in turns]
    by_event, numbered = _span(0, events=events), _span(1)
    for span in (by_event, numbered):
        span["attributes"] = [
            item for item in span["attributes"] if item["key"] != "gen_ai.input.messages"
        ]
    numbered["attributes"] += _attributes(
        {
            f"gen_ai.prompt.{index}.{name}": value
            for index, (role, text) in enumerate(turns)
            for name, value in (("role", role), ("content", text))
        }
    )
    table, _ = read(_written(tmp_path, _export(by_event, numbered)))
    assert table["prompt"].to_pylist() == ["Two?"] * 2
    assert table["system_prompt"].to_pylist() == ["Be brief."] * 2
    assert table["history_turns"].to_pylist() == [2, 2]


def test_prompts_that_were_not_logged_keep_their_rows(tmp_path: Path, read: Read) -> None:
    """Content is opt-in: a span without it has an empty prompt, which is noted."""
    span = _span()
    span["attributes"] = span["attributes"][:3]
    table, log = read(_written(tmp_path, _export(span)))
    assert table["prompt"].to_pylist() == [""]
    assert log.notes == {"prompt not logged, taken as empty": 1}


def test_spans_that_are_no_model_calls_are_passed_over(tmp_path: Path, read: Read) -> None:
    """Database calls, agents and tools are no exchanges, and are counted as notes."""
    database = {**_span(1), "attributes": _attributes({"db.system": "sqlite"})}
    agent = _span(2, gen_ai__operation__name="invoke_agent")
    table, log = read(_written(tmp_path, _export(_span(0), database, agent)))
    assert table.num_rows == 1
    assert not log.rejects
    assert log.notes == {
        "span without generative-AI attributes, passed over": 1,
        "span that calls no model (agent, tool), passed over": 1,
    }


def test_failed_spans_have_a_status(tmp_path: Path, read: Read) -> None:
    """An error without an HTTP status counts as a failure of the server."""
    failed = {**_span(1), "status": {"code": 2}}
    limited = _span(2, error__type="429")
    table, _ = read(_written(tmp_path, _export(_span(0), failed, limited)))
    assert table["status"].to_pylist() == [200, 500, 429]


def test_attributes_may_be_mapped(tmp_path: Path, read: Read) -> None:
    """Accounts and prompts may stand in attributes of the user's own."""
    span = _span(app__key="key-7", app__text='[{"role":"user","content":"Mapped"}]')
    columns = {"account_id": "app.key", "prompt": "app.text"}
    table, _ = read(_written(tmp_path, _export(span)), columns=columns)
    assert table["account_id"].to_pylist() == ["key-7"]
    assert table["prompt"].to_pylist() == ["Mapped"]


def test_spans_without_an_account_are_told_how_to_map(tmp_path: Path) -> None:
    """The conventions have no account of their own: the error points to the option."""
    span = _span()
    del span["attributes"][2]
    with pytest.raises(InputError, match="account_id missing") as caught:
        list(open_log(_written(tmp_path, _export(span))).batches())
    assert "--map" in caught.value.next_step


def test_broken_exports_do_not_hide_the_others(tmp_path: Path, read: Read) -> None:
    """A broken line between exports is one reject."""
    path = tmp_path / "spans.jsonl"
    good = json.dumps(_export(_span(0)))
    path.write_text(f"{good}\n{good[:50]}\n{json.dumps(_export(_span(1)))}\n")
    table, log = read(path)
    assert table.num_rows == 2
    assert log.rejects == {"not valid JSON": 1}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["key", "value", "values", "attributes", "stringValue", "arrayValue", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(_json, _json, _json)
def test_any_shape_is_survived(attributes: Any, events: Any, status: Any) -> None:
    """Spans whose parts have senseless shapes give a row or nothing."""
    span = {"attributes": attributes, "events": events, "status": status, "spanId": 1}
    exchange_of(span, {"gen_ai.x": 1}, {}, Quality())
    span["attributes"] = [*_attributes({"gen_ai.request.model": "m"}), attributes]
    row = exchange_of(span, {}, {}, Quality())
    assert row is not None
    assert row["model"] == "m"


@given(st.dictionaries(st.text(min_size=1), st.booleans() | st.text() | st.integers(0, 2**53)))
def test_attributes_round_trip(values: dict[str, Any]) -> None:
    """Values come out of their wrappers as they went in."""
    assert flat_attributes({"attributes": _attributes(values)}) == values

"""Whatever is sent to a sidecar, the answer names the sender's mistake, never ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from starlette.responses import JSONResponse
from uvicorn.server import ServerState

from phalanx.serving import listening

Serve = Callable[..., Any]
ASKED = {"exchange_id": "r1", "account_id": "a", "model": "m", "prompt": "p"}
ON_ONE_SIDECAR = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


def _post(served: Any, body: bytes, path: str = "/v1/decide") -> Any:
    return served.client.post(path, content=body)


def test_a_prompt_of_ten_million_letters(serve: Serve) -> None:
    """Is refused, not cut: what is looked at is what the model would get."""
    served = serve()
    for letter in ("a", "\N{GRINNING FACE}"):
        body = json.dumps(ASKED | {"prompt": letter * 10_000_000}, ensure_ascii=False).encode()
        assert _post(served, body).status_code in {413, 422}
    messages = [{"role": "user", "content": "a" * 4_000_001}]
    said = {name: value for name, value in ASKED.items() if name != "prompt"}
    body = json.dumps(said | {"messages": messages}).encode()
    assert _post(served, body).status_code == 422
    assert _post(served, json.dumps(ASKED | {"prompt": "a" * 4_000_000}).encode()).is_success


@pytest.mark.parametrize("depth", [100, 1_000, 1_000_000])
def test_deep_nesting(serve: Serve, depth: int) -> None:
    """In place of the body, of a field, and of what a message says."""
    served = serve()
    nested = "[" * depth + "]" * depth
    head = '{"exchange_id":"r1","account_id":"a","model":"m",'
    assert _post(served, nested.encode()).status_code == 422
    assert _post(served, f'{head}"prompt":{nested}}}'.encode()).status_code == 422
    content = f'{head}"messages":[{{"role":"user","content":{nested}}}]}}'.encode()
    assert _post(served, content).status_code == (200 if depth == 100 else 422)


def test_halves_of_characters(serve: Serve) -> None:
    """Lone surrogates, and bytes that are no UTF-8, wherever they stand."""
    served = serve()
    for name in ASKED:
        said = json.dumps(ASKED).replace(f'"{name}": "', f'"{name}": "\\ud83d')
        assert _post(served, said.encode()).status_code == 422
        raw = said.replace("\\ud83d", "~").encode().replace(b"~", b"\xed\xa0\xbd")
        assert _post(served, raw).status_code == 422
    head = {name: value for name, value in ASKED.items() if name != "prompt"}
    body = json.dumps(head | {"messages": [{"role": "user", "content": "\ud83d"}]}).encode()
    assert _post(served, body).status_code == 422


def test_wrong_types_and_unknown_names(serve: Serve) -> None:
    """Each is refused, and nothing of it is repeated."""
    served = serve()
    wrong: tuple[dict[str, Any], ...] = (
        {"account_id": 1}, {"account_id": ""}, {"max_tokens": -1}, {"max_tokens": 1e30},
        {"temperature": "hot"}, {"logprobs": "yes"}, {"account_created_at": "yesterday"},
        {"fingerprints": {"x" * 21: "y"}}, {"fingerprints": []}, {"messages": {}},
        {"secret-4711": "secret-4711"}, {"n": None, "fingerprints": {"secret-4711" * 3: "a"}},
    )  # fmt: skip
    for more in wrong:
        answer = _post(served, json.dumps(ASKED | more).encode())
        assert answer.status_code == 422, more
        assert "secret-4711" not in answer.text
    for infinite in ("1e999", "NaN", "-Infinity"):
        body = json.dumps(ASKED)[:-1] + f',"temperature":{infinite}}}'
        assert _post(served, body.encode()).status_code == 422


def test_a_body_that_never_ends(serve: Serve) -> None:
    """413, before anything looks at it."""
    served = serve(largest_body_bytes=1_000)
    parts = (b"a" * 100 for _ in range(100))
    assert served.client.post("/v1/decide", content=parts).status_code == 413


def test_any_body(serve: Serve) -> None:
    """Anything that is no request is a mistake of the sender."""
    served = serve()

    @ON_ONE_SIDECAR
    @given(body=st.binary(max_size=60) | JSON.map(lambda each: json.dumps(each).encode()))
    def sent(body: bytes) -> None:
        for path in ("/v1/decide", "/v1/settle"):
            assert 400 <= _post(served, body, path).status_code < 500

    sent()


def test_any_value_of_any_field(serve: Serve) -> None:
    """A decision, or a mistake of the sender."""
    served = serve()
    names = st.sampled_from(
        [*ASKED, "messages", "max_tokens", "n", "account_created_at", "history"]
    )

    @ON_ONE_SIDECAR
    @given(more=st.dictionaries(names, JSON, max_size=3))
    def sent(more: dict[str, Any]) -> None:
        assert _post(served, json.dumps(ASKED | more).encode()).status_code in {200, 422}

    sent()


def test_the_api_as_it_describes_itself(serve: Serve) -> None:
    """No request that follows from the OpenAPI document makes an error of the sidecar."""
    app = serve().client.app
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = list(schema.get_all_operations())
    assert len(operations) >= 5
    for found in operations:
        assert isinstance(found, Ok)

        @settings(
            max_examples=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=found.ok().as_strategy())
        def asked(case: Any) -> None:
            case.call_and_validate(checks=[not_a_server_error])

        asked()


def test_a_key_that_stands_twice_is_refused(serve: Serve) -> None:
    """The gateway would look at one, and the model answer the other."""
    served = serve()
    head = b'{"exchange_id":"r1","account_id":"a","model":"m",'
    assert _post(served, head + b'"prompt":"a","pr\\u006fmpt":"b"}').status_code == 422
    message = b'{"role":"user","content":"a","content":"b"}'
    assert _post(served, head + b'"messages":[' + message + b"]}").status_code == 422
    assert _post(served, head + b'"prompt":"a"}').is_success


def test_a_connection_that_says_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first request and within one: each takes the place of somebody who asks."""
    monkeypatch.setattr(listening, "HEAD_SECONDS", 0.2)

    async def ask(*parts: bytes) -> bytes:
        state = ServerState()
        config = uvicorn.Config(JSONResponse({}), http=listening.PatientProtocol)
        config.load()
        server = await asyncio.get_running_loop().create_server(
            lambda: listening.PatientProtocol(config, state, {}), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        answer = b""
        try:
            for number, part in enumerate(parts):
                writer.write(part)
                if number == 0:
                    answer += await asyncio.wait_for(reader.read(100_000), 3.0)
            return answer + await asyncio.wait_for(reader.read(), 3.0)
        finally:
            writer.close()
            await writer.wait_closed()
            server.close()
            await server.wait_closed()

    head = b"GET / HTTP/1.1\r\nHost: x\r\n"
    assert asyncio.run(ask(b"")) == asyncio.run(ask(head)) == b""
    assert asyncio.run(ask(head + b"\r\n", head)).count(b"200 OK") == 1

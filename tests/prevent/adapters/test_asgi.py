"""The middleware before an OpenAI-compatible application: decided, carried out, settled."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.prevent.adapters.asgi import DECISION, GatewayMiddleware
from phalanx.prevent.desk.chat import Sender
from phalanx.prevent.desk.waiting import Waiting
from phalanx.prevent.knowledge.campaigns import Campaigns, Membership
from phalanx.prevent.state.shared import open_shared_state
from phalanx.prevent.upkeep.parts import Part
from phalanx.prevent.upkeep.running import Bounds, Places, RunningGateway

MARK_KEY = "wmk_" + "0" * 32
POLICY = """\
schema = "phalanx.gateway-policy/1"
name = "production"
stage = "enforce"
on_failure = "open"
appeals = "https://example.com/appeals"
[[rules]]
name = "members"
reason = "PHX-G001"
action = "mark"
key = "campaign"
when.campaign_member = true
[[rules]]
name = "soft-labels"
reason = "PHX-G008"
action = "trim"
drop_logprobs = true
most_output_tokens = 100
when.logprobs = true
[[rules]]
name = "many-answers"
reason = "PHX-G008"
action = "block"
when.choices = { above = 100 }
[[rules]]
name = "some-answers"
reason = "PHX-G008"
action = "verify"
when.choices = { above = 50 }
[[rules]]
name = "hot"
reason = "PHX-G008"
action = "slow"
delay_seconds = 30
when.temperature = { above = 1.5 }
"""
ASKED: dict[str, Any] = {"model": "large", "messages": [{"role": "user", "content": "Why?"}]}


@dataclass
class Served:
    """An application behind the middleware."""

    running: RunningGateway
    client: TestClient
    seen: list[Any] = field(default_factory=list)
    """Headers, body and decision of each request that reached the application."""

    slept: list[float] = field(default_factory=list)

    def ask(self, account: str = "honest", path: str = "/v1/chat/completions", **more: Any) -> Any:
        """Ask for an answer."""
        headers = {"authorization": f"Bearer {account}"}
        return self.client.post(path, json=ASKED | more, headers=headers)

    def ended(self) -> dict[str, float]:
        """Return how requests ended."""
        page = self.running.gauges.page().decode().splitlines()
        return {
            line.split('"')[1]: float(line.split()[-1])
            for line in page
            if line.startswith("phalanx_gateway_ended_total{")
        }

    def tokens(self) -> float:
        """Return the output tokens that were settled."""
        page = self.running.gauges.page().decode().splitlines()
        name = "phalanx_gateway_output_tokens_total "
        return next(float(each.split()[-1]) for each in page if each.startswith(name))


@pytest.fixture
def behind(tmp_path: Path) -> Callable[..., Served]:
    """Put an application behind a gateway."""

    def start(answer: Callable[[], Any] | None = None, most_waiting: int = 10) -> Served:
        path = tmp_path / "policy.toml"
        path.write_text(POLICY)
        campaigns = Campaigns(1, {"harvester": Membership("c1", 7.5)})
        store = Part(
            "store", (), lambda known: replace(known, campaigns=campaigns, keys={"c1": MARK_KEY})
        )
        places = Places(policy=path, key=bytes(32), parts=[store], pseudonym_key=None)
        bounds = Bounds(
            most_under_way=100, most_under_way_characters=1_000, under_way_seconds=60,
            reload_seconds=60, snapshot_seconds=60, log_file_bytes=1_000,
        )  # fmt: skip
        running = RunningGateway(places, bounds, structlog.get_logger("test"))
        app = FastAPI()

        @app.api_route("/{path:path}", methods=["GET", "POST"])
        async def complete(request: Request) -> Any:
            served.seen.append(
                (dict(request.headers), await request.body(), request.scope.get(DECISION))
            )
            return answer() if answer else JSONResponse(_completion("Because.", 7))

        async def sleep(seconds: float) -> None:
            served.slept.append(seconds)

        def sender(scope: Any) -> Sender | None:
            shown = dict(scope["headers"]).get(b"authorization", b"").decode()
            return Sender(account_id=shown.split()[1]) if shown else None

        guarded = GatewayMiddleware(
            app, running.desk, sender, waiting=Waiting(10.0, most_waiting, sleep),
            largest_body_bytes=100_000,
        )  # fmt: skip
        served = Served(running, TestClient(guarded, raise_server_exceptions=False))
        return served

    return start


Behind = Callable[..., Served]


def _completion(text: str, tokens: int | None) -> dict[str, Any]:
    usage = {} if tokens is None else {"usage": {"completion_tokens": tokens}}
    return {"choices": [{"message": {"role": "assistant", "content": text}}], **usage}


def _stream(*texts: str, tokens: int | None = None, breaks: bool = False) -> StreamingResponse:
    async def events() -> AsyncIterator[bytes]:
        for text in texts:
            said = json.dumps({"choices": [{"delta": {"content": text}}]})
            yield f"data: {said}\n\n".encode()
        if breaks:
            message = "the model is gone"
            raise ConnectionError(message)
        if tokens is not None:
            yield f'data: {{"choices":[],"usage":{{"completion_tokens":{tokens}}}}}\n\n'.encode()
        yield b"data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


def test_what_is_allowed_passes_as_it_is(behind: Behind) -> None:
    """And is settled by the usage that the answer says."""
    served = behind()
    assert served.ask().json()["choices"][0]["message"]["content"] == "Because."
    ((headers, body, decision),) = served.seen
    assert json.loads(body) == ASKED
    assert headers["x-phalanx-action"] == decision.action == "allow"
    assert (served.ended(), served.tokens()) == ({"served": 1.0}, 7)


def test_a_mark_is_handed_on_and_not_announced(behind: Behind) -> None:
    """The application learns the key; the client learns nothing, and cannot say it himself."""
    served = behind()
    headers = {"authorization": "Bearer harvester", "x-phalanx-key-id": "none"}
    answer = served.client.post("/v1/chat/completions", json=ASKED, headers=headers)
    ((seen, _, decision),) = served.seen
    assert seen["x-phalanx-key-id"] == decision.key_id == MARK_KEY
    assert not any(name.startswith("x-phalanx") for name in answer.headers)
    assert MARK_KEY not in answer.text


def test_what_is_trimmed_asks_for_less(behind: Behind) -> None:
    """No log-probabilities, and no more tokens than the policy says, however the limit is named."""
    served = behind()
    served.ask(logprobs=True, top_logprobs=5)
    served.ask(logprobs=True, max_completion_tokens=900, top_logprobs=5)
    served.ask(logprobs=True, max_tokens=9)
    bodies = [json.loads(body) for _, body, _ in served.seen]
    assert not any({"logprobs", "top_logprobs"} & set(body) for body in bodies)
    limits = [{name: body[name] for name in body if name.startswith("max_")} for body in bodies]
    assert limits == [{"max_tokens": 100}, {"max_completion_tokens": 100}, {"max_tokens": 9}]


def test_what_is_refused_never_reaches_the_model(behind: Behind) -> None:
    """The answer says why, by codes, and where to ask; evidence stays with the provider."""
    served = behind()
    for choices, code in ((101, "request_blocked"), (51, "verification_required")):
        answer = served.ask(n=choices)
        assert answer.status_code == 403
        error = answer.json()["error"]
        assert (error["code"], error["reasons"]) == (code, ["PHX-G008"])
        assert error["appeal"].startswith("apl_")
        assert error["appeals"] == "https://example.com/appeals"
        assert "choices" not in answer.text
    assert not served.seen
    assert served.ended() == {"refused": 2.0}


def test_what_is_slowed_waits_no_longer_than_it_may(behind: Behind) -> None:
    """The policy says half a minute, the middleware bears ten seconds."""
    served = behind()
    assert served.ask(temperature=1.9).status_code == 200
    assert served.slept == [10.0]


def test_where_too_many_wait_others_are_told_to_come_back(behind: Behind) -> None:
    """With 429, which counts as turned away."""
    served = behind(most_waiting=0)
    answer = served.ask(temperature=1.9)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    assert served.ended() == {"turned away": 1.0}
    assert not served.seen


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        (lambda: _stream("Be", "cause.", tokens=5), 5),
        (lambda: _stream("Because it ", "is blue."), 4),
        (lambda: JSONResponse(_completion("Because it is blue.", None)), 4),
        (lambda: _stream("Because it ", "is blue.", breaks=True), 4),
    ],
)
def test_answers_are_measured_as_they_pass(
    behind: Behind, answer: Callable[[], Any], tokens: int
) -> None:
    """By what they say, else by their characters; one that breaks off by what had passed."""
    served = behind(answer)
    try:
        said = served.ask(stream=True)
    except ConnectionError:
        said = None
    assert said is None or said.status_code == 200
    assert (served.ended(), served.tokens()) == ({"served": 1.0}, tokens)


def test_errors_of_the_application_are_settled(behind: Behind) -> None:
    """A busy model has turned the request away; one that fails served nothing."""
    busy = behind(lambda: JSONResponse({"error": {}}, 503))
    assert busy.ask().status_code == 503
    assert busy.ended() == {"turned away": 1.0}

    def fails() -> Any:
        message = "unforeseen"
        raise ValueError(message)

    broken = behind(fails)
    assert broken.ask().status_code == 500
    assert broken.ended() == {"turned away": 1.0}
    wrong = behind(lambda: JSONResponse({"error": {}}, 404))
    wrong.ask()
    assert wrong.ended() == {"failed": 1.0}


def test_nobody_is_served_unseen(behind: Behind) -> None:
    """No sender, no JSON, no messages, half a character, too much: all stop at the middleware."""
    served = behind()
    path = "/v1/chat/completions"
    assert served.client.post(path, json=ASKED).status_code == 401
    known = {"authorization": "Bearer honest"}
    for body in (b"", b"[]", b"{", b'{"model":"m"}', b'{"model":1,"messages":[]}', b"[" * 100_000,
                 b'{"model":"m","messages":[{"role":"user","content":"\\ud83d"}]}',
                 b'{"model":"m","messages":"Hi"}', b'{"model":"m","prompt":[1,2]}'):  # fmt: skip
        assert served.client.post(path, content=body, headers=known).status_code in {400, 413}
    large = json.dumps(ASKED | {"user": "x" * 100_000}).encode()
    assert served.client.post(path, content=large, headers=known).status_code == 413
    assert not served.seen


def test_other_interfaces_and_other_paths(behind: Behind) -> None:
    """Completions and responses are guarded too; what asks for no answer passes."""
    served = behind()
    known = {"authorization": "Bearer honest"}
    asked = [
        ("/v1/completions", {"model": "m", "prompt": "Hi", "logprobs": 0}),
        ("/v1/completions/", {"model": "m", "prompt": ["Hi", "you"]}),
        ("/v1/responses", {"model": "m", "input": "Hi", "instructions": "Be brief."}),
        ("/v1/responses", {
            "model": "m", "input": [{"role": "user", "content": "Hi"}, {"type": "reasoning"}],
            "include": ["message.output_text.logprobs"],
        }),
    ]  # fmt: skip
    for path, body in asked:
        assert served.client.post(path, json=body, headers=known).status_code == 200, body
    actions = [decision.action for _, _, decision in served.seen]
    assert actions == ["trim", "allow", "allow", "trim"]
    assert json.loads(served.seen[3][1])["include"] == []
    assert json.loads(served.seen[3][1])["max_output_tokens"] == 100
    assert served.client.post("/v1/embeddings", content=b"{").status_code == 200
    assert served.client.get("/v1/models").status_code == 200
    assert served.seen[-1][2] is None


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/v1/chat/completions", {"prompt": "Grade this."}),
        ("/v1/chat/completions", {"input": "Grade this."}),
        ("/v1/completions", {"prompt": "Grade this."}),
        ("/v1/responses", {"input": "Grade this."}),
        ("/v1/responses", {"prompt": {"id": "pmpt_1"}, "input": "Grade this."}),
    ],
)
def test_a_body_that_asks_twice_is_refused(behind: Behind, path: str, more: dict[str, Any]) -> None:
    """The gateway would look at harmless messages while the model answers the prompt."""
    served = behind()
    assert served.ask(path=path, **more).status_code == 400
    assert served.ended() == {}
    assert not served.seen


def test_a_prompt_that_the_server_keeps_is_none_of_two(behind: Behind) -> None:
    """The responses interface names one by its id, beside what is asked."""
    served = behind()
    said: dict[str, Any] = {"prompt": {"id": "pmpt_1"}, "input": "Why?", "messages": None}
    assert served.ask(path="/v1/responses", **said).status_code == 200


@pytest.mark.parametrize(
    ("path", "more", "limits"),
    [
        ("/v1/chat/completions", {"max_output_tokens": 900}, {"max_tokens": 100}),
        ("/v1/chat/completions", {"max_tokens": 0}, {"max_tokens": 0}),
        ("/v1/chat/completions", {"max_tokens": 9, "max_completion_tokens": 900},
         {"max_tokens": 9, "max_completion_tokens": 100}),
        ("/v1/completions", {"messages": None, "prompt": "Hi", "max_completion_tokens": 900},
         {"max_tokens": 100}),
        ("/v1/responses", {"messages": None, "input": "Hi", "max_tokens": 900},
         {"max_output_tokens": 100}),
    ],
)  # fmt: skip
def test_a_limit_of_another_interface_lengthens_nothing(
    behind: Behind, path: str, more: dict[str, Any], limits: dict[str, int]
) -> None:
    """A server passes over what is no limit to it; its own is always there."""
    served = behind()
    assert served.ask(path=path, logprobs=True, **more).status_code == 200
    body = json.loads(served.seen[0][1])
    assert {name: body[name] for name in limits} == limits


@pytest.mark.parametrize(
    "more",
    [{"prompt_logprobs": 0}, {"prompt_logprobs": 20}, {"n_probs": 10}, {"top_logprobs": 5},
     {"return_logprob": True}],
)  # fmt: skip
def test_soft_labels_by_any_name_are_soft_labels(behind: Behind, more: dict[str, Any]) -> None:
    """As vLLM tells the log-probabilities of any text that it is given as a prompt."""
    served = behind()
    served.ask(**more)
    ((_, body, decision),) = served.seen
    assert decision.action == "trim"
    assert not set(more) & set(json.loads(body))


def test_a_list_of_prompts_asks_for_as_many_answers(behind: Behind) -> None:
    """One request with a hundred prompts, or a few of each, is no smaller than its answers."""
    served = behind()
    many: dict[str, Any] = {"messages": None, "prompt": ["Hi"] * 60}
    assert served.ask(path="/v1/completions", **many).json()["error"]["code"] == (
        "verification_required"
    )
    assert served.ask(path="/v1/completions", **many, n=2).json()["error"]["code"] == (
        "request_blocked"
    )
    for wrong in (-1, True, "2", 1.5):
        assert served.ask(path="/v1/completions", **many, n=wrong).status_code == 400


@pytest.mark.parametrize("wrong", [-1, "900", True, 1.5])
def test_of_two_limits_both_have_to_be_limits(behind: Behind, wrong: Any) -> None:
    """One that the gateway passed over might be the one that the server takes."""
    served = behind()
    for other in (5, 900):
        more = {"max_tokens": wrong, "max_completion_tokens": other, "logprobs": True}
        assert served.ask(**more).status_code == 400


# What is no number has no place in JSON, so that a client cannot send it.
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


def test_any_body_is_decided_or_refused(behind: Behind) -> None:
    """And whatever an application answers is measured without an error."""
    said: list[Any] = [None]
    served = behind(lambda: JSONResponse(said[0]))
    names = st.sampled_from(
        ["model", "messages", "prompt", "input", "instructions", "max_tokens", "n", "logprobs",
         "stream", "tools", "temperature", "include"]
    )  # fmt: skip
    few = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

    @few
    @given(body=st.dictionaries(names, JSON, max_size=4), answer=JSON)
    def sent(body: dict[str, Any], answer: Any) -> None:
        said[0] = answer
        status = served.ask(**body).status_code
        assert status in {200, 400, 403}

    sent()


def test_whatever_streams_is_measured() -> None:
    """In any pieces, the same."""
    from phalanx.prevent.desk.answers import AnswerMeter

    @given(
        events=st.lists(JSON.map(json.dumps) | st.text(max_size=20), max_size=6),
        sizes=st.lists(st.integers(1, 40), min_size=1),
    )
    def streamed(events: list[str], sizes: list[int]) -> None:
        content = "".join(f"data: {each}\n\n" for each in events).encode("utf-8", "replace")
        whole, cut = AnswerMeter("text/event-stream"), AnswerMeter("text/event-stream")
        whole.take(content)
        at = 0
        while at < len(content):
            size = sizes[at % len(sizes)]
            cut.take(content[at : at + size])
            at += size
        whole.end()
        cut.end()
        assert (whole.tokens, whole.characters) == (cut.tokens, cut.characters)

    streamed()


def test_the_loop_runs_on_while_a_shared_state_hangs(
    tmp_path: Path, new_redis: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other requests are served while one waits for a server that stands still to settle it."""
    (tmp_path / "policy.toml").write_text(POLICY)
    server = new_redis()
    places = Places(
        policy=tmp_path / "policy.toml", key=bytes(32), parts=[], pseudonym_key=None
    )  # fmt: skip
    bounds = Bounds(
        most_under_way=100, most_under_way_characters=1_000, under_way_seconds=60,
        reload_seconds=60, snapshot_seconds=60, log_file_bytes=1_000,
    )  # fmt: skip
    state = open_shared_state(server.url, secrets.token_bytes(32), {})
    running = RunningGateway(places, bounds, structlog.get_logger("test"), state)
    turns, settled = [0], list[int]()
    settle = running.desk.settle

    def counted(told: Any) -> Any:
        before = turns[0]
        ending = settle(told)
        settled.append(turns[0] - before)
        return ending

    monkeypatch.setattr(running.desk, "settle", counted)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        server.process.send_signal(signal.SIGSTOP)
        await JSONResponse(_completion("Because.", 7))(scope, receive, send)

    async def turn() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0.001)

    async def asked() -> None:
        guarded = GatewayMiddleware(
            app, running.desk, lambda _: Sender(account_id="alice"), is_remote=True
        )
        turning = asyncio.create_task(turn())
        transport = httpx2.ASGITransport(guarded)
        async with httpx2.AsyncClient(transport=transport, base_url="http://model") as client:
            answer = await client.post("/v1/chat/completions", json=ASKED)
        assert answer.status_code == 200
        turning.cancel()

    try:
        asyncio.run(asked())
    finally:
        server.process.send_signal(signal.SIGCONT)
    running.close()
    assert state.failures == 1
    assert settled[0] > 0


def test_a_key_that_stands_twice_is_refused(behind: Behind) -> None:
    """In the body, or in what a message says: servers differ in which one they read."""
    served = behind()
    message = '{"role":"user","content":"a","content":"b"}'
    for said in ('"prompt":"a","prompt":"b"', f'"messages":[{message}]'):
        path = "/v1/completions" if "prompt" in said else "/v1/chat/completions"
        answer = served.client.post(
            path, content=f'{{"model":"m",{said}}}', headers={"authorization": "Bearer honest"}
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert served.seen == []


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat%2Fcompletions", "/v1/chat/completions/%2e", "/v1/chat/%2E/completions",
        "/v1/x/%2e%2e/chat/completions", "/v1//chat//completions//", "/v1/chat%252fcompletions",
        "/v1/%3f/%2e%2e/chat/completions", "/v1/chat/completions%3fx=/%2e%2e/%2e%2e",
    ],
)  # fmt: skip
def test_no_spelling_of_a_path_passes_unseen(behind: Behind, path: str) -> None:
    """Whoever serves may read dots and encoded slashes as what they stand for."""
    served = behind()
    assert served.ask(path=path).is_success
    assert served.seen[-1][2] is not None

"""The sidecar over HTTP: requests come in, are decided, and are settled."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from phalanx.logs.pseudonym import pseudonym
from phalanx.prevent.sidecar.callers import add_caller, read_callers

Serve = Callable[..., Any]
ASKED = {"exchange_id": "r1", "account_id": "honest", "model": "large", "prompt": "Why?"}


def test_a_member_of_a_campaign_gets_the_key_of_its_mark(serve: Serve) -> None:
    """With the rule, what the rule saw, and the handle of an appeal."""
    said = serve().decide(account_id="harvester")
    assert (said["action"], said["key_id"]) == ("mark", "wmk_" + "0" * 32)
    (reason,) = said["reasons"]
    assert (reason["code"], reason["rule"]) == ("PHX-G001", "members")
    assert reason["evidence"][0]["fact"] == "campaign_member"
    assert said["appeal"].startswith("apl_")
    assert said["schema"] == "phalanx.gateway-decision/1"


def test_what_a_request_got_is_counted_once(serve: Serve) -> None:
    """A second settlement of the same request is of nothing that is under way."""
    served = serve()
    served.decide(max_tokens=1_000)
    ended = {"account_id": "honest", "exchange_id": "r1", "output_tokens": 400}
    first = served.client.post("/v1/settle", json=ended)
    assert first.json() == {"how": "served", "output_tokens": 400, "value": pytest.approx(100.0)}
    assert served.client.post("/v1/settle", json=ended).status_code == 404
    assert served.metric("phalanx_gateway_output_tokens_total") == 400
    assert served.metric("phalanx_gateway_unknown_endings_total") == 1


def test_a_request_that_is_refused_needs_no_settlement(serve: Serve) -> None:
    """The decision settled it."""
    served = serve()
    assert served.decide(n=200)["action"] == "block"
    ended = {"account_id": "honest", "exchange_id": "r1", "output_tokens": 1}
    assert served.client.post("/v1/settle", json=ended).status_code == 404


def test_accounts_are_known_by_the_pseudonyms_of_the_scan(serve: Serve) -> None:
    """The gateway is told the name, the store has the pseudonym, and both are one account."""
    key = b"p" * 32
    served = serve(pseudonym_key=key, members=(pseudonym(key, "account_id", "alice"),))
    assert served.decide(account_id="alice")["action"] == "mark"
    assert served.decide(account_id="bob")["action"] == "allow"
    ended = {"account_id": "alice", "exchange_id": "r1", "output_characters": 41}
    assert served.client.post("/v1/settle", json=ended).json()["output_tokens"] == 10


def test_messages_are_read_as_a_scan_reads_them(serve: Serve) -> None:
    """The last turn of the user is the prompt; what is said twice is refused."""
    served = serve()
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Why is it blue?"}]},
    ]
    assert served.decide(prompt=None, messages=messages)["action"] == "allow"
    for wrong in (
        ASKED | {"messages": messages},
        {name: value for name, value in ASKED.items() if name != "prompt"},
        {**ASKED, "prompt": None, "messages": [{"content": "no role"}]},
    ):
        assert served.client.post("/v1/decide", json=wrong).status_code == 422


def test_only_callers_may_ask(serve: Serve, tmp_path: Path) -> None:
    """A token that was removed, one that is made up, and none are turned away with 401."""
    path = tmp_path / "callers.toml"
    token = add_caller(path, "litellm", secrets.token_bytes)
    other = add_caller(path, "envoy", secrets.token_bytes)
    client = serve(callers=read_callers(path)).client
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    for shown, status in (
        (f"Bearer {token}", 200), (f"bearer {other}", 200), (f"Basic {token}", 401),
        (f"Bearer {forged}", 401), ("Bearer ", 401), ("Bearer é".encode(), 401), (None, 401),
    ):  # fmt: skip
        headers: Any = {} if shown is None else {"authorization": shown}
        assert client.post("/v1/decide", json=ASKED, headers=headers).status_code == status
        assert client.post("/v1/settle", json={}, headers=headers).status_code in {401, 422}


def test_of_whoever_may_not_ask_no_body_is_read(serve: Serve, tmp_path: Path) -> None:
    """Not even to say that it is too large."""
    path = tmp_path / "callers.toml"
    token = add_caller(path, "litellm", secrets.token_bytes)
    client = serve(callers=read_callers(path), largest_body_bytes=100).client
    known = {"authorization": f"Bearer {token}"}
    for endpoint in ("/v1/decide", "/v1/ext_authz/v1/chat/completions"):
        assert client.post(endpoint, content=b"a" * 1_000).status_code == 401
        assert client.post(endpoint, content=b"a" * 1_000, headers=known).status_code == 413


def test_a_clock_that_steps_is_counted_and_stops_nothing(serve: Serve) -> None:
    """Set back by a day it forgives nobody, and what is under way is settled all the same."""
    clock = [datetime(2026, 6, 2, tzinfo=UTC)]
    served = serve(now=lambda: clock[0])
    for number, day in enumerate((2, 1, 1, 9)):
        clock[0] = datetime(2026, 6, day, tzinfo=UTC)
        assert served.decide(exchange_id=f"r{number}")["action"] == "allow"
        ended = {"account_id": "honest", "exchange_id": f"r{number}", "output_tokens": 100}
        assert served.client.post("/v1/settle", json=ended).json()["output_tokens"] == 100
    assert served.metric("phalanx_gateway_state_clock_steps_back") == 1
    assert served.metric("phalanx_gateway_state_clock_jumps_ahead") == 1


def test_whoever_keeps_it_running_is_answered(serve: Serve) -> None:
    """Health, readiness, counts."""
    served = serve()
    served.decide(account_id="harvester")
    assert served.client.get("/healthz").json() == {"status": "ok"}
    assert served.client.get("/readyz").json() == {"status": "ready"}
    page = served.client.get("/metrics").text
    for line in (
        'phalanx_gateway_decisions_total{action="mark",in_force="mark",stage="enforce"} 1.0',
        'phalanx_gateway_reasons_total{action="mark",held="acts",reason="PHX-G001",rule="members"}',
        "phalanx_gateway_decision_seconds_count 1.0",
        "phalanx_gateway_under_way 1.0",
        "phalanx_gateway_state_accounts 1.0",
        "phalanx_gateway_policy_stale 0.0",
        'phalanx_gateway_knowledge_stale{part="store"} 0.0',
    ):
        assert line in page


def test_counts_are_not_for_everybody(serve: Serve) -> None:
    """Others than this machine need a token, and behind a proxy all are others."""
    served = serve()
    from phalanx.prevent.sidecar.settings import SidecarSettings
    from phalanx.prevent.sidecar.sidecar import Sidecar

    class Asking:
        def __init__(self, host: str) -> None:
            self.client = type("Client", (), {"host": host})()
            self.headers: dict[str, str] = {}

    def shows(host: str, **more: Any) -> bool:
        settings = SidecarSettings(**more)
        sidecar = Sidecar(served.running.desk, settings, lambda: None, lambda: None)
        return sidecar.shows_metrics_to(Asking(host))  # type: ignore[arg-type]

    assert [shows("127.0.0.1"), shows("192.0.2.1")] == [True, False]
    assert [shows("127.0.0.1", behind_proxy=True), shows("192.0.2.1", open_metrics=True)] == [
        False, True,
    ]  # fmt: skip

"""External authorization in a real Envoy, with a model on loopback."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phalanx.prevent.desk.chat import Sender
from phalanx.prevent.sidecar.callers import add_caller, read_callers
from phalanx.prevent.sidecar.ext_authz import sender_of

ASKED: dict[str, Any] = {"model": "large", "messages": [{"role": "user", "content": "Why?"}]}
pytestmark = pytest.mark.timeout(1_200)
FILTER = "type.googleapis.com/envoy.extensions.filters.http"


def _configuration(port: int, upstream: int, sidecar: int, token: str) -> dict[str, Any]:
    """Return the configuration of an Envoy that asks before it passes requests on."""

    def cluster(name: str, at: int) -> dict[str, Any]:
        address = {"socket_address": {"address": "127.0.0.1", "port_value": at}}
        endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
        return {
            "name": name, "type": "STATIC", "connect_timeout": "5s",
            "load_assignment": {"cluster_name": name, "endpoints": endpoints},
        }  # fmt: skip

    who = {
        "name": "envoy.filters.http.header_mutation",
        "typed_config": {
            "@type": f"{FILTER}.header_mutation.v3.HeaderMutation",
            "mutations": {
                "request_mutations": [
                    {
                        "append": {
                            "header": {"key": "x-phalanx-account", "value": "%REQ(X-API-KEY)%"},
                            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                        }
                    }
                ]
            },
        },
    }
    asks = {
        "name": "envoy.filters.http.ext_authz",
        "typed_config": {
            "@type": f"{FILTER}.ext_authz.v3.ExtAuthz",
            "failure_mode_allow": False,
            "with_request_body": {"max_request_bytes": 2_000, "allow_partial_message": True},
            "allowed_headers": {
                "patterns": [{"exact": "x-phalanx-account"}, {"exact": "x-request-id"}]
            },
            "http_service": {
                "server_uri": {
                    "uri": f"http://127.0.0.1:{sidecar}", "cluster": "phalanx", "timeout": "30s",
                },
                "path_prefix": "/v1/ext_authz",
                "authorization_request": {
                    "headers_to_add": [{"key": "authorization", "value": f"Bearer {token}"}]
                },
                "authorization_response": {
                    "allowed_upstream_headers": {"patterns": [{"prefix": "x-phalanx-"}]}
                },
            },
        },
    }  # fmt: skip
    routes = {"name": "model", "domains": ["*"], "routes": [
        {"match": {"prefix": "/"}, "route": {"cluster": "model", "timeout": "30s"}}
    ]}  # fmt: skip
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network."
        "http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "route_config": {"virtual_hosts": [routes]},
        "http_filters": [
            who,
            asks,
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{FILTER}.router.v3.Router"},
            },
        ],
    }
    http = "envoy.filters.network.http_connection_manager"
    return {
        "static_resources": {
            "listeners": [
                {
                    "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
                    "filter_chains": [{"filters": [{"name": http, "typed_config": manager}]}],
                }
            ],
            "clusters": [cluster("model", upstream), cluster("phalanx", sidecar)],
        }
    }


def test_envoy_asks_before_it_passes_requests_on(
    gateways: Path,
    gateway: Callable[..., None],
    serve: Callable[..., Any],
    listen: Callable[..., int],
    upstream: Any,
    asking: Any,
    a_port: Callable[[], int],
    tmp_path: Path,
) -> None:
    """Allowed, marked, refused, without a body, by nobody; and not at all without the gateway."""
    token = add_caller(tmp_path / "callers.toml", "envoy", secrets.token_bytes)
    served = serve(callers=read_callers(tmp_path / "callers.toml"))
    port = a_port()
    said = _configuration(port, upstream.port, listen(served.client.app), token)
    (tmp_path / "envoy.json").write_text(json.dumps(said))
    command = [str(gateways / "envoy"), "-c", "envoy.json", "--base-id", str(port)]
    gateway([*command, "--concurrency", "1"], port, "/v1/models", {"PATH": os.environ["PATH"]})
    chat = "/v1/chat/completions"

    def ask(account: str, **more: Any) -> Any:
        headers = {
            "X-API-Key": account, "x-phalanx-account": "forged", "x-phalanx-key-id": "forged",
        }  # fmt: skip
        return asking(port, chat, ASKED | more, headers)

    assert ask("honest")[0] == 200
    headers, body = upstream.seen[-1]
    assert (headers["x-phalanx-action"], headers["x-phalanx-key-id"]) == ("allow", "none")
    assert body == ASKED
    settled = {"account_id": "honest", "exchange_id": headers["x-phalanx-exchange"]}
    known = {"Authorization": f"Bearer {token}"}
    answer = served.client.post("/v1/settle", json=settled | {"output_tokens": 7}, headers=known)
    assert answer.json()["how"] == "served"

    assert ask("harvester")[0] == 200
    assert upstream.seen[-1][0]["x-phalanx-key-id"] == "wmk_" + "0" * 32
    assert ask("honest", logprobs=True)[0] == 200
    assert upstream.seen[-1][0]["x-phalanx-drop-logprobs"] == "true"
    assert upstream.seen[-1][0]["x-phalanx-most-output-tokens"] == "100"

    before = len(upstream.seen)
    status, _, text = ask("honest", n=200)
    assert (status, json.loads(text)["error"]["code"]) == (403, "request_blocked")
    assert asking(port, chat, ASKED, {})[0] == 401
    assert asking(port, chat, ["no request"], {"X-API-Key": "honest"})[0] in {400, 422}
    assert len(upstream.seen) == before

    long = [{"role": "user", "content": "Why? " * 1_000}]
    assert ask("honest", messages=long)[0] in {413, 422}
    assert len(upstream.seen) == before


@pytest.mark.parametrize(
    ("path", "asking"),
    [
        ("/v1/chat/completions", {"messages": ASKED["messages"]}),
        ("/v1/completions?x=1", {"prompt": "Why?"}),
        ("/v1/responses/", {"input": "Why?"}),
    ],
)
def test_the_protocol_by_itself(
    serve: Callable[..., Any], path: str, asking: dict[str, Any]
) -> None:
    """Yes with headers for whoever serves, no with what whoever asks is told."""
    served = serve()
    at = f"/v1/ext_authz{path}"
    body = {"model": "m", **asking}
    yes = served.client.post(at, json=body, headers={"x-phalanx-account": "harvester"})
    assert yes.status_code == 200
    assert yes.headers["x-phalanx-action"] == "mark"
    no = served.client.post(at, json=body | {"n": 200}, headers={"x-phalanx-account": "a"})
    assert no.status_code == 403
    assert served.client.post(at, json=body).status_code == 401
    assert served.client.get(at).status_code == 200
    assert served.client.post("/v1/ext_authz/v1/embeddings").status_code == 200
    bare = {"x-phalanx-account": "a" * 1_001}
    assert served.client.post(at, headers=bare).status_code == 422


def test_without_a_body_each_request_is_new(serve: Callable[..., Any]) -> None:
    """A budget that cannot see contents is spent too early, and never too late."""
    served = serve()
    for number in range(5):
        headers = {"x-phalanx-account": "a", "x-request-id": f"r{number}"}
        path = "/v1/ext_authz/v1/chat/completions"
        assert served.client.post(path, headers=headers).status_code == 200
        ended = {"account_id": "a", "exchange_id": f"r{number}", "output_tokens": 100}
        assert served.client.post("/v1/settle", json=ended).json()["value"] >= 24


def test_a_part_of_a_body_is_refused(serve: Callable[..., Any]) -> None:
    """Else whoever adds ten million letters asks for what he likes, and nobody looks at it."""
    served = serve()
    headers = {"x-phalanx-account": "a", "x-envoy-auth-partial-body": "true"}
    said = {"model": "m", "messages": ASKED["messages"], "n": 200}
    at = "/v1/ext_authz/v1/chat/completions"
    assert served.client.post(at, json=said, headers=headers).status_code == 422


def test_two_headers_that_say_who_asks_are_refused(serve: Callable[..., Any]) -> None:
    """A filter that adds its header to that of a client lets him choose who he is."""
    served = serve()
    at = "/v1/ext_authz/v1/chat/completions"
    once = [("x-phalanx-account", "honest"), ("x-phalanx-organisation", "o")]
    said = {"model": "m", "messages": ASKED["messages"]}
    assert served.client.post(at, json=said, headers=once).status_code == 200
    for twice in once:
        answer = served.client.post(at, json=said, headers=[*once, twice])
        assert answer.status_code == 422


def test_names_in_headers_are_utf_8() -> None:
    """As logs and stores write them: else whoever a scan listed is somebody else here."""
    said = "Müller".encode().decode("latin-1")
    sender = sender_of({"x-phalanx-account": said, "x-phalanx-organisation": said})
    assert sender == Sender(account_id="Müller", organisation="Müller")
    other = sender_of({"x-phalanx-account": "M\xfcller"})
    assert other == Sender(account_id="M\xfcller")


def test_an_encoded_mark_of_a_query_ends_no_path(serve: Callable[..., Any]) -> None:
    """Whoever serves may resolve what follows it."""
    served = serve()
    for path in ("/v1/%23/%2e%2e/chat/completions", "/v1/%3f/%2e%2e/chat/completions"):
        assert served.client.post(f"/v1/ext_authz{path}", json=ASKED).status_code == 401

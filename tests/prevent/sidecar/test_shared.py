"""Several gateways with one state on a server, and what they do when the server is gone."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from phalanx.prevent.state.shared import open_shared_state

COUNTS = """\
schema = "phalanx.gateway-policy/1"
name = "production"
stage = "enforce"
on_failure = "closed"
appeals = "https://example.com/appeals"
[[rules]]
name = "many-requests"
reason = "PHX-G005"
action = "block"
when.requests_per_day = { above = 2.5 }
"""


def test_what_one_gateway_counts_another_knows(serve: Callable[..., Any], redis_url: str) -> None:
    """The third request is refused, whoever decides it."""
    secret = secrets.token_bytes(32)
    first, second = (
        serve(policy=COUNTS, state=open_shared_state(redis_url, secret, {})) for _ in range(2)
    )
    said = [
        each.decide(exchange_id=f"r{number}")["action"]
        for number, each in enumerate((first, second, first, second))
    ]
    assert said == ["allow", "allow", "block", "block"]
    assert first.metric("phalanx_gateway_state_accounts") == 1


def test_a_server_that_goes_and_comes_back(
    serve: Callable[..., Any], new_redis: Callable[..., Any]
) -> None:
    """The policy decides meanwhile, an alarm rises, and counting goes on afterwards."""
    server = new_redis()
    served = serve(policy=COUNTS, state=open_shared_state(server.url, secrets.token_bytes(32), {}))
    assert served.decide()["action"] == "allow"
    server.stop()
    said = served.decide(exchange_id="r2")
    assert (said["action"], [each["code"] for each in said["reasons"]]) == ("block", ["PHX-G104"])
    assert served.client.get("/readyz").status_code == 503
    assert served.metric("phalanx_gateway_state_answers") == 0
    assert served.metric('phalanx_gateway_alarms_total{of="state"}') == 1
    server.start()
    for _ in range(600):
        if served.client.get("/readyz").status_code == 200:
            break
        time.sleep(0.05)
    assert served.metric("phalanx_gateway_state_answers") == 1
    assert served.decide(exchange_id="r3")["action"] == "allow"

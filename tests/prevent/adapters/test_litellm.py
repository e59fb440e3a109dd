"""The guardrail inside of a real proxy of LiteLLM, with a model on loopback."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phalanx.cli import ExitCode, main

AUTHENTICATES = '''\
"""Whoever shows a key is the account of that name."""
from litellm.proxy._types import UserAPIKeyAuth


async def known(request, api_key):
    return UserAPIKeyAuth(api_key=api_key.removeprefix("sk-"))
'''
pytestmark = pytest.mark.timeout(1_200)  # a proxy takes long to start on a busy machine
CONFIGURATION = """\
model_list:
  - model_name: large
    litellm_params:
      model: openai/large
      api_base: http://127.0.0.1:{upstream}/v1
      api_key: none
litellm_settings:
  num_retries: 0
general_settings:
  custom_auth: authenticates.known
guardrails:
  - guardrail_name: phalanx
    litellm_params:
      guardrail: phalanx_guardrail.PhalanxGuardrail
      mode: [pre_call, post_call]
      default_on: true
      api_base: http://127.0.0.1:{sidecar}
      timeout: 30
      on_failure: {on_failure}
"""
ASKED: dict[str, Any] = {"model": "large", "messages": [{"role": "user", "content": "Why?"}]}


@pytest.fixture
def proxy(
    gateways: Path,
    gateway: Callable[..., None],
    upstream: Any,
    tmp_path: Path,
    asking: Any,
    a_port: Callable[[], int],
) -> Callable[..., Any]:
    """Start a proxy that asks a gateway at a port; return what asks the proxy."""

    def start(sidecar: int, on_failure: str) -> Any:
        assert main(["gateway", "guardrail", "-o", str(tmp_path / "phalanx_guardrail.py")]) == (
            ExitCode.CLEAN
        )
        (tmp_path / "authenticates.py").write_text(AUTHENTICATES)
        (tmp_path / "config.yaml").write_text(
            CONFIGURATION.format(upstream=upstream.port, sidecar=sidecar, on_failure=on_failure)
        )
        port = a_port()
        words = [str(gateways / "litellm"), "--config", "config.yaml", "--port", str(port)]
        alone = {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOME": str(tmp_path),
            "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(32)}",
        }  # fmt: skip
        gateway(
            [*words, "--host", "127.0.0.1", "--telemetry", "False"], port, "/health/liveliness",
            {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1", **alone},
        )  # fmt: skip

        def ask(account: str = "honest", **more: Any) -> Any:
            known = {"Authorization": f"Bearer sk-{account}"}
            return asking(port, "/v1/chat/completions", ASKED | more, known)

        return ask

    return start


def test_decisions_are_carried_out_inside_of_the_proxy(
    proxy: Callable[..., Any], serve: Callable[..., Any], listen: Callable[..., int], upstream: Any
) -> None:
    """Allowed, marked, trimmed, refused, streamed, failed: as the gateway says, and settled."""
    served = serve()
    ask = proxy(listen(served.client.app), "closed")

    def ended(name: str) -> float:
        """Return how many ended so, when the proxy has told it."""
        for _ in range(600):
            if served.metric("phalanx_gateway_under_way ") == 0:
                return float(served.metric(f'phalanx_gateway_ended_total{{how="{name}"}}'))
            time.sleep(0.05)
        message = "a request was never settled"
        raise AssertionError(message)

    status, _, text = ask(max_tokens=1_000)
    assert (status, json.loads(text)["usage"]["completion_tokens"]) == (200, 7), text
    assert ended("served") == 1
    assert served.metric("phalanx_gateway_output_tokens_total") == 7

    assert ask("harvester", max_tokens=1_000)[0] == 200
    headers, body = upstream.seen[-1]
    assert headers["x-phalanx-key-id"] == "wmk_" + "0" * 32
    assert body["max_tokens"] == 1_000

    assert ask(logprobs=True, top_logprobs=5, max_tokens=1_000)[0] == 200
    headers, body = upstream.seen[-1]
    assert (body["max_tokens"], "logprobs" in body, "top_logprobs" in body) == (100, False, False)
    assert headers["x-phalanx-action"] == "trim"
    assert ended("served") == 3

    assert ask(prompt_logprobs=20, max_tokens=1_000)[0] == 200
    _, body = upstream.seen[-1]
    assert (body["max_tokens"], "prompt_logprobs" in body) == (100, False)
    assert ended("served") == 4

    before = len(upstream.seen)
    status, _, text = ask(n=200)
    assert status == 403
    assert "request_blocked" in text
    assert "apl_" in text
    assert len(upstream.seen) == before
    assert ended("refused") == 1

    status, _, text = ask(stream=True)
    assert status == 200
    assert "is blue." in text
    assert ended("served") == 5
    assert served.metric("phalanx_gateway_output_tokens_total") > 21

    upstream.status = 429
    assert ask()[0] == 429
    assert ended("turned away") == 1


@pytest.mark.parametrize(("on_failure", "status"), [("open", 200), ("closed", 503)])
def test_where_the_gateway_does_not_answer(
    proxy: Callable[..., Any], a_port: Callable[[], int], on_failure: str, status: int
) -> None:
    """Requests pass or are refused, as the configuration says."""
    ask = proxy(a_port(), on_failure)
    assert ask()[0] == status

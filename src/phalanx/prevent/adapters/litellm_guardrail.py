"""A guardrail for LiteLLM's proxy that asks `phalanx gateway serve` before and tells it after.

This one file runs in the environment of the proxy, which has no Phalanx in it: `phalanx gateway
guardrail --output phalanx_guardrail.py` writes it beside the proxy's configuration, which names it:

    guardrails:
      - guardrail_name: phalanx
        litellm_params:
          guardrail: phalanx_guardrail.PhalanxGuardrail
          mode: [pre_call, post_call]
          default_on: true
          api_base: http://127.0.0.1:8474
          api_key: os.environ/PHALANX_TOKEN
          on_failure: open
"""

from __future__ import annotations

import asyncio
import logging
import math
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
from fastapi import HTTPException
from litellm.integrations.custom_guardrail import CustomGuardrail

_log = logging.getLogger("phalanx.gateway")
_EXCHANGE = "phalanx_exchange_id"
_BUCKETS = ("metadata", "litellm_metadata")
_SAID = (
    "model", "messages", "prompt", "input", "instructions", "max_tokens", "max_completion_tokens",
    "max_output_tokens", "n", "temperature", "logprobs", "top_logprobs", "prompt_logprobs",
    "n_probs", "return_logprob", "stream", "include",
)  # fmt: skip
_OF_THE_SENDER = {400, 413, 422}
"""What the gateway answers to a request that cannot be: it is refused, and never let pass."""


class PhalanxGuardrail(CustomGuardrail):
    """Decides requests by a gateway of Phalanx, carries decisions out, and settles them.

    Parameters:
        api_base: Where the gateway listens.
        api_key: Token of a caller; null where the gateway asks for none.
        on_failure: Whether requests pass (`open`) or are refused (`closed`) where the gateway does
            not answer. A request that it refuses to read never passes.
        timeout: Seconds in which the gateway must answer.
        most_delay_seconds: For which a slowed request waits at most.
        most_delayed: Requests that wait at once; others are told to come back.
        more: Of LiteLLM.
    """

    def __init__(
        self,
        api_base: str = "http://127.0.0.1:8474",
        api_key: str | None = None,
        on_failure: str = "open",
        timeout: float | None = None,
        most_delay_seconds: float = 10.0,
        most_delayed: int = 1_000,
        **more: Any,
    ) -> None:
        """Keep where to ask."""
        super().__init__(**more)
        if on_failure not in {"open", "closed"}:
            message = "on_failure is open or closed"
            raise ValueError(message)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.AsyncClient(
            base_url=api_base, headers=headers, timeout=2.0 if timeout is None else timeout
        )
        self._is_open = on_failure == "open"
        self._most_delay_seconds = most_delay_seconds
        self._most_delayed = most_delayed
        self._delayed = 0
        self._telling: set[asyncio.Task[None]] = set()

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """Ask before the model is called, and carry out what was decided."""
        del cache
        _bucket(data).pop(_EXCHANGE, None)
        if not {"messages", "prompt", "input"} & set(data) or "embedding" in call_type:
            return data
        exchange_id = uuid.uuid4().hex
        answer = await self._ask(
            "/v1/decide/chat",
            {
                "exchange_id": exchange_id,
                "endpoint": call_type,
                "sender": _sender(user_api_key_dict, data),
                "body": _said(data),
            },
        )
        if answer is None:
            return data
        if answer["refusal"] is not None:
            raise HTTPException(403, answer["refusal"]["error"])
        decision = answer["decision"]
        await self._wait(decision["delay_seconds"], user_api_key_dict, data, exchange_id)
        for name, value in answer["changes"].items():
            data.pop(name, None)
            if value is not None:
                data[name] = value
        sent = data.get("extra_headers") or {}
        kept = {name: each for name, each in sent.items() if not _is_ours(name)}
        data["extra_headers"] = {**kept, **answer["headers"]}
        _bucket(data)[_EXCHANGE] = exchange_id
        return data

    async def async_post_call_success_hook(
        self, data: dict[str, Any], user_api_key_dict: Any, response: Any
    ) -> Any:
        """Tell what a request got that was answered as a whole."""
        usage = getattr(response, "usage", None)
        tokens = getattr(usage, "completion_tokens", None)
        if tokens is None:
            tokens = getattr(usage, "output_tokens", None)
        self._tell(data, user_api_key_dict, 200, tokens, None)
        return response

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> AsyncIterator[Any]:
        """Pass a stream on, and tell what passed, however it ends."""
        tokens: int | None = None
        characters = 0
        try:
            async for chunk in response:
                usage = getattr(chunk, "usage", None)
                tokens = getattr(usage, "completion_tokens", None) or tokens
                characters += _characters(chunk)
                yield chunk
        finally:
            self._tell(request_data, user_api_key_dict, 200, tokens, characters or None)

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,
        traceback_str: str | None = None,
    ) -> None:
        """Tell that a request was not answered."""
        del traceback_str
        status = getattr(original_exception, "status_code", None)
        if not isinstance(status, int) or not 400 <= status <= 599:
            status = 500
        self._tell(request_data, user_api_key_dict, status, None, None)

    async def _wait(
        self, seconds: float, user: Any, data: dict[str, Any], exchange_id: str
    ) -> None:
        if seconds <= 0:
            return
        if self._delayed >= self._most_delayed:
            _bucket(data)[_EXCHANGE] = exchange_id
            self._tell(data, user, 429, None, None)
            retry = {"Retry-After": str(math.ceil(seconds))}
            raise HTTPException(429, "too many requests wait", retry)
        self._delayed += 1
        try:
            await asyncio.sleep(min(seconds, self._most_delay_seconds))
        finally:
            self._delayed -= 1

    async def _ask(self, path: str, said: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what the gateway answers; null where it does not, and requests pass then."""
        try:
            answer = await self._client.post(path, json=said)
        except (httpx.HTTPError, ValueError) as error:
            # A text that is no Unicode cannot be sent, and was sent by whoever asks.
            if isinstance(error, ValueError):
                raise HTTPException(400, "the request cannot be read") from error
            self._unanswered(type(error).__name__)
            return None
        if answer.status_code in _OF_THE_SENDER:
            raise HTTPException(400, "the request cannot be read")
        if answer.status_code != 200:
            self._unanswered(f"status {answer.status_code}")
            return None
        found: dict[str, Any] = answer.json()
        return found

    def _unanswered(self, why: str) -> None:
        _log.error("the gateway does not answer: %s", why)
        if not self._is_open:
            raise HTTPException(503, "requests cannot be decided now")

    def _tell(
        self,
        data: dict[str, Any],
        user: Any,
        status: int,
        tokens: int | None,
        characters: int | None,
    ) -> None:
        """Settle a request once, while the answer goes on."""
        exchange_id = _bucket(data).pop(_EXCHANGE, None)
        if exchange_id is None:
            return
        said = {
            "exchange_id": exchange_id,
            "account_id": _sender(user, data)["account_id"],
            "status": status,
            "output_tokens": tokens,
            "output_characters": characters,
        }
        telling = asyncio.create_task(self._settle(said))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _settle(self, said: Mapping[str, Any]) -> None:
        try:
            answer = await self._client.post("/v1/settle", json=said)
        except httpx.HTTPError as error:
            _log.error("a request was not settled: %s", type(error).__name__)
            return
        if answer.status_code != 200:
            _log.error("a request was not settled: status %d", answer.status_code)


def _sender(user: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return who asks, named as a scan names whom LiteLLM's own log names."""
    found = _bucket(data)
    email = getattr(user, "user_email", None) or ""
    said = {
        "account_id": (
            getattr(user, "api_key", None) or user.user_id or user.end_user_id or user.key_alias
        ),
        "organisation": user.org_id or user.team_id,
        "client_ip": found.get("requester_ip_address"),
        "user_agent": found.get("user_agent"),
        "email_domain": email.rpartition("@")[2],
    }
    return {name: str(value)[:1_000] for name, value in said.items() if value}


def _said(data: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: data[name] for name in _SAID if data.get(name) is not None}
    said["tools"] = bool(data.get("tools") or data.get("functions"))
    return said


def _bucket(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what LiteLLM carries along with a request."""
    for name in _BUCKETS:
        bucket = data.get(name)
        if isinstance(bucket, dict):
            return bucket
    made: dict[str, Any] = {}
    if isinstance(data, dict):
        data[_BUCKETS[0]] = made
    return made


def _is_ours(name: str) -> bool:
    return name.lower().startswith("x-phalanx-")


def _characters(chunk: Any) -> int:
    count = 0
    for choice in getattr(chunk, "choices", None) or ():
        delta = getattr(choice, "delta", None)
        for name in ("content", "reasoning_content"):
            text = getattr(delta, name, None)
            count += len(text) if isinstance(text, str) else 0
        for call in getattr(delta, "tool_calls", None) or ():
            text = getattr(getattr(call, "function", None), "arguments", None)
            count += len(text) if isinstance(text, str) else 0
    return count

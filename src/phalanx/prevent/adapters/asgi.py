"""ASGI middleware: a decision before an OpenAI-compatible application, carried out and settled.

Put it outside of the application and inside of what authenticates: it is told who sends a request.
What it does is told to the application in the scope and in headers, and never to whoever asks,
unless he is refused: a mark that is announced is no mark.
"""

from __future__ import annotations

import asyncio
import json
import math
import uuid
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from phalanx.errors import InputError
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.desk.answers import AnswerMeter
from phalanx.prevent.desk.chat import (
    Sender,
    asked_of,
    asks_for_answer,
    read_body,
    refusal_of,
    trimmed,
)
from phalanx.prevent.desk.desk import Desk, Told
from phalanx.prevent.desk.headers import PREFIX, headers_of
from phalanx.prevent.desk.waiting import Waiting
from phalanx.prevent.policy.actions import Action
from phalanx.serving.bodies import BoundedBodies

Answer = TypeVar("Answer")
DECISION = "phalanx.decision"
"""Where the application finds the decision in the scope."""

_OWN_HEADERS = PREFIX.encode()
_UNHANDLED = 500
_LIMITED = 429


class GatewayMiddleware:
    """Decides, carries out and settles requests for answers; everything else passes.

    Parameters:
        app: That serves.
        desk: That decides.
        sender: Returns who sends the request of a scope; null for nobody, who is refused with 401.
        waiting: Where slowed requests wait.
        largest_body_bytes: Of a request; a larger one is answered with 413.
        body_seconds: In which a request must have arrived.
        is_remote: Whether the state stands in another process: then a thread waits for it.
    """

    def __init__(  # noqa: PLR0913 - what a middleware is told by keyword
        self,
        app: ASGIApp,
        desk: Desk,
        sender: Callable[[Scope], Sender | None],
        *,
        waiting: Waiting | None = None,
        largest_body_bytes: int = 16_777_216,
        body_seconds: float = 60.0,
        is_remote: bool = False,
    ) -> None:
        """Keep the parts."""
        self._app = app
        self._desk = desk
        self._sender = sender
        self._is_remote = is_remote
        self._waiting = waiting or Waiting(most_seconds=10.0, most_at_once=1_000)
        self._bounded = BoundedBodies(self._guard, largest_body_bytes, body_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        is_guarded = scope["type"] == "http" and scope["method"] == "POST"
        if is_guarded and asks_for_answer(scope["path"]):
            await self._bounded(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        sender = self._sender(scope)
        if sender is None:
            await _refused(401, "invalid_api_key", "nobody is known by what was shown")(
                scope, receive, send
            )
            return
        content = await _content(receive)
        exchange_id = uuid.uuid4().hex
        try:
            body = read_body(content)
            asked = asked_of(body, sender, exchange_id, scope["path"])
            decide = partial(self._desk.decide, asked, _headers(scope))
            exchange = await self._ask(decide)
        except InputError as error:
            await _refused(400, "invalid_request", str(error))(scope, receive, send)
            return
        decision = exchange.decision
        if not Action.of(decision.action).serves:
            await JSONResponse(refusal_of(decision), 403)(scope, receive, send)
            return
        if not await self._waiting.wait(decision.delay_seconds):
            await self._settle(sender, exchange_id, _LIMITED, None)
            retry = {"Retry-After": str(math.ceil(decision.delay_seconds))}
            answer = _refused(429, "rate_limit_exceeded", "too many requests wait", retry)
            await answer(scope, receive, send)
            return
        if decision.action == "trim":
            content = json.dumps(trimmed(body, decision, scope["path"])).encode()
        await self._served(
            _scope_of(scope, decision, content), _again(content, receive), send, sender
        )

    async def _served(self, scope: Scope, receive: Receive, send: Send, sender: Sender) -> None:
        """Let the application answer, and settle what passed, however it ended."""
        status, meter = _UNHANDLED, None

        async def passed(message: Message) -> None:
            nonlocal status, meter
            if message["type"] == "http.response.start":
                status = message["status"]
                meter = AnswerMeter(_header(message, b"content-type"))
            elif message["type"] == "http.response.body" and meter is not None:
                meter.take(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, passed)
        finally:
            if meter is not None:
                meter.end()
            await self._settle(sender, scope[DECISION].exchange_id, status, meter)

    async def _settle(
        self, sender: Sender, exchange_id: str, status: int, meter: AnswerMeter | None
    ) -> None:
        is_known = meter is not None and (meter.tokens is not None or meter.characters > 0)
        told = Told(
            account_id=sender.account_id,
            exchange_id=exchange_id,
            status=status,
            output_tokens=meter.tokens if meter is not None else None,
            output_characters=meter.characters if meter is not None and is_known else None,
        )
        settling = self._ask(partial(self._desk.settle, told))
        # A client that goes away meanwhile ends the waiting, not the settling.
        await (asyncio.shield(settling) if self._is_remote else settling)

    async def _ask(self, work: Callable[[], Answer]) -> Answer:
        """Do what may have to wait for the state."""
        return await run_in_threadpool(work) if self._is_remote else work()


async def _content(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(content: bytes, receive: Receive) -> Receive:
    """Return what hands a body out once more, and then whatever comes."""
    messages = iter([{"type": "http.request", "body": content, "more_body": False}])

    async def handed_out() -> Message:
        message = next(messages, None)
        return await receive() if message is None else message

    return handed_out


def _scope_of(scope: Scope, decision: Decision, content: bytes) -> Scope:
    """Return a scope that tells the decision, and nothing that the sender said of one."""
    # An answer that is compressed inside cannot be measured: compress outside of the middleware.
    dropped = (b"content-length", b"accept-encoding")
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name not in dropped and not name.startswith(_OWN_HEADERS)
    ]
    headers.append((b"content-length", str(len(content)).encode()))
    headers.extend((name.encode(), value.encode()) for name, value in headers_of(decision).items())
    return {**scope, "headers": headers, DECISION: decision}


def _refused(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    said = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return JSONResponse({"error": said}, status, headers)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _header(message: Message, name: bytes) -> str:
    found = next((value for each, value in message["headers"] if each.lower() == name), b"")
    return str(found.decode("latin-1"))

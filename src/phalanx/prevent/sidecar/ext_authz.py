"""Envoy's external authorization over HTTP: the head of a request in, yes or no and headers out.

Envoy sends method, path and the headers that it is told to, and the body if it is told to
(`with_request_body`). Who sends the request stands in headers that a filter before it has to set,
since a client could write them too. Envoy changes nothing in a body: what a decision trims is told
to whoever serves, in headers, and so is the key of a mark.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import asdict

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from phalanx.errors import InputError
from phalanx.prevent.desk.asked import Asked
from phalanx.prevent.desk.chat import Sender, asked_of, asks_for_answer, read_body, refusal_of
from phalanx.prevent.desk.desk import Told
from phalanx.prevent.desk.headers import PREFIX, headers_of
from phalanx.prevent.desk.waiting import Waiting
from phalanx.prevent.policy.actions import Action
from phalanx.prevent.sidecar.sidecar import Sidecar

ROOT = "/v1/ext_authz"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_IS_PARTIAL = "x-envoy-auth-partial-body"
_WHO = tuple(
    f"{PREFIX}{name}" for name in ("account", "organisation", "country", "asn", "email-domain")
)
"""Headers that a filter before sets; a second one was written by whoever asks."""

_LIMITED = 429


def add_ext_authz(app: FastAPI, sidecar: Sidecar) -> None:
    """Add the endpoint that Envoy asks.

    Parameters:
        app: Of the sidecar.
        sidecar: What it decides by.
    """
    waiting = Waiting(sidecar.settings.most_delay_seconds, sidecar.settings.most_delayed)

    async def authorize(request: Request) -> Response:
        # Not of the URL: there, what was an encoded mark of a query or a fragment ends the path.
        path = str(request.scope["path"]).removeprefix(ROOT)
        if request.method != "POST" or not asks_for_answer(path):
            return Response(status_code=200)
        if any(len(request.headers.getlist(name)) > 1 for name in _WHO):
            message = "two headers say who asks"
            raise InputError(message, next_step="Let the filter before overwrite what was sent.")
        sender = sender_of(request.headers)
        if sender is None:
            sidecar.desk.gauges.refused(401)
            return JSONResponse({"error": {"message": "nobody is known to ask"}}, 401)
        asked = asked_by(request.headers, await request.body(), sender, path)
        headers = dict(request.headers.items())
        decision = (await sidecar.ask(lambda: sidecar.desk.decide(asked, headers))).decision
        if not Action.of(decision.action).serves:
            return JSONResponse(refusal_of(decision), 403)
        if not await waiting.wait(decision.delay_seconds):
            told = Told(
                account_id=sender.account_id, exchange_id=asked.exchange_id, status=_LIMITED
            )
            await sidecar.ask(lambda: sidecar.desk.settle(told))
            retry = {"Retry-After": str(math.ceil(decision.delay_seconds))}
            return JSONResponse({"error": {"message": "too many requests wait"}}, 429, retry)
        return Response(status_code=200, headers=dict(headers_of(decision)))

    # Not in the OpenAPI document: its shape is Envoy's, and so are its paths.
    for path in (ROOT, f"{ROOT}/{{path:path}}"):
        app.add_route(path, authorize, methods=_METHODS)


def sender_of(headers: Mapping[str, str]) -> Sender | None:
    """Return who sends a request; null where no filter said it.

    Parameters:
        headers: With small letters.
    """
    account = headers.get(f"{PREFIX}account")
    if not account:
        return None
    return Sender(
        account_id=_as_logged(account),
        organisation=_as_logged(headers.get(f"{PREFIX}organisation") or "") or None,
        client_ip=headers.get("x-envoy-external-address") or None,
        asn=headers.get(f"{PREFIX}asn") or None,
        country=headers.get(f"{PREFIX}country") or None,
        user_agent=headers.get("user-agent") or None,
        email_domain=headers.get(f"{PREFIX}email-domain") or None,
    )


def asked_by(headers: Mapping[str, str], content: bytes, sender: Sender, path: str) -> Asked:
    """Return what a request asks, by its body if that is there, else by its headers.

    Where the body is not there, nothing that it says is known, and each request counts as new
    content: whoever switches bodies off gets a value that is too large, never too small. A part of
    a body is refused: whoever wants to pass unseen would send a long one.

    Parameters:
        headers: With small letters.
        content: That Envoy sent.
        sender: Who asks.
        path: That was asked for.

    Raises:
        InputError: If the body is no request for an answer, or only a part of one.
    """
    if headers.get(_IS_PARTIAL) == "true":
        message = "the body is larger than what is passed on of it"
        raise InputError(message, next_step="Send less.")
    exchange_id = headers.get("x-request-id") or uuid.uuid4().hex
    if content:
        return asked_of(read_body(content), sender, exchange_id, path)
    said = {**asdict(sender), "exchange_id": exchange_id, "endpoint": path}
    said |= {"model": headers.get(f"{PREFIX}model") or "unknown", "prompt": ""}
    said |= {"history": f"unread {exchange_id}"}
    try:
        return Asked.model_validate(said)
    except ValueError as error:
        message = "a header is longer than a name may be"
        raise InputError(message, next_step="Send shorter ones.") from error


def _as_logged(value: str) -> str:
    """Return what a header says where it was written in UTF-8, as logs and stores write names."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value

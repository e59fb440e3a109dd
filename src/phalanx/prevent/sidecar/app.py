"""The sidecar as an application: decide, settle, and what those ask who keep it running.

The two endpoints that every request passes read their bodies themselves, in one step from bytes to
checked fields: a decision takes less time than a framework needs to look at an argument. What they
take and answer stands in the OpenAPI document all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from phalanx import __version__
from phalanx.errors import InputError
from phalanx.json_text import has_key_twice
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.desk.asked import Asked
from phalanx.prevent.desk.desk import Told
from phalanx.prevent.desk.gauges import MEDIA_TYPE
from phalanx.prevent.sidecar.chat import ChatDecision, ChatRequest, decide_chat
from phalanx.prevent.sidecar.ext_authz import add_ext_authz
from phalanx.prevent.sidecar.sidecar import KnownFirst, Sidecar
from phalanx.serving.answers import Failure, failure
from phalanx.serving.bodies import BoundedBodies
from phalanx.serving.refusals import Refusals

Model = TypeVar("Model")
_Name = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
_Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure} for status in (401, 408, 413, 422, 503)
}
_DECISION = TypeAdapter(Decision)


class EndedRequest(BaseModel):
    """A request that has ended."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    account_id: _Name
    """As it was when a decision was asked for."""

    exchange_id: _Name
    status: Annotated[int, Field(ge=100, le=599)] = 200
    """Of HTTP; from 429 on the request counts as turned away."""

    output_tokens: _Count | None = None
    """Of all choices."""

    output_characters: _Count | None = None
    """Of all choices; where tokens are not told they are estimated from it."""


class Settlement(BaseModel):
    """What an ending came to."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    how: str
    """`served`, `failed` or `turned away`."""

    output_tokens: int | None
    value: float | None
    """Information value that was served; null where tokens are not known, or the state is gone."""


_ASKED = TypeAdapter(Asked)
_ENDED = TypeAdapter(EndedRequest)
_SETTLEMENT = TypeAdapter(Settlement)
_CHAT = TypeAdapter(ChatRequest)
_CHAT_DECISION = TypeAdapter(ChatDecision)


class UnreadableError(InputError):
    """A body that is not what it should be."""


def create_app(sidecar: Sidecar) -> FastAPI:
    """Build the application.

    Parameters:
        sidecar: What it decides by.
    """
    app = FastAPI(
        title="Phalanx gateway",
        version=__version__,
        description="Decisions about requests to a model, each with its reasons.",
        docs_url=None,  # the page would load scripts from another host
        redoc_url=None,
        redirect_slashes=False,
    )
    log = structlog.get_logger("phalanx.gateway")
    _decide(app, sidecar)
    add_ext_authz(app, sidecar)
    _watch(app, sidecar)
    Refusals(sidecar.desk.gauges, log, "the gateway cannot answer now", {InputError: 422}).answer(
        app
    )
    app.add_middleware(
        BoundedBodies,
        largest_bytes=sidecar.settings.largest_body_bytes,
        seconds=sidecar.settings.body_seconds,
    )
    app.add_middleware(KnownFirst, sidecar=sidecar)
    return app


class DirectRoute(APIRoute):
    """A route whose endpoint is called with the request, without a look at its arguments."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the endpoint itself."""
        return self.endpoint


def _decide(app: FastAPI, sidecar: Sidecar) -> None:
    desk, gauges = sidecar.desk, sidecar.desk.gauges

    async def decide(request: Request) -> Response:
        asked = read(_ASKED, await request.body())
        headers = dict(request.headers.items())
        exchange = await sidecar.ask(lambda: desk.decide(asked, headers))
        return _json(_DECISION.dump_json(exchange.decision))

    async def settle(request: Request) -> Response:
        ended = read(_ENDED, await request.body())
        ending = await sidecar.ask(lambda: desk.settle(Told(**ended.model_dump())))
        if ending is None:
            gauges.refused(404)
            return failure(404, "no such request is under way")
        settlement = Settlement(
            how=ending.how, output_tokens=ending.output_tokens, value=ending.value
        )
        return _json(_SETTLEMENT.dump_json(settlement))

    async def decide_body(request: Request) -> Response:
        asked = read(_CHAT, await request.body())
        headers = dict(request.headers.items())
        said = await sidecar.ask(lambda: decide_chat(desk, asked, headers))
        return _json(_CHAT_DECISION.dump_json(said))

    router = APIRouter(route_class=DirectRoute)
    for path, endpoint, summary, taken, answered, errors in (
        ("/v1/decide", decide, "What a request gets", Asked, Decision, _ERRORS),
        (
            "/v1/decide/chat", decide_body, "What an OpenAI-compatible request gets, and how",
            ChatRequest, ChatDecision, _ERRORS,
        ),
        (
            "/v1/settle", settle, "What a request got", EndedRequest, Settlement,
            {**_ERRORS, 404: {"model": Failure}},
        ),
    ):  # fmt: skip
        router.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            summary=summary,
            response_model=None,
            responses={**errors, 200: {"model": answered}},
            openapi_extra=_taking(taken),
        )
    app.include_router(router)


def _watch(app: FastAPI, sidecar: Sidecar) -> None:
    """Add the endpoints for those who keep the sidecar running."""

    @app.get("/healthz", tags=["Operation"], summary="The process runs")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", tags=["Operation"], summary="Requests are decided")
    async def readyz() -> dict[str, str]:
        await sidecar.ask(sidecar.reach)
        return {"status": "ready"}

    @app.get("/metrics", tags=["Operation"], summary="Counts for Prometheus")
    def metrics(request: Request) -> Response:
        if not sidecar.shows_metrics_to(request):
            return failure(403, "counts are for this machine only")
        return Response(sidecar.desk.gauges.page(), media_type=MEDIA_TYPE)


def read(model: TypeAdapter[Model], body: bytes) -> Model:
    """Return what a body says.

    Raises:
        UnreadableError: If it is not what was expected: where, and of what kind, not what was sent.
    """
    try:
        said = model.validate_json(body, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # A field that nobody knows, and what stands in a map, was named by whoever sent it.
        is_ours = first["loc"] and first["type"] != "extra_forbidden"
        place = f"body.{first['loc'][0]}" if is_ours else "body"
        message = f"{place}: {first['type']}"
        raise UnreadableError(message, next_step="Send what the OpenAPI document says.") from error
    if has_key_twice(body):
        message = "body: a key stands twice"
        raise UnreadableError(message, next_step="Send each field once.")
    return said


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")


def _taking(model: type[BaseModel]) -> dict[str, Any]:
    """Return what the OpenAPI document says of a body that an endpoint reads itself."""
    schema = model.model_json_schema(mode="validation")
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    }

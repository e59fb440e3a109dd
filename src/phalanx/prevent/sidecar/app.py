"""The sidecar as an application: decide, settle, and what those ask who keep it running.

The two endpoints that every request passes read their bodies themselves, in one step from bytes to
checked fields: a decision takes less time than a framework needs to look at an argument. What they
take and answer stands in the OpenAPI document all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from phalanx import __version__
from phalanx.errors import InputError
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.desk.asked import Asked
from phalanx.prevent.desk.desk import Desk, Told
from phalanx.prevent.desk.gauges import MEDIA_TYPE
from phalanx.prevent.sidecar.callers import Callers
from phalanx.prevent.sidecar.settings import SidecarSettings
from phalanx.serving.answers import Failure, failure
from phalanx.serving.bodies import BoundedBodies
from phalanx.serving.loopback import is_loopback
from phalanx.serving.refusals import Refusals

Model = TypeVar("Model")
_Name = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
_Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure} for status in (401, 408, 413, 422, 503)
}
_DECISION = TypeAdapter(Decision)
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


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


class UnreadableError(InputError):
    """A body that is not what it should be."""


class Sidecar:
    """What the endpoints of a sidecar share.

    Parameters:
        desk: That decides.
        settings: What it bears.
        callers: Returns who may ask now; null for everybody on this machine.
        reach: Asks the state for something, and fails where it cannot be asked.
        is_remote: Whether the state stands in another process: then threads wait for it.
    """

    def __init__(
        self,
        desk: Desk,
        settings: SidecarSettings,
        callers: Callable[[], Callers | None],
        reach: Callable[[], object],
        *,
        is_remote: bool = False,
    ) -> None:
        """Keep the parts."""
        self.desk = desk
        self.settings = settings
        self.reach = reach
        self._callers = callers
        self._is_remote = is_remote

    def knows(self, request: Request) -> bool:
        """Tell whether whoever asks may ask."""
        callers = self._callers()
        return callers is None or callers.of(request.headers.get("authorization")) is not None

    def shows_metrics_to(self, request: Request) -> bool:
        """Tell whether somebody may read the counts."""
        if self.settings.open_metrics or (self._callers() is not None and self.knows(request)):
            return True
        # Whoever comes through a proxy of this machine may seem to come from it.
        is_near = request.client is not None and is_loopback(request.client.host)
        return is_near and not self.settings.behind_proxy

    async def ask(self, work: Callable[[], Model]) -> Model:
        """Do what may have to wait for the state."""
        return await run_in_threadpool(work) if self._is_remote else work()


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
    _watch(app, sidecar)
    Refusals(sidecar.desk.gauges, log, "the gateway cannot answer now", {InputError: 422}).answer(
        app
    )
    app.add_middleware(
        BoundedBodies,
        largest_bytes=sidecar.settings.largest_body_bytes,
        seconds=sidecar.settings.body_seconds,
    )
    return app


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

    for path, endpoint, summary, taken, answered, errors in (
        ("/v1/decide", decide, "What a request gets", Asked, Decision, _ERRORS),
        (
            "/v1/settle", settle, "What a request got", EndedRequest, Settlement,
            {**_ERRORS, 404: {"model": Failure}},
        ),
    ):  # fmt: skip
        app.add_api_route(
            path,
            known(sidecar, endpoint),
            methods=["POST"],
            summary=summary,
            response_model=None,
            responses={**errors, 200: {"model": answered}},
            openapi_extra=_taking(taken),
        )


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


Endpoint = Callable[[Request], Awaitable[Response]]


def known(sidecar: Sidecar, endpoint: Endpoint) -> Endpoint:
    """Return an endpoint that answers only those who may ask."""

    async def asked(request: Request) -> Response:
        if not sidecar.knows(request):
            sidecar.desk.gauges.refused(401)
            return failure(401, "a token of a caller is needed", _CHALLENGE)
        return await endpoint(request)

    return asked


def read(model: TypeAdapter[Model], body: bytes) -> Model:
    """Return what a body says.

    Raises:
        UnreadableError: If it is not what was expected: where, and of what kind, not what was sent.
    """
    try:
        return model.validate_json(body, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # A field that nobody knows, and what stands in a map, was named by whoever sent it.
        is_ours = first["loc"] and first["type"] != "extra_forbidden"
        place = f"body.{first['loc'][0]}" if is_ours else "body"
        message = f"{place}: {first['type']}"
        raise UnreadableError(message, next_step="Send what the OpenAPI document says.") from error


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

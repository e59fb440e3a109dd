"""The hub as an application: its endpoints, and what becomes of errors."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.exceptions import HTTPException

from phalanx import __version__
from phalanx.errors import PhalanxError
from phalanx.share.hub.allowances import Allowance, Allowances
from phalanx.share.hub.answers import RequestError, failure
from phalanx.share.hub.database import open_database
from phalanx.share.hub.discovery import discovery_routes
from phalanx.share.hub.extensions import collection_routes, token_routes
from phalanx.share.hub.gauges import Gauges
from phalanx.share.hub.hub import Hub
from phalanx.share.hub.identity import Identities
from phalanx.share.hub.members import RandomBytes
from phalanx.share.hub.objects import object_routes
from phalanx.share.hub.observed import Observed
from phalanx.share.hub.opinions import Aggregate
from phalanx.share.hub.settings import HubSettings
from phalanx.share.hub.signing import load_or_create_key
from phalanx.share.hub.structure import Check, read_object
from phalanx.share.hub.tables import ROOTS
from phalanx.share.wire.feedback import aggregate

FAILURES = Allowance(per_second=0.5, burst=30.0)
"""Of one address to prove that it is somebody."""

Extension = Callable[[Hub], APIRouter]
"""More endpoints of a hub, whose paths begin with `x-`; they ask it who calls."""

_RETRY = {"Retry-After": "5"}
_POSTGRES_DISK_FULL = "53100"


def _now() -> datetime:
    return datetime.now(tz=UTC)


def create_app(  # noqa: PLR0913 - what tests and other rooms set
    settings: HubSettings,
    *,
    check: Check = read_object,
    together: Aggregate = aggregate,
    extensions: Sequence[Extension] = (),
    now: Callable[[], datetime] = _now,
    random: RandomBytes = secrets.token_bytes,
) -> FastAPI:
    """Build the hub.

    Parameters:
        settings: Where it keeps things, and what it accepts.
        check: Reads each object that is to be added, and refuses what must not be here.
        together: What opinions of members come to.
        extensions: Endpoints besides.
        now: The clock; moments have a time zone.
        random: Where the key comes from under which passwords are remembered.

    Raises:
        InputError: If the database is something else, or cannot be kept there.
        ConfigError: If others may read the key.
        VerificationError: If a newer version of Phalanx wrote the database.
        ServiceError: If the database cannot be reached.
    """
    key = load_or_create_key(settings.key)
    database = open_database(settings.database, most_pages=settings.most_pages)
    gauges = Gauges()
    hub = Hub(
        settings=settings,
        database=database,
        key=key,
        identities=Identities(database, key, now, random),
        requests=Allowances(Allowance(settings.requests_per_second, settings.burst_requests)),
        failures=Allowances(FAILURES),
        check=check,
        together=together,
        gauges=gauges,
        clock=now,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        database.close()

    app = FastAPI(
        title="Phalanx hub",
        version=__version__,
        description="TAXII 2.1 for what members of an alliance share.",
        docs_url=None,  # the page would load scripts from another host
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        responses={"4XX": {"description": "An error, as TAXII writes it."}},
    )
    _watch(app, hub)
    # The paths of TAXII begin with the name of an API root, which may be anything.
    for routes in (*(extend(hub) for extend in extensions), token_routes(hub)):
        app.include_router(routes)
    for routes in (discovery_routes(hub), object_routes(hub), collection_routes(hub)):
        app.include_router(routes)
    log = structlog.get_logger("phalanx.share.hub")
    _answer_errors(app, log)
    _name_proofs(app)
    app.add_middleware(Observed, gauges=gauges, log=log)
    return app


def _watch(app: FastAPI, hub: Hub) -> None:
    """Add the endpoints for those who keep the hub running."""

    @app.get("/healthz/", tags=["Operation"], summary="The process runs")
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/readyz/", tags=["Operation"], summary="Members are answered")
    def readyz() -> Response:
        with hub.database.read() as connection:
            connection.execute(select(ROOTS.c.name).limit(1))
        return JSONResponse({"status": "ready"})

    @app.get("/metrics/", tags=["Operation"], summary="Counts of the hub as a whole")
    def metrics(request: Request) -> Response:
        if not hub.metrics_are_open_to(request):
            raise RequestError(403, "counts are for this machine only")
        return hub.gauges.page()


def _answer_errors(app: FastAPI, log: Any) -> None:  # noqa: ANN401 - structlog builds it when used
    """Turn every error into one of TAXII that repeats nothing secret."""

    @app.exception_handler(RequestError)
    async def request_error(_request: Request, error: RequestError) -> Response:
        return failure(error.status, str(error), error.headers)

    @app.exception_handler(PhalanxError)
    async def phalanx_error(_request: Request, error: PhalanxError) -> Response:
        return failure(400, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, _error: RequestValidationError) -> Response:
        return failure(400, "a parameter cannot be understood")

    @app.exception_handler(HTTPException)
    async def http_error(_request: Request, error: HTTPException) -> Response:
        return failure(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(SQLAlchemyError)
    async def database_error(_request: Request, error: SQLAlchemyError) -> Response:
        reason = type(error.orig if isinstance(error, DBAPIError) else error).__name__
        if _is_full(error):
            log.error("disk full", reason=reason)
            return failure(507, "the hub has no room left; nothing was added")
        log.error("database unavailable", reason=reason)
        return failure(503, "the hub cannot reach its database; nothing was added", _RETRY)

    @app.exception_handler(Exception)
    async def unforeseen(_request: Request, _error: Exception) -> Response:
        return failure(500, "an error that nobody foresaw; the hub has written it down")


def _is_full(error: SQLAlchemyError) -> bool:
    """Tell whether it is the disk that has no room."""
    origin = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(origin, sqlite3.Error):
        return getattr(origin, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
    said = origin.args[0] if origin is not None and origin.args else None
    return isinstance(said, dict) and said.get("C") == _POSTGRES_DISK_FULL


def _name_proofs(app: FastAPI) -> None:
    """Say in the OpenAPI document how members prove themselves."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            schema.setdefault("components", {})["securitySchemes"] = {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "certificate": {"type": "mutualTLS"},
            }
            schema["security"] = [{"basic": []}, {"bearer": []}, {"key": []}, {"certificate": []}]
        found: dict[str, Any] = plain()
        return found

    app.openapi = described  # type: ignore[method-assign]

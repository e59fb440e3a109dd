"""The key server: blinded elements in, the same elements times the key out, with a proof.

It sees who asks and how much, and elements that are uniformly random whatever they hide. It
keeps none of them, and its logs and metrics hold no value of any request. The hub must not be
on the same host: who holds both tokens and key can test guesses.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from phalanx import __version__
from phalanx.errors import ConfigError, InputError, PhalanxError, PolicyError
from phalanx.serving.answers import failure
from phalanx.serving.bodies import BoundedBodies
from phalanx.serving.limits import LimitReachedError
from phalanx.serving.service_log import log_as_json
from phalanx.share.blinding.allowances import Allowances
from phalanx.share.blinding.gauges import Gauges
from phalanx.share.blinding.group import RandomBytes
from phalanx.share.blinding.held_keys import HeldKeys
from phalanx.share.blinding.routes import Parts, pages, parts_of
from phalanx.share.blinding.settings import KeyServerSettings
from phalanx.share.blinding.tables import open_tables


def _now() -> datetime:
    return datetime.now(tz=UTC)


def create_app(
    settings: KeyServerSettings,
    *,
    now: Callable[[], datetime] = _now,
    random: RandomBytes = secrets.token_bytes,
) -> FastAPI:
    """Build the key server.

    Parameters:
        settings: Where keys and counts are, and the bounds of a request.
        now: The clock; moments have a time zone.
        random: Where the nonces of proofs come from. They must not be predictable: two proofs
            with one nonce give the key away.

    Raises:
        InputError: If there are no keys, or the database is something else.
        ConfigError: If others may read a key.
        VerificationError: If the keys are not the published ones.
        ServiceError: If the database cannot be reached.
    """
    app = FastAPI(
        title="Phalanx key server",
        version=__version__,
        description="Blind evaluation of identifiers: VOPRF(ristretto255, SHA-512), RFC 9497.",
        docs_url=None,  # the page would load scripts from another host
        redoc_url=None,
    )
    keys = HeldKeys(settings.keys)
    engine = open_tables(settings.database)
    app.state.parts = Parts(
        database=settings.database,
        engine=engine,
        keys=keys,
        allowances=Allowances(engine),
        gauges=Gauges(),
        log=structlog.get_logger("phalanx.share.blinding"),
        now=now,
        random=random,
    )
    app.add_middleware(
        BoundedBodies, largest_bytes=settings.largest_body_bytes, seconds=settings.body_seconds
    )
    app.include_router(pages)
    app.exception_handler(PhalanxError)(_phalanx_error)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http_error)
    return app


# Every error becomes an answer that repeats nothing of the request.


def _phalanx_error(request: Request, error: PhalanxError) -> Response:
    if isinstance(error, LimitReachedError):
        wait = {"Retry-After": str(math.ceil(error.wait_seconds))}
        return _refused(request, 429, str(error), wait)
    if isinstance(error, PolicyError):
        return _refused(request, 403, str(error))
    if isinstance(error, InputError):
        return _refused(request, 400, str(error))
    parts_of(request).log.error("unavailable", reason=str(error))
    return _refused(request, 503, "the key server cannot answer now")


def _invalid(request: Request, error: RequestValidationError) -> Response:
    # Where and of what kind, not the input, which pydantic would repeat; a field that nobody
    # knows is named by whoever sent it.
    first = error.errors()[0]
    place = "body" if first["type"] == "extra_forbidden" else ".".join(map(str, first["loc"]))
    return _refused(request, 422, f"{place}: {first['type']}")


def _http_error(request: Request, error: HTTPException) -> Response:
    return _refused(request, error.status_code, str(error.detail), dict(error.headers or {}))


def _refused(
    request: Request, status: int, said: str, headers: dict[str, str] | None = None
) -> Response:
    parts = parts_of(request)
    parts.gauges.refused(status)
    parts.log.info("refused", status=status)
    return failure(status, said, headers)


def serve(settings: KeyServerSettings, *, tell: Callable[[], None] | None = None) -> None:
    """Run the key server until it is told to stop.

    Parameters:
        settings: Of the key server.
        tell: Called when it listens.

    Raises:
        ConfigError: If a certificate cannot be read.
    """
    from phalanx.serving.listening import run_server, untold  # noqa: PLC0415 - tests never need it

    for path in (settings.certificate, settings.certificate_key):
        if path is not None and not path.is_file():
            message = f"{path}: no such file"
            raise ConfigError(message, next_step="Name the certificate and its key.")
    log_as_json()
    run_server(
        create_app(settings),
        tell or untold,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
        limit_concurrency=settings.concurrent_requests,
        timeout_keep_alive=15,
        access_log=False,
        server_header=False,
    )

"""The key server: blinded elements in, the same elements times the key out, with a proof.

It sees who asks and how much, and elements that are uniformly random whatever they hide. It
keeps none of them, and its logs and metrics hold no value of any request. The hub must not be
on the same host: who holds both tokens and key can test guesses.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from phalanx import __version__
from phalanx.errors import ConfigError, InputError, PhalanxError, PolicyError, ServiceError
from phalanx.share.blinding.allowances import Allowances, LimitReachedError
from phalanx.share.blinding.answers import failure
from phalanx.share.blinding.bodies import BoundedBodies
from phalanx.share.blinding.encoding import from_text, to_text
from phalanx.share.blinding.gauges import Gauges
from phalanx.share.blinding.group import ELEMENT_BYTES, RandomBytes, random_scalar
from phalanx.share.blinding.held_keys import HeldKeys
from phalanx.share.blinding.members import Member, member_of
from phalanx.share.blinding.messages import (
    EpochsResponse,
    EvaluationRequest,
    EvaluationResponse,
    Failure,
    published,
)
from phalanx.share.blinding.settings import KeyServerSettings
from phalanx.share.blinding.tables import open_tables, while_serving
from phalanx.share.blinding.voprf import blind_evaluate

_ERRORS: dict[int | str, dict[str, object]] = {
    status: {"model": Failure} for status in (400, 401, 403, 408, 413, 422, 429, 503)
}
_bearer = HTTPBearer(auto_error=False, description="API key of a member.")


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
    engine = open_tables(settings.database)
    held = HeldKeys(settings.keys)
    allowances = Allowances(engine)
    gauges = Gauges()
    log = structlog.get_logger("phalanx.share.blinding")
    app = FastAPI(
        title="Phalanx key server",
        version=__version__,
        description="Blind evaluation of identifiers: VOPRF(ristretto255, SHA-512), RFC 9497.",
        docs_url=None,  # the page would load scripts from another host
        redoc_url=None,
    )
    app.add_middleware(
        BoundedBodies, largest_bytes=settings.largest_body_bytes, seconds=settings.body_seconds
    )

    def authenticated(
        sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Member:
        with while_serving(settings.database):
            member = member_of(engine, sent.credentials) if sent else None
        if member is None:
            raise HTTPException(401, "an API key of a member is needed")
        return member

    # Plain functions: FastAPI runs them in threads, and libsodium lets other threads run.
    @app.post("/v1/evaluate", responses=_ERRORS)
    def evaluate(
        request: EvaluationRequest, member: Annotated[Member, Depends(authenticated)]
    ) -> EvaluationResponse:
        """Multiply blinded elements by the key of an epoch, and prove it."""
        started = time.perf_counter()
        moment = now()
        pair = held.keyring().pair(request.epoch, moment)
        elements = [from_text(each, ELEMENT_BYTES) for each in request.elements]
        with while_serving(settings.database):
            allowances.charge(member.member, len(elements), member.limits, moment)
        answers, proof = blind_evaluate(pair, elements, random_scalar(random))
        seconds = time.perf_counter() - started
        gauges.evaluated(len(elements), seconds)
        log.info(
            "evaluated",
            member=member.member,
            epoch=request.epoch,
            elements=len(elements),
            seconds=round(seconds, 4),
        )
        return EvaluationResponse(
            epoch=request.epoch,
            elements=[to_text(each) for each in answers],
            proof=to_text(bytes(proof)),
        )

    @app.get("/v1/epochs")
    def epochs() -> EpochsResponse:
        """List all epochs with their public keys and commitments."""
        keyring = held.keyring()
        current = keyring.current(now())
        return EpochsResponse(
            current=current.epoch if current else None,
            epochs=[published(each) for each in keyring.epochs],
        )

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """Say that the process runs."""
        return {"status": "ok"}

    @app.get("/readyz", responses={503: {"model": Failure}})
    def readyz() -> dict[str, str]:
        """Say whether members are answered: there is a current key, and the counts are there."""
        with while_serving(settings.database), engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1 FROM blinding_schema")
        if held.keyring().current(now()) is None:
            message = "no epoch is in use"
            raise ServiceError(message, next_step="Make the next epoch.")
        return {"status": "ready"}

    @app.get("/metrics")
    def metrics() -> Response:
        """Return counts of the server as a whole, for Prometheus; none of a single member."""
        return gauges.page()

    _answer_errors(app, gauges, log)
    return app


def _answer_errors(app: FastAPI, gauges: Gauges, log: structlog.stdlib.BoundLogger) -> None:
    """Turn every error into an answer that repeats nothing of the request."""

    def refused(status: int, said: str, headers: dict[str, str] | None = None) -> Response:
        gauges.refused(status)
        log.info("refused", status=status)
        return failure(status, said, headers)

    @app.exception_handler(PhalanxError)
    def phalanx_error(_request: Request, error: PhalanxError) -> Response:
        if isinstance(error, LimitReachedError):
            wait = {"Retry-After": f"{error.wait_seconds:.0f}"}
            return refused(429, str(error), wait)
        if isinstance(error, PolicyError):
            return refused(403, str(error))
        if isinstance(error, InputError):
            return refused(400, str(error))
        log.error("unavailable", reason=str(error))
        return refused(503, "the key server cannot answer now")

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> Response:
        # Where and what kind, not the input, which pydantic would repeat.
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])[:100]
        return refused(422, f"{place}: {first['type']}")

    @app.exception_handler(HTTPException)
    def http_error(_request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return refused(error.status_code, str(error.detail), headers)


def serve(settings: KeyServerSettings) -> None:
    """Run the key server until it is told to stop.

    Raises:
        ConfigError: If a certificate cannot be read.
    """
    import uvicorn  # noqa: PLC0415 - tests and clients never need it

    for path in (settings.certificate, settings.certificate_key):
        if path is not None and not path.is_file():
            message = f"{path}: no such file"
            raise ConfigError(message, next_step="Name the certificate and its key.")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
        limit_concurrency=settings.concurrent_requests,
        timeout_keep_alive=15,
        access_log=False,
        server_header=False,
    )

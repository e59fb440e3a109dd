"""The broker as a service: a challenge out, a request and a token in, a wrapped key out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.exc import SQLAlchemyError

from phalanx import __version__
from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.release.broker.broker import CHALLENGE_SECONDS, Broker
from phalanx.release.broker.settings import BrokerSettings
from phalanx.release.broker.tokens import MOST_BYTES as MOST_TOKEN_BYTES
from phalanx.release.encoding import to_text
from phalanx.release.envelopes.dsse import envelope_of
from phalanx.serving.answers import Failure, failure
from phalanx.serving.bodies import BoundedBodies
from phalanx.serving.refusals import Refusals
from phalanx.serving.service_log import log_as_json

LARGEST_BODY_BYTES = 65_536
BODY_SECONDS = 20.0
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure} for status in (400, 403, 404, 408, 413, 422, 429, 503)
}


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChallengeRequest(_Message):
    """For which release a challenge is asked for."""

    grant: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Challenge(_Message):
    """A challenge, for one use."""

    challenge: str
    seconds: int


class SignatureMessage(_Message):
    """One signature of DSSE."""

    keyid: str = ""
    sig: str


class EnvelopeMessage(_Message):
    """A DSSE envelope."""

    payload: str
    payload_type: Annotated[str, Field(alias="payloadType")]
    signatures: list[SignatureMessage]


class KeyMessage(_Message):
    """A signed request, and the token that goes with it."""

    request: EnvelopeMessage
    token: Annotated[str, StringConstraints(max_length=MOST_TOKEN_BYTES)]


class KeyAnswer(_Message):
    """The content key, for the machine alone."""

    wrapped_key: str
    use: int


class Gauges:
    """Counts of one broker, of all releases together."""

    def __init__(self) -> None:
        """Start at zero."""
        self._registry = CollectorRegistry()
        self._released = Counter(
            "phalanx_broker_released", "Keys that were handed out.", registry=self._registry
        )
        self._refused = Counter(
            "phalanx_broker_refused",
            "Requests that were refused.",
            ["status"],
            registry=self._registry,
        )

    def released(self) -> None:
        """Count a key that was handed out."""
        self._released.inc()

    def refused(self, status: int) -> None:
        """Count a request that was refused."""
        self._refused.labels(status=str(status)).inc()

    def page(self) -> Response:
        """Return what Prometheus reads."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


def create_app(broker: Broker) -> FastAPI:
    """Build the service.

    Parameters:
        broker: That decides.
    """
    app = FastAPI(
        title="Phalanx key broker",
        version=__version__,
        description="Content keys of releases, for attested machines.",
        docs_url=None,  # the page would load scripts from another host
        redoc_url=None,
    )
    gauges, log = Gauges(), structlog.get_logger("phalanx.release.broker")

    @app.get("/healthz", summary="The process runs")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/metrics", summary="Counts of the broker as a whole")
    def metrics() -> Response:
        return gauges.page()

    @app.post("/v1/challenges", responses=_ERRORS, summary="A challenge for one use")
    def challenges(asked: ChallengeRequest) -> Challenge:
        made = broker.challenge(asked.grant)
        return Challenge(challenge=made.hex(), seconds=CHALLENGE_SECONDS)

    @app.post("/v1/keys", responses=_ERRORS, summary="The key of a release")
    def keys(asked: KeyMessage) -> KeyAnswer:
        said = asked.request.model_dump(by_alias=True)
        wrapped, decision = broker.release(envelope_of(said, "the request"), asked.token)
        gauges.released()
        log.info("released", use=decision.use)
        return KeyAnswer(wrapped_key=to_text(wrapped), use=decision.use)

    @app.exception_handler(SQLAlchemyError)
    async def database_error(_request: Request, error: SQLAlchemyError) -> JSONResponse:
        log.error("database unavailable", reason=type(error).__name__)
        return failure(503, "the broker cannot reach its database; no key was handed out")

    app.add_middleware(BoundedBodies, largest_bytes=LARGEST_BODY_BYTES, seconds=BODY_SECONDS)
    Refusals(
        gauges,
        log,
        "the broker cannot answer now",
        {PolicyError: 403, VerificationError: 400, InputError: 404},
    ).answer(app)
    return app


def serve(broker: Broker, settings: BrokerSettings, *, tell: Callable[[], None]) -> None:
    """Run the service until it is told to stop.

    Parameters:
        broker: That decides.
        settings: Where it listens.
        tell: Called when it listens.
    """
    from phalanx.serving.listening import run_server  # noqa: PLC0415 - tests never need it

    log_as_json()
    run_server(
        create_app(broker),
        tell,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
        limit_concurrency=settings.concurrent_requests,
        timeout_keep_alive=15,
        access_log=False,
        server_header=False,
    )

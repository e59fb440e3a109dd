"""The endpoint: texts in, one of three answers out, and no other difference."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog
from fastapi import FastAPI

from phalanx import __version__
from phalanx.errors import ConfigError, InputError
from phalanx.serving.bodies import BoundedBodies
from phalanx.serving.refusals import Refusals
from phalanx.serving.service_log import log_as_json
from phalanx.watermark.endpoint.answering import Answering
from phalanx.watermark.endpoint.detector import Detector
from phalanx.watermark.endpoint.gauges import Gauges
from phalanx.watermark.endpoint.limits import Limits
from phalanx.watermark.endpoint.memory import Memory
from phalanx.watermark.endpoint.routes import Parts, Tokenise, pages
from phalanx.watermark.endpoint.settings import EndpointSettings
from phalanx.watermark.keys.secret import Secret


def _now() -> datetime:
    return datetime.now(tz=UTC)


def create_app(
    settings: EndpointSettings,
    detectors: Sequence[Detector],
    *,
    tokenise: Tokenise | None = None,
    now: Callable[[], datetime] = _now,
) -> FastAPI:
    """Build the endpoint.

    Parameters:
        settings: Policy, limits, and where things are kept.
        detectors: What texts are tested for.
        tokenise: Makes tokens of a text; null takes tokens only.
        now: The clock; moments have a time zone.

    Raises:
        ConfigError: If there is nothing to test, or the folder cannot be used.
    """
    app = FastAPI(
        title="Phalanx check",
        version=__version__,
        description="Was this text marked by us? Answers without scores.",
        docs_url=None,  # the page would load scripts from another host
        redoc_url=None,
    )
    memory = Memory(settings.folder, settings.cells, settings.answers)
    clients = Secret(hmac.digest(memory.secret.reveal(), b"clients", hashlib.sha256))
    gauges, log = Gauges(), structlog.get_logger("phalanx.watermark.endpoint")
    app.state.parts = Parts(
        answering=Answering(detectors, memory, settings.policy, now),
        memory=memory,
        limits=Limits(settings.client, settings.everybody, clients),
        gauges=gauges,
        log=log,
        tokenise=tokenise,
        open_metrics=settings.open_metrics,
        behind_proxy=settings.proxy is not None,
    )
    app.add_middleware(
        BoundedBodies, largest_bytes=settings.largest_body_bytes, seconds=settings.body_seconds
    )
    app.include_router(pages)
    Refusals(gauges, log, "the endpoint cannot answer now", {InputError: 400}).answer(app)
    return app


def serve(
    settings: EndpointSettings,
    detectors: Sequence[Detector],
    tokenise: Tokenise | None = None,
    *,
    tell: Callable[[], None] | None = None,
) -> None:
    """Run the endpoint until it is told to stop.

    Parameters:
        settings: Policy, limits, and where things are kept.
        detectors: What texts are tested for.
        tokenise: Makes tokens of a text; null takes tokens only.
        tell: Called when it listens.

    Raises:
        ConfigError: As `create_app`, or if a certificate cannot be read.
    """
    from phalanx.serving.listening import run_server, untold  # noqa: PLC0415 - tests never need it

    for path in (settings.certificate, settings.certificate_key):
        if path is not None and not path.is_file():
            message = f"{path}: no such file"
            raise ConfigError(message, next_step="Name the certificate and its key.")
    log_as_json()
    run_server(
        create_app(settings, detectors, tokenise=tokenise),
        tell or untold,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
        proxy_headers=settings.proxy is not None,
        forwarded_allow_ips=settings.proxy,
        limit_concurrency=settings.concurrent_requests,
        timeout_keep_alive=15,
        access_log=False,
        server_header=False,
    )

"""The key server: blinded elements in, the same elements times the key out, with a proof.

It sees who asks and how much, and elements that are uniformly random whatever they hide. It
keeps none of them, and its logs and metrics hold no value of any request. The hub must not be
on the same host: who holds both tokens and key can test guesses.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from fastapi import FastAPI

from phalanx import __version__
from phalanx.errors import ConfigError, InputError, PolicyError
from phalanx.serving.bodies import BoundedBodies
from phalanx.serving.refusals import Refusals
from phalanx.serving.service_log import log_as_json
from phalanx.share.blinding.allowances import Allowances
from phalanx.share.blinding.gauges import Gauges
from phalanx.share.blinding.group import RandomBytes
from phalanx.share.blinding.held_keys import HeldKeys
from phalanx.share.blinding.routes import Parts, pages
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
    gauges, log = Gauges(), structlog.get_logger("phalanx.share.blinding")
    app.state.parts = Parts(
        database=settings.database,
        engine=engine,
        keys=keys,
        allowances=Allowances(engine),
        gauges=gauges,
        log=log,
        now=now,
        random=random,
    )
    app.add_middleware(
        BoundedBodies, largest_bytes=settings.largest_body_bytes, seconds=settings.body_seconds
    )
    app.include_router(pages)
    Refusals(
        gauges, log, "the key server cannot answer now", {PolicyError: 403, InputError: 400}
    ).answer(app)
    return app


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

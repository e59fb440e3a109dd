"""Running the hub: TLS, client certificates, logs as JSON."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import ssl
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from phalanx.errors import ConfigError
from phalanx.serving.listening import PatientProtocol, run_server, untold
from phalanx.serving.service_log import log_as_json
from phalanx.share.hub.app import Extension, create_app
from phalanx.share.hub.hub import CERTIFICATE
from phalanx.share.hub.settings import HubSettings
from phalanx.share.hub.structure import Check, read_object

_ASKED_FOR = {
    "ignored": ssl.CERT_NONE,
    "accepted": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}

_UNTIL_COLLECTED = 50_000
"""Objects of Python that are made before cycles are looked for."""


class CertifiedProtocol(PatientProtocol):
    """HTTP that tells the application which certificate the client showed.

    What a certificate is worth was checked when the connection was made.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        tls = self.transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls else None
        if certificate:
            self.app = _telling(self.app, hashlib.sha256(certificate).hexdigest())


def serve(
    settings: HubSettings,
    *,
    check: Check = read_object,
    extensions: Sequence[Extension] = (),
    tell: Callable[[], None] = untold,
) -> None:
    """Run the hub until it is told to stop.

    Parameters:
        settings: Of the hub.
        check: Reads each object that is to be added, and refuses what must not be here.
        extensions: Endpoints besides.
        tell: Called when it listens.

    Raises:
        ConfigError: If a certificate cannot be read.
        PhalanxError: As `create_app`.
    """
    for path in (settings.certificate, settings.certificate_key, settings.client_authority):
        if path is not None and not path.is_file():
            message = f"{path}: no such file"
            raise ConfigError(message, next_step="Name the certificates and the key of the hub.")
    log_as_json()
    app = create_app(settings, check=check, extensions=extensions)
    # What was read at the start stays, and what a request makes goes with it: looking at all of
    # that for cycles, over and over, is a tenth of what it costs to add an object.
    gc.freeze()
    gc.set_threshold(_UNTIL_COLLECTED)
    run_server(
        app,
        tell,
        host=settings.host,
        port=settings.port,
        http=CertifiedProtocol,
        ws="none",
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
        ssl_ca_certs=str(settings.client_authority) if settings.client_authority else None,
        ssl_cert_reqs=_ASKED_FOR[settings.client_certificates],
        proxy_headers=settings.behind_proxy,
        limit_concurrency=settings.concurrent_requests,
        timeout_keep_alive=15,
        access_log=False,
        server_header=False,
        log_level="warning",
    )


def _telling(app: ASGIApp, fingerprint: str) -> ASGIApp:
    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        scope[CERTIFICATE] = fingerprint
        await app(scope, receive, send)

    return told

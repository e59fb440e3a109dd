"""Running the console."""

from __future__ import annotations

import threading
from collections.abc import Callable

from phalanx.console.app import create_app
from phalanx.console.settings import ConsoleSettings
from phalanx.errors import ConfigError
from phalanx.serving.listening import run_server, untold
from phalanx.serving.service_log import log_as_json


def serve(settings: ConsoleSettings, *, tell: Callable[[], None] = untold) -> None:
    """Run the console until it is told to stop.

    Parameters:
        settings: Of the console.
        tell: Called when it listens.

    Raises:
        ConfigError: If a certificate cannot be read.
        PhalanxError: As `create_app`.
    """
    for path in (settings.certificate, settings.certificate_key):
        if path is not None and not path.is_file():
            message = f"{path}: no such file"
            raise ConfigError(message, next_step="Name the certificate and the key of the console.")
    log_as_json()
    app = create_app(settings)
    # Whoever comes first waits for nothing: all scans are read and drawn before it listens. The
    # pictures of single campaigns may come while somebody reads the list.
    app.state.warm()
    threading.Thread(target=app.state.warm_more, name="warm", daemon=True).start()
    run_server(
        app,
        tell,
        host=settings.host,
        port=settings.port,
        ws="none",
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
        proxy_headers=settings.behind_proxy,
        limit_concurrency=settings.concurrent_requests,
        timeout_keep_alive=15,
        access_log=False,
        server_header=False,
        log_level="warning",
    )

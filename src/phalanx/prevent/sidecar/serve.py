"""Running a sidecar."""

from __future__ import annotations

import gc
from collections.abc import Callable

from phalanx.prevent.sidecar.app import create_app
from phalanx.prevent.sidecar.sidecar import Sidecar
from phalanx.serving.listening import run_server, untold

_UNTIL_COLLECTED = 50_000
"""Objects of Python that are made before cycles are looked for."""


def serve(sidecar: Sidecar, *, tell: Callable[[], None] = untold) -> None:
    """Run a sidecar until it is told to stop.

    Parameters:
        sidecar: What it decides by.
        tell: Called when it listens.
    """
    settings = sidecar.settings
    # What was read at the start stays, and what a request makes goes with it: a search for cycles
    # through all accounts of campaigns would hold requests up.
    gc.freeze()
    gc.set_threshold(_UNTIL_COLLECTED)
    run_server(
        create_app(sidecar),
        tell,
        host=settings.host,
        port=settings.port,
        ws="none",
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
        proxy_headers=settings.behind_proxy,
        limit_concurrency=settings.concurrent_requests,
        timeout_keep_alive=75,
        access_log=False,
        server_header=False,
        log_level="warning",
    )

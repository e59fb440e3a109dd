"""Running a server, which says that it listens when it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from socket import socket
from typing import Any

import uvicorn

_NOT_STARTED = 3
"""Exit status of a server that could not start, as uvicorn has it."""


class _Telling(uvicorn.Server):
    """A server that tells when it has begun to listen."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = tell

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()


def run_server(app: Any, tell: Callable[[], None], **options: Any) -> None:  # noqa: ANN401 - as uvicorn has it
    """Run an application until it is told to stop.

    Parameters:
        app: Of ASGI.
        tell: Called when it listens.
        options: Of `uvicorn.Config`.

    Raises:
        SystemExit: If it cannot start.
    """
    server = _Telling(uvicorn.Config(app, **options), tell)
    try:
        server.run()
    except KeyboardInterrupt:
        return  # the server has ended, and what it was told is told again
    if not server.started:
        sys.exit(_NOT_STARTED)


def untold() -> None:
    """Tell nobody."""

"""Running a server, which says that it listens when it does."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from socket import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""In which the head of a request must have arrived."""

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


class PatientProtocol(H11Protocol):
    """HTTP of uvicorn, which else waits for the head of a request for ever.

    Each connection counts among those that are served at once: whoever opens many and says
    nothing would keep everybody out.
    """

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Take in what came, and wait for the rest of a head."""
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop()
        super().connection_lost(exc)

    def _look(self) -> None:
        if not self._awaits_head():
            self._stop()
        elif self._waiting is None:
            self._waiting = self.loop.call_later(HEAD_SECONDS, self._leave)

    def _leave(self) -> None:
        self._waiting = None
        if self._awaits_head():
            self.transport.close()

    def _awaits_head(self) -> bool:
        # Before the first request there is no cycle, whatever its type says.
        return bool(getattr(self.cycle, "response_complete", True))

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def run_server(
    app: Any,  # noqa: ANN401 - as uvicorn has it
    tell: Callable[[], None],
    http: type[PatientProtocol] = PatientProtocol,
    **options: Any,  # noqa: ANN401 - as uvicorn has it
) -> None:
    """Run an application until it is told to stop.

    Parameters:
        app: Of ASGI.
        tell: Called when it listens.
        http: How it speaks HTTP.
        options: Of `uvicorn.Config`.

    Raises:
        SystemExit: If it cannot start.
    """
    server = _Telling(uvicorn.Config(app, http=http, **options), tell)
    try:
        server.run()
    except KeyboardInterrupt:
        return  # the server has ended, and what it was told is told again
    if not server.started:
        sys.exit(_NOT_STARTED)


def untold() -> None:
    """Tell nobody."""

"""Servers as commands: told where they listen, stopped without a complaint."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Protocol

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.terminal import Common
from phalanx.errors import ConfigError, ServiceError


class Listening(Protocol):
    """Settings that say where a server listens."""

    @property
    def host(self) -> str:
        """Address."""

    @property
    def port(self) -> int:
        """Port."""


class Serving(Protocol):
    """Runs a server, and calls what it is given when the server listens."""

    def __call__(self, *, tell: Callable[[], None]) -> None:
        """Run until told to stop."""


def serve_until_told(serve: Serving, what: str, place: Listening, common: Common) -> ExitCode:
    """Run a server until Ctrl-C or SIGTERM, either of which is a clean end.

    Parameters:
        serve: Runs it.
        what: It is, such as "the hub listens".
        place: Where.
        common: Says so, once it does.

    Raises:
        ConfigError: If it cannot listen there.
        ServiceError: If it does not start, or ends by itself.
    """
    _refuse_taken(place.host, place.port)
    try:
        serve(tell=lambda: common.say(f"{what} on {place.host}:{place.port}"))
    except KeyboardInterrupt:
        return ExitCode.CLEAN
    except SystemExit as leaving:
        if leaving.code == ExitCode.TERMINATED:
            return ExitCode.CLEAN
        message = "the server did not start"
        raise ServiceError(message, next_step="Read what it wrote before.") from leaving
    return ExitCode.CLEAN


def _refuse_taken(host: str, port: int) -> None:
    """Say before anything is loaded that another program listens there."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        reason = "another program listens there" if is_taken else str(error.strerror)
        message = f"{host}:{port}: cannot be listened on: {reason}"
        raise ConfigError(message, next_step="Choose others with --host and --port.") from error

"""Servers as commands: told where they listen, stopped without a complaint."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

from phalanx.cli.exit_codes import ExitCode
from phalanx.errors import ConfigError, ServiceError


def serve_until_told(serve: Callable[[], None], host: str, port: int) -> ExitCode:
    """Run a server until Ctrl-C or SIGTERM, either of which is a clean end.

    Parameters:
        serve: Runs it.
        host: Address on which it will listen.
        port: Likewise.

    Raises:
        ConfigError: If it cannot listen there.
        ServiceError: If it does not start, or ends by itself.
    """
    _refuse_taken(host, port)
    try:
        serve()
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

"""Commands of Phalanx as processes of their own: servers that are always stopped, and scans.

Servers listen on this machine alone, on ports that are free when they are chosen. Another program
may take one before they listen: then another one is tried.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

from phalanx.errors import ServiceError
from phalanx.printable import printable

_PHALANX = (sys.executable, "-m", "phalanx")
_PORTS_TRIED = 5
_TAKEN = "another program listens there"
_STARTS_WITHIN_SECONDS = 300.0
_STOPS_WITHIN_SECONDS = 10.0
_PAUSE_SECONDS = 0.05
_MOST_SAID = 2_000


@contextmanager
def serving(words: Sequence[str], folder: Path, log: Path) -> Iterator[str]:
    """Run a server of Phalanx while something is done with it.

    Parameters:
        words: Of the command, without its port.
        folder: In which it runs.
        log: File of what it says.

    Yields:
        Its address.

    Raises:
        ServiceError: If it does not start.
    """
    for _ in range(_PORTS_TRIED):
        port = free_port()
        with log.open("wb") as said:
            child = subprocess.Popen(  # noqa: S603 - our own command
                (*_PHALANX, *words, "--port", str(port)),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        address = f"http://127.0.0.1:{port}"
        try:
            if _has_started(child, address):
                yield address
                return
        finally:
            stop(child)
        if _TAKEN not in _end_of(log):
            break
    message = f"phalanx {' '.join(words)}: did not start"
    ending = _end_of(log) or f"nothing, for {_STARTS_WITHIN_SECONDS:.0f} seconds"
    raise ServiceError(message, next_step=f"It said: {ending}")


def run_all(commands: Sequence[Sequence[str]], folder: Path) -> None:
    """Run commands of Phalanx beside each other, and wait for all of them.

    Parameters:
        commands: Words of each.
        folder: In which they run, and for what they say.

    Raises:
        ServiceError: If one of them fails: with what it said.
    """
    children: list[tuple[subprocess.Popen[bytes], Path]] = []
    try:
        for number, words in enumerate(commands, 1):
            log = folder / f".{words[0]}-{number}.log"
            with log.open("wb") as said:
                children.append(
                    (
                        subprocess.Popen(  # noqa: S603 - our own command
                            (*_PHALANX, *words),
                            cwd=folder,
                            stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL,
                            stderr=said,
                        ),
                        log,
                    )
                )
        for (child, log), words in zip(children, commands, strict=True):
            if child.wait() != 0:
                message = f"phalanx {' '.join(words)}: exit status {child.returncode}"
                raise ServiceError(message, next_step=f"It said: {_end_of(log)}")
            log.unlink()
    finally:
        for child, _ in children:
            stop(child)


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop(child: subprocess.Popen[bytes]) -> None:
    """Stop a process: kindly at first."""
    if child.poll() is not None:
        return
    child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(_STOPS_WITHIN_SECONDS)
    if child.poll() is None:
        child.kill()
        child.wait()


def _has_started(child: subprocess.Popen[bytes], address: str) -> bool:
    ends = time.monotonic() + _STARTS_WITHIN_SECONDS
    # What listens on this machine is reached through no proxy.
    with httpx2.Client(base_url=address, trust_env=False, follow_redirects=True) as http:
        while child.poll() is None and time.monotonic() < ends:
            with contextlib.suppress(httpx2.TransportError):
                if http.get("/healthz").is_success:
                    return child.poll() is None
            time.sleep(_PAUSE_SECONDS)
    return False


def _end_of(log: Path) -> str:
    return printable(log.read_text(encoding="utf-8", errors="replace").strip()[-_MOST_SAID:])

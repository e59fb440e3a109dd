"""Servers and commands of the demo: stopped whatever happens, and heard when they fail."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from phalanx.cli.demo_full import children
from phalanx.cli.demo_full.children import free_port, run_all, serving
from phalanx.cli.share_keys_work import enter_member, rotated
from phalanx.errors import ServiceError
from phalanx.share.blinding.allowances import Limits
from phalanx.share.blinding.keyring import Terms

SERVE = ["share", "keys", "serve", "--database", "keys.db", "--keys", "keys"]


@pytest.fixture
def operator(tmp_path: Path) -> Path:
    """Return a folder with a key server that could run."""
    rotated(tmp_path / "keys", Terms(*(timedelta(days=days) for days in (30, 7, 7))), None)
    enter_member(str(tmp_path / "keys.db"), "a", Limits(9, 9, 9), tmp_path / "a.key")
    return tmp_path


def reached(address: str) -> bool:
    """Tell whether a server answers."""
    try:
        return httpx2.get(f"{address}/healthz", trust_env=False).is_success
    except httpx2.TransportError:
        return False


def interrupted(operator: Path, seen: list[str]) -> None:
    """Press Ctrl-C while a server runs."""
    with serving(SERVE, operator, operator / "keys.log") as address:
        assert reached(address)
        seen.append(address)
        raise KeyboardInterrupt


def test_a_server_runs_as_long_as_it_is_needed(
    operator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another port where the first is taken; it is stopped when a person stops what was done."""
    seen: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports: Iterator[int] = iter([taken.getsockname()[1], free_port()])
        monkeypatch.setattr(children, "free_port", lambda: next(ports))
        with pytest.raises(KeyboardInterrupt):
            interrupted(operator, seen)
    assert seen
    assert not reached(seen[0])


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """In its own words."""
    with (
        pytest.raises(ServiceError, match="did not start") as caught,
        serving(SERVE, tmp_path, tmp_path / "keys.log"),
    ):
        pass
    assert "keys/epochs.json: cannot be read" in caught.value.next_step


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    """And its exit status."""
    with pytest.raises(ServiceError, match="exit status 2") as caught:
        run_all([["scan", "absent.parquet"]], tmp_path)
    assert "absent.parquet" in caught.value.next_step

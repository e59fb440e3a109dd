"""`phalanx console`: users are entered by hand, and the console says where it listens."""

from __future__ import annotations

import io
import json
import signal
import socket
import stat
import time
from pathlib import Path

import httpx2
import pytest
from tests.conftest import Nursery

from phalanx.cli import ExitCode, main

PASSWORD = "four words or more of them"


def _said(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def _add(monkeypatch: pytest.MonkeyPatch, data: Path, *words: str) -> int:
    _said(monkeypatch, PASSWORD + "\n")
    return main(["console", "user", "add", *words, "--data", str(data), "-q"])


def test_users_are_entered_listed_and_disabled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The password comes from standard input; the database is for its owner alone."""
    data = tmp_path / "console"
    assert _add(monkeypatch, data, "Ana", "--role", "analyst") == ExitCode.CLEAN
    assert _add(monkeypatch, data, "ana", "--role", "auditor") == ExitCode.BAD_INPUT
    assert "already" in capsys.readouterr().err
    words = ["lee@lab.example", "--role", "counsel", "--elsewhere"]
    assert _add(monkeypatch, data, *words) == ExitCode.CLEAN
    assert main(["console", "user", "disable", "ana", "--data", str(data), "-q"]) == 0
    assert main(["console", "user", "list", "--data", str(data), "-f", "json"]) == 0
    users = json.loads(capsys.readouterr().out)
    assert [(u["name"], u["role"], u["has_password"], bool(u["disabled_at"])) for u in users] == [
        ("ana", "analyst", True, True), ("lee@lab.example", "counsel", False, False),
    ]  # fmt: skip
    assert stat.S_IMODE((data / "console.db").stat().st_mode) == 0o600


@pytest.mark.parametrize(("typed", "reason"), [("short\n", "fewer than 12"), ("", "no password")])
def test_a_weak_password_enters_nobody(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    reason: str,
) -> None:
    """And nothing is made."""
    _said(monkeypatch, typed)
    words = ["console", "user", "add", "ana", "--role", "analyst", "--data", str(tmp_path / "c")]
    assert main(words) == ExitCode.BAD_INPUT
    assert reason in capsys.readouterr().err
    assert main(["console", "user", "list", "--data", str(tmp_path / "c")]) == ExitCode.BAD_INPUT


def test_a_password_is_never_an_argument(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every user of the machine could read it."""
    words = ["console", "user", "add", "ana", "--role", "analyst", "--password", PASSWORD]
    assert main([*words, "--data", str(tmp_path)]) == ExitCode.BAD_INPUT
    assert PASSWORD not in capsys.readouterr().out


def test_a_token_is_printed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a user who may sign in, into a file for its owner alone."""
    _add(monkeypatch, tmp_path, "ana", "--role", "analyst")
    token = tmp_path / "ana.token"
    words = ["console", "user", "token", "ana", "--data", str(tmp_path), "-o", str(token)]
    assert main(words) == ExitCode.CLEAN
    assert token.read_text().startswith("phxc_")
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert main([*words[:3], "bo", "--data", str(tmp_path)]) == ExitCode.BAD_INPUT
    assert "no user bo" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--host", "0.0.0.0"], "in clear"),  # noqa: S104 - it is refused
        (["--oidc-issuer", "https://login.lab.example"], "go together"),
        (["--url", "phalanx.lab.example"], "no address"),
        (["--store", "none.store"], "there is no store"),
        (["--cases", "none.db"], "there is no database of cases"),
    ],
)
def test_what_contradicts_itself_is_told_before_anything_listens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], reason: str
) -> None:
    """With the next step."""
    assert main(["console", "--data", str(tmp_path), *words]) == ExitCode.BAD_INPUT
    assert reason in capsys.readouterr().err


def test_the_console_listens_and_ends_without_a_complaint(tmp_path: Path, nursery: Nursery) -> None:
    """On this machine only, and a signal is a clean end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = ("console", "--data", str(tmp_path / "c"), "--port", port)
    born = nursery.born(*words, said=tmp_path / "said")
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            answer = httpx2.get(f"http://127.0.0.1:{port}/sign-in")
            break
        except httpx2.TransportError:
            assert born.poll() is None, (tmp_path / "said").read_text()
            time.sleep(0.1)
    assert answer.status_code == 200
    assert "Secure" not in answer.headers["set-cookie"]
    born.send_signal(signal.SIGTERM)
    assert born.wait() == ExitCode.CLEAN
    assert f"http://127.0.0.1:{port}" in (tmp_path / "said").read_text()

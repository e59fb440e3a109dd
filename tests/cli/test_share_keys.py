"""`phalanx share keys`: the key server as its operator runs it."""

from __future__ import annotations

import dataclasses
import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.share_keys_options import KeyServerOptions
from phalanx.errors import PolicyError
from phalanx.share.asking import Patience
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.client import BlindingClient
from phalanx.share.blinding.keyring import Terms, add_epoch_in_time, read_keyring
from phalanx.share.blinding.settings import KeyServerSettings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def keys(*words: str) -> int:
    """Do what an operator does."""
    return main(["share", "keys", *words])


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Return what an operator sees."""
    capsys.readouterr()
    assert keys("show", "-f", "json", *words) == ExitCode.CLEAN
    seen: dict[str, Any] = json.loads(capsys.readouterr().out)
    return seen


@contextmanager
def served(nursery: Any, *words: str) -> Iterator[str]:
    """Run the key server as a process, and return its address."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = nursery.born("share", "keys", "serve", "--port", str(port), *words)
    try:
        for _ in range(3_000):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def tokens(address: str, key: str, commitment: str) -> list[str]:
    """Ask as a member."""
    with httpx2.Client(base_url=address, timeout=30) as http:
        server = KeyServer(http, key, Patience(attempts=1))
        epoch = server.epoch(commitment)
        return BlindingClient(server, epoch).tokens("email", ["a@example.com", "b@example.com"])


def test_options_are_the_settings() -> None:
    """Each has the name and the default that the settings have."""
    ours = {each.name: each.default for each in dataclasses.fields(KeyServerOptions)}
    theirs = {each.name: each.default for each in dataclasses.fields(KeyServerSettings)}
    assert ours == {name: theirs[name] for name in theirs.keys() - {"database", "keys"}}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_key_server_from_nothing(
    kind: str, nursery: Any, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """An epoch, a member, a server that answers, counts; then another key, and none."""
    database = ["--database", "keys.db"]
    if kind == "postgres":
        new_database: Callable[[], str] = request.getfixturevalue("new_database")
        database = ["--database", new_database()]
    assert keys("rotate") == ExitCode.CLEAN
    number, commitment = capsys.readouterr().out.split()
    assert number == "1"
    assert keys("add-member", "northwind", *database, "-o", "n.key") == ExitCode.CLEAN
    assert Path("n.key").stat().st_mode & 0o777 == 0o600
    with served(nursery, *database) as address:
        first = Path("n.key").read_text().strip()
        made = tokens(address, first, commitment)
        assert len(set(made)) == 2
        assert keys("replace-key", "northwind", *database) == ExitCode.CLEAN
        second = capsys.readouterr().out.strip()
        assert tokens(address, second, commitment) == made
        with pytest.raises(PolicyError, match="401"):
            tokens(address, first, commitment)
        assert keys("revoke-member", "northwind", *database) == ExitCode.CLEAN
        with pytest.raises(PolicyError, match="401"):
            tokens(address, second, commitment)
    seen = shown(capsys, *database)
    (member,) = seen["members"]
    assert (member["is_revoked"], member["usage"]["requests"]) == (True, 2)
    assert seen["epochs"][0]["commitment"] == commitment
    (member,) = shown(capsys, *database, "--day", "2020-01-01")["members"]
    assert member["usage"]["requests"] == 0
    assert keys("show", *database) == ExitCode.CLEAN
    assert "northwind (revoked)  128 of 200,000" in capsys.readouterr().out


def test_rotating_again_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A timer may run it as often as it likes."""
    keys("rotate")
    first = Path("keys/epochs.json").read_bytes()
    capsys.readouterr()
    assert keys("rotate") == ExitCode.CLEAN
    said = capsys.readouterr()
    assert said.out == ""
    assert "made: none; destroyed: 0" in said.err
    assert Path("keys/epochs.json").read_bytes() == first


def test_epochs_follow_in_time(tmp_path: Path) -> None:
    """A week ahead, without a gap; after one that was missed, at once."""
    folder, terms = tmp_path / "keys", Terms()
    first = add_epoch_in_time(folder, NOW, terms)
    assert first is not None
    assert add_epoch_in_time(folder, NOW + 22 * DAY, terms) is None
    second = add_epoch_in_time(folder, NOW + 23 * DAY, terms)
    assert second is not None
    assert second.valid_from == first.valid_until
    assert add_epoch_in_time(folder, NOW + 24 * DAY, terms) is None
    late = add_epoch_in_time(folder, NOW + 99 * DAY, terms)
    assert late is not None
    assert late.valid_from == NOW + 99 * DAY
    planned = add_epoch_in_time(folder, NOW + 128 * DAY, terms, NOW + 150 * DAY)
    assert planned is not None
    assert planned.valid_from == NOW + 150 * DAY


def test_keys_that_are_over_are_destroyed(capsys: pytest.CaptureFixture[str]) -> None:
    """By the same command; the list keeps their commitments."""
    long_ago = datetime.now(UTC) - 60 * DAY
    add_epoch_in_time(Path("keys"), long_ago, Terms())
    assert keys("rotate") == ExitCode.CLEAN
    assert "made: 2; destroyed: 1" in capsys.readouterr().err
    assert set(read_keyring(Path("keys")).pairs) == {2}
    keys("add-member", "northwind", "-o", "n.key")
    assert [each["is_destroyed"] for each in shown(capsys)["epochs"]] == [True, False]


@pytest.mark.parametrize(
    "words",
    [
        ["add-member", "North"], ["add-member", "northwind"], ["replace-key", "nobody"],
        ["add-member", "south", "--elements-per-day", "0"], ["revoke-member", "nobody"],
        ["show", "--database", "none.db"], ["show", "--keys", "none"], ["rotate", "--days", "0"],
        ["serve", "--keys", "none"], ["serve", "--host", "192.0.2.1"],
        ["add-member", "south", "-o", "folder"],
    ],
)  # fmt: skip
def test_mistakes_are_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """By what is wrong, without a traceback, and nothing is made."""
    Path("folder").mkdir()
    keys("rotate")
    keys("add-member", "northwind", "-o", "n.key")
    capsys.readouterr()
    assert keys(*words) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert said
    assert "Traceback" not in said
    assert not Path("none.db").exists()
    assert [each["name"] for each in shown(capsys)["members"]] == ["northwind"]

"""How a member proves itself, and whom it tells its key."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from phalanx.errors import ConfigError, PolicyError, ServiceError, VerificationError
from phalanx.share.asking import Patience
from phalanx.share.client import Access, connected, pull

URL = "https://hub.example.com/alliance/collections/campaigns/"
SHORT = Patience(attempts=1)


def _key(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "member.key"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "url",
    ["", "hub.example.com", "ftp://hub.example.com/", "https://", "http://hub.example.com/",
     "https://me:secret@hub.example.com/", "https://[", "https://hub.example.com:99999/"],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    """No address, a secret in it, or a key that would cross a network in clear."""
    with pytest.raises(ConfigError) as refused, connected(url, Access()):
        pass
    assert "secret" not in str(refused.value)


def test_nobody_listening_is_told_with_the_address() -> None:
    """A refused connection names host and port, and no status that nobody sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/alliance/collections/campaigns/"
    with (
        connected(url, Access(), patience=SHORT) as server,
        pytest.raises(ServiceError) as refused,
    ):
        server.collection().info()
    assert refused.value.exit_code == 3
    assert f"127.0.0.1:{port} does not answer: nobody listens there" in str(refused.value)
    assert "503" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "mode"), [("phx.1.a\n", 0o644), ("", 0o600), ("a\nb\n", 0o600), ("x" * 5_000, 0o600)]
)
def test_keys_that_are_refused(tmp_path: Path, text: str, mode: int) -> None:
    """A file that others may read, or that holds no single line."""
    access = Access(key=_key(tmp_path, text, mode))
    with pytest.raises(ConfigError) as refused, connected(URL, access):
        pass
    assert "phx." not in str(refused.value)
    assert "member.key" not in repr(access)


def test_a_missing_key_is_told(tmp_path: Path) -> None:
    """By its path."""
    access = Access(key=tmp_path / "none")
    with pytest.raises(ConfigError, match="none"), connected(URL, access):
        pass


def test_certificates_that_are_none(tmp_path: Path) -> None:
    """A missing file, and one that holds something else."""
    _key(tmp_path, "no certificate")
    for path in (tmp_path / "none", tmp_path / "member.key"):
        for access in (Access(authority=path), Access(certificate=path)):
            with pytest.raises(ConfigError, match="certificate"), connected(URL, access):
                pass


def test_what_is_no_collection() -> None:
    """A URL of the server or of an API root names none."""
    for url in ("https://hub.example.com/", "https://hub.example.com/alliance/"):
        with connected(url, Access()) as server, pytest.raises(ConfigError, match="collection"):
            server.collection()


def test_nobody_answers() -> None:
    """A closed port is a service that failed."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/a/collections/b/"
        with (
            connected(url, Access(), patience=SHORT) as server,
            pytest.raises(ServiceError, match="does not answer"),
        ):
            list(pull(server.collection()))


def test_mutual_tls(small_hub: Any, issued: Any, tmp_path: Path) -> None:
    """A member proves itself with its certificate alone, to a hub that it knows by its own."""
    authority = issued("authority", None)
    for name in ("hub", "north", "stranger"):
        issued(name, authority)
    small_hub.manage("add-certificate", "north", str(tmp_path / "north.pem"))
    port = small_hub.serve(
        "--objects", "any",
        "--certificate", str(tmp_path / "hub.pem"),
        "--certificate-key", str(tmp_path / "hub.key.pem"),
        "--client-authority", str(tmp_path / "authority.pem"),
        "--client-certificates", "required",
    )  # fmt: skip
    url = f"https://127.0.0.1:{port}/alliance/collections/campaigns/"

    def access(name: str) -> Access:
        return Access(
            authority=tmp_path / "authority.pem",
            certificate=tmp_path / f"{name}.pem",
            certificate_key=tmp_path / f"{name}.key.pem",
        )

    with connected(url, access("north")) as server:
        assert server.collection().info().title == "Campaigns"
        assert list(pull(server.collection())) == []
    with (
        connected(url, access("stranger")) as server,
        pytest.raises(PolicyError, match="401"),
    ):
        list(pull(server.collection()))
    unknown = Access(key=small_hub.folder / "north.key")
    with (
        connected(url, unknown, patience=SHORT) as server,
        pytest.raises(ServiceError),
    ):
        list(pull(server.collection()))


@pytest.fixture
def dripping() -> Iterator[int]:
    """Return the port of a server that goes on answering for ever, a byte at a time."""
    with ExitStack() as stack:
        listening = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        stop = threading.Event()

        def drip() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with closing(connection):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                    while not stop.wait(0.01):
                        connection.sendall(b" ")

        thread = threading.Thread(target=drip)
        thread.start()
        yield listening.getsockname()[1]
        stop.set()
        thread.join()


def test_an_answer_that_trickles(dripping: int) -> None:
    """However steadily bytes come, an answer has its time."""
    url = f"http://127.0.0.1:{dripping}/a/collections/b/"
    patience = Patience(attempts=1, answer_seconds=0.2)
    with (
        connected(url, Access(), patience=patience) as server,
        pytest.raises(VerificationError, match="slower"),
    ):
        list(pull(server.collection()))

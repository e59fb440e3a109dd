"""A hub that its operator made by commands, servers of others, servers that lie."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from phalanx.cli import ExitCode, main
from phalanx.share.asking import Patience
from phalanx.share.client import Access, Collection, connected
from phalanx.share.wire import Document

TAXII = "application/taxii+json;version=2.1"
COLLECTION = "11111111-1111-4111-8111-111111111111"
Make = Callable[..., Document]


@dataclass
class Hub:
    """A hub that runs, with a collection in which three members may do everything."""

    database: str
    folder: Path
    stack: ExitStack
    nursery: Any
    port: int = 0

    @property
    def url(self) -> str:
        """Return the address of the collection."""
        return f"http://127.0.0.1:{self.port}/alliance/collections/campaigns/"

    def manage(self, *words: str) -> None:
        """Do what an operator does."""
        assert main(["share", "hub", *words, "--database", self.database, "-q"]) == ExitCode.CLEAN

    def serve(self, *words: str) -> int:
        """Run the hub, and return its port."""
        port = _free_port()
        said = ["--database", self.database, "--port", str(port), *words]
        process = self.nursery.born("share", "hub", "serve", *said)
        self.stack.enter_context(_answering(process, port))
        return port

    def member(self, name: str, url: str = "", **more: Any) -> Collection:
        """Return the collection as a member reaches it."""
        access = Access(key=self.folder / f"{name}.key", **more)
        return self.stack.enter_context(connected(url or self.url, access)).collection()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the name of a database in which nothing is."""
    if request.param == "sqlite":
        return str(tmp_path / "alliance.hub")
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return new_database()


@pytest.fixture
def hub(
    database: str, tmp_path: Path, nursery: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hub]:
    """Return a hub on SQLite, and one on PostgreSQL."""
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield _hub(Hub(database, tmp_path, stack, nursery))


@pytest.fixture
def small_hub(tmp_path: Path, nursery: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Return a hub on SQLite only."""
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield _hub(Hub(str(tmp_path / "alliance.hub"), tmp_path, stack, nursery))


def _hub(made: Hub) -> Hub:
    """Let its operator make it, and run it."""
    made.manage("add-collection", "campaigns", "--title", "Campaigns")
    for name in ("north", "south", "east"):
        made.manage("add-member", name, "-o", f"{name}.key")
        rights = [word for right in ("read", "write", "delete") for word in ("--may", right)]
        made.manage("set-rights", name, "campaigns", *rights)
    made.port = made.serve("--objects", "any")
    return made


@pytest.fixture
def make() -> Make:
    """Return how to make an indicator, written in its author's own way."""

    def made(number: int, version: int = 0, **more: Any) -> Document:
        fields = {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--{uuid.UUID(int=number, version=4)}",
            "created": "2026-01-01T00:00:00.000Z",
            "modified": f"2026-01-01T00:{version // 60:02d}:{version % 60:02d}.000Z",
            "pattern": f"[ipv4-addr:value = '192.0.2.{number % 256}']",
            "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00Z",
            "x_ours": 1.50,
            **more,
        }
        return Document(json.dumps(fields, indent=1).encode(), fields)

    return made


@pytest.fixture
def medallion(tmp_path: Path) -> Iterator[tuple[str, Access]]:
    """Return the collection of the reference server of OASIS, and how to reach it."""
    pytest.importorskip("medallion")
    collection = {
        "id": COLLECTION, "title": "Theirs", "can_read": True, "can_write": True,
        "media_types": ["application/stix+json;version=2.1"], "objects": [], "manifest": [],
    }  # fmt: skip
    about = {"title": "Theirs", "versions": [TAXII], "max_content_length": 40_000}
    data = {
        "/discovery": {"title": "Reference", "api_roots": ["http://127.0.0.1/theirs/"]},
        "theirs": {"information": about, "status": [], "collections": [collection]},
    }
    (tmp_path / "data.json").write_text(json.dumps(data))
    settings = {
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(tmp_path / "data.json"),
        },
        "users": {"admin": "Password0"},
        "taxii": {"max_page_size": 20},
    }
    (tmp_path / "medallion.json").write_text(json.dumps(settings))
    (tmp_path / "password").write_text("Password0\n")
    (tmp_path / "password").chmod(0o600)
    port = _free_port()
    command = ["medallion.scripts.run", "--port", str(port), str(tmp_path / "medallion.json")]
    process = subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with _answering(process, port):
        url = f"http://127.0.0.1:{port}/theirs/collections/{COLLECTION}/"
        yield url, Access(key=tmp_path / "password", user="admin")


@dataclass
class Answer:
    """What a server says, whatever is asked."""

    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Liar:
    """A server that answers with what a test wants."""

    port: int = 0
    answers: Callable[[str, str], Answer] = lambda _method, _path: Answer()
    asked: list[tuple[str, str]] = field(default_factory=list)
    proofs: set[str | None] = field(default_factory=set)

    @contextmanager
    def collection(self, patience: Patience | None = None) -> Iterator[Collection]:
        """Return its collection, for a client that never sleeps."""
        url = f"http://127.0.0.1:{self.port}/root/collections/c/"
        short = patience or Patience(attempts=2, longest_wait_seconds=5.0)
        with connected(url, Access(), patience=short, sleep=lambda _seconds: None) as server:
            yield server.collection()


@pytest.fixture(scope="module")
def liar() -> Iterator[Liar]:
    """Return such a server; a test says what it answers."""
    found = Liar()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.asked.append((self.command, self.path))
            found.proofs.add(self.headers.get("Authorization"))
            said = found.answers(self.command, self.path)
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            # A client that has read enough goes away.
            with suppress(OSError):
                self.wfile.write(said.body)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - as the library names them

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@contextmanager
def _answering(process: Any, port: int) -> Iterator[None]:
    try:
        for _ in range(3_000):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None, "the server ended"
            time.sleep(0.01)
        else:
            pytest.fail("the server does not answer")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

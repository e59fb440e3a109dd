"""What tests of adapters share: servers on loopback, and the gateways of others, as processes."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn

GATEWAYS = Path(__file__).parents[3] / ".venv-gateways"


@dataclass
class Upstream:
    """A model that answers as the chat completions interface does, and remembers what came."""

    port: int = 0
    seen: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    """Headers, with small letters, and bodies."""

    status: int = 200


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Run a model."""
    model = Upstream()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
            model.seen.append(({name.lower(): each for name, each in self.headers.items()}, body))
            self.send_response(model.status)
            is_stream = model.status == 200 and body.get("stream")
            content = b"".join(_events()) if is_stream else json.dumps(_answer()).encode()
            kind = "text/event-stream" if is_stream else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    model.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield model
    server.shutdown()
    thread.join()
    server.server_close()


def _answer() -> dict[str, Any]:
    message = {"role": "assistant", "content": "Because."}
    return {
        "id": "c1", "object": "chat.completion", "created": 1, "model": "large",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10},
    }  # fmt: skip


def _events() -> Iterator[bytes]:
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "large"}
    for text in ("Because it ", "is blue."):
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
        yield f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode()
    choice = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode()
    yield b"data: [DONE]\n\n"


@pytest.fixture
def listen() -> Iterator[Callable[[Any], int]]:
    """Let an application of ASGI listen; return its port."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any) -> int:
        port = free_port()
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        servers.append((server, thread))
        _until(lambda: server.started, "the server does not start")
        return port

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Run the gateway of somebody else until it answers at a path."""
    running: list[subprocess.Popen[bytes]] = []

    def start(command: list[str], port: int, path: str, environment: dict[str, str]) -> None:
        said = tmp_path / "said.txt"
        with said.open("wb") as file:
            process = subprocess.Popen(
                command, stdout=file, stderr=subprocess.STDOUT, cwd=tmp_path, env=environment
            )
        running.append(process)

        def answers() -> bool:
            assert process.poll() is None, said.read_text()[-3_000:]
            return ask(port, path)[0] == 200

        _until(answers, lambda: said.read_text()[-3_000:])

    yield start
    for process in running:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Return a port on which nobody listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(
    port: int, path: str, said: object = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], str]:
    """Ask a server of this machine; return status, headers and text, status 0 for no answer."""
    data = None if said is None else json.dumps(said).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, sent)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - http
            return answer.status, _small(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _small(error.headers), error.read().decode()
    except OSError:
        return 0, {}, ""


def _small(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _until(is_so: Callable[[], bool], otherwise: str | Callable[[], str]) -> None:
    for _ in range(2_400):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError(otherwise() if callable(otherwise) else otherwise)


@pytest.fixture
def asking() -> Any:
    """Return what asks servers of this machine."""
    return ask


@pytest.fixture
def a_port() -> Callable[[], int]:
    """Return what finds ports on which nobody listens."""
    return free_port


@pytest.fixture
def gateways() -> Path:
    """Return where the gateways of others are installed."""
    if not (GATEWAYS / ".done").exists():
        pytest.skip("no .venv-gateways: make gateways")
    return GATEWAYS / "bin"

"""What tests of several packages stand on: a nursery, Spark, servers of PostgreSQL and Redis."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType

import pytest

from phalanx.logs.engine.spark import SparkEngine

_SUPERUSER = "postgres"
_databases = count()


class Nursery:
    """A process that has read the command line and the servers, and forks commands in no time."""

    def __init__(self) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def born(self, *words: str, said: Path = Path(os.devnull)) -> Born:
        """Run `phalanx WORDS` as a process of its own, as from here; `said` is what it prints."""
        here = {"words": words, "folder": str(Path.cwd()), "environment": dict(os.environ)}
        return Born(self, int(self.ask("born", {**here, "said": str(said)})))

    def ask(self, what: str, of: object) -> int:
        """Let the process do something, and return the number that it answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([what, of]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@dataclass
class Born:
    """A process that a nursery forked."""

    nursery: Nursery
    number: int
    status: int | None = None
    """Exit status, negative for a signal; null while it runs."""

    def poll(self) -> int | None:
        """Return the exit status, or null if it runs."""
        return self._ended(os.WNOHANG)

    def wait(self) -> int:
        """Return the exit status when it has ended."""
        status = self._ended(0)
        assert status is not None
        return status

    def send_signal(self, how: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.number, how)

    def _ended(self, how: int) -> int | None:
        if self.status is None:
            status = self.nursery.ask("wait", [self.number, how])
            self.status = None if status == _RUNS else status
        return self.status


_RUNS = 999
_NURSERY = f"""
import json, os, sys
from phalanx.cli import main
from phalanx.cli import serving, share_hub_work, share_keys
from phalanx.share import hub, pool
from phalanx.share.blinding import server
from phalanx.share.exchange import pulling, publishing, sending

for line in sys.stdin:
    what, of = json.loads(line)
    if what == "wait":
        number, status = os.waitpid(*of)
        print(os.waitstatus_to_exitcode(status) if number else {_RUNS}, flush=True)
        continue
    number = os.fork()
    if number:
        print(number, flush=True)
        continue
    os.chdir(of["folder"])
    os.environ.clear()
    os.environ.update(of["environment"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    out = os.open(of["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.exit(main(of["words"]))
"""


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Return where commands that are processes come from."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(scope="session")
def spark_events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which Spark writes down all that it does."""
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="session")
def spark(spark_events: Path) -> Iterator[SparkEngine]:
    """Return Spark on two cores of this machine."""
    for part, there in (("pyspark", find_spec("pyspark")), ("java", shutil.which("java"))):
        if not there:
            pytest.skip(f"{part} is not installed")
    settings = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": spark_events.as_uri(),
        "spark.sql.shuffle.partitions": "3",
    }
    with SparkEngine("local[2]", settings, memory_limit_bytes=10**9, threads=1) as engine:
        yield engine


def _program(name: str) -> str | None:
    """Find a program of PostgreSQL, which Debian keeps off the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(debian[-1]) if debian else None)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """Return the folder of the socket of a server that has just been made."""
    initdb, control = _program("initdb"), _program("pg_ctl")
    if initdb is None or control is None or not find_spec("pg8000"):
        pytest.skip("PostgreSQL or pg8000 is not installed")
    # The server refuses to run as root; and the path of a socket must be short.
    user = [] if os.getuid() else ["runuser", "-u", _SUPERUSER, "--"]
    folder = Path(mkdtemp(prefix="pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, _SUPERUSER)
    data = str(folder / "data")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    made = [*user, initdb, "-D", data, "-U", _SUPERUSER, "-A", "trust"]
    _run(made)
    started = [*user, control, "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start"]
    _run(started)
    try:
        yield folder
    finally:
        stopped = [*user, control, "-D", data, "-m", "immediate", "stop"]
        _run(stopped)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def new_database(postgres: Path) -> Callable[..., str]:
    """Return how to make a database in it, as a copy of another or empty, which returns the URL."""
    created = _program("createdb")
    assert created

    def made(template: str = "template1") -> str:
        name = f"phalanx{next(_databases)}"
        _run([created, "-h", str(postgres), "-U", _SUPERUSER, "-T", template, name])
        return f"postgresql://{_SUPERUSER}@/{name}?unix_sock={postgres}/.s.PGSQL.5432"

    return made


class RedisServer:
    """A server of one test or several, on a socket in a folder of its own."""

    def __init__(self, folder: Path, *settings: str) -> None:
        """Start it."""
        self._command = (
            "redis-server", "--port", "0", "--unixsocket", str(folder / "redis.sock"),
            "--dir", str(folder), "--save", "", "--appendonly", "no", *settings,
        )  # fmt: skip
        self.url = f"unix://{folder}/redis.sock"
        self.start()

    def start(self) -> None:
        """Start it, with nothing in it, and wait until it listens."""
        self.process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, text=True, stderr=subprocess.STDOUT
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "ready to accept connections" in line:
                return
        pytest.fail("the server of Redis does not start")

    def stop(self) -> None:
        """Kill it: what it holds is gone."""
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="session")
def new_redis() -> Iterator[Callable[..., RedisServer]]:
    """Return how to start a server, with settings of its own."""
    if shutil.which("redis-server") is None or not find_spec("redis"):
        pytest.skip("Redis or its client is not installed")
    # The path of a socket must be short.
    folder, made = Path(mkdtemp(prefix="redis-", dir="/tmp")), list[RedisServer]()

    def started(*settings: str) -> RedisServer:
        own = folder / str(len(made))
        own.mkdir()
        made.append(RedisServer(own, *settings))
        return made[-1]

    try:
        yield started
    finally:
        for server in made:
            server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def redis_url(new_redis: Callable[..., RedisServer]) -> str:
    """Return the URL of a server that tests share: each keeps to a key of its own."""
    return new_redis().url


@pytest.fixture
def check_golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a comparison with a file beside the test; WRITE_GOLDEN=1 writes it instead."""

    def check(name: str, text: str) -> None:
        path = request.path.parent / "golden" / name
        if os.environ.get("WRITE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, f"{name} differs from the golden file"

    return check


def _module(path: Path) -> ModuleType:
    spec = spec_from_file_location(f"shared_{path.parent.name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def models() -> ModuleType:
    """Return how models are drawn, and others made from them, as the tests of weights do it."""
    return _module(Path(__file__).parent / "provenance" / "white_box" / "conftest.py")


@pytest.fixture(scope="session")
def writing() -> object:
    """Return what writes files of weights, as the tests of their readers do it."""
    return _module(Path(__file__).parent / "provenance" / "conftest.py").Writing()

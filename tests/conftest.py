"""What tests of several packages stand on: a Spark session, a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import pytest

from phalanx.logs.engine.spark import SparkEngine

_SUPERUSER = "postgres"
_databases = count()


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

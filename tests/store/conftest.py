"""Stores in SQLite and in a PostgreSQL server of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import pytest

from phalanx.store import Place, place_of

_SUPERUSER = "postgres"
_databases = count()


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


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a place where no store is yet."""
    if request.param == "sqlite":
        return place_of(str(tmp_path / "a.store"))
    folder: Path = request.getfixturevalue("postgres")
    name = f"phalanx{next(_databases)}"
    created = _program("createdb")
    assert created
    _run([created, "-h", str(folder), "-U", _SUPERUSER, name])
    socket = f"{folder}/.s.PGSQL.5432"
    return place_of(f"postgresql://{_SUPERUSER}@/{name}?unix_sock={socket}", tmp_path / "parts")

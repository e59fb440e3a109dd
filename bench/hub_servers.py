"""Servers that hold shared objects, each as a process of its own: the hub and its peer."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

TAXII = "application/taxii+json;version=2.1"
COLLECTION = "11111111-1111-4111-8111-111111111111"
LARGEST_PAGE = 1_000
_ENTRY = Path(__file__).with_name("share_hub.py")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    process: int
    url: str
    """Of its collection."""

    headers: Mapping[str, str]
    database_process: int = 0
    """Of the database server, if it has one."""

    def cpu_seconds(self) -> float:
        """Return what the server, and that of its database, have used so far."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                # Those that have ended count with the process that started them.
                parent, used = int(fields[1]), fields[11:15]
                is_parent = int(stat.parent.name) == self.database_process
                if int(stat.parent.name) == self.process:
                    ticks += sum(map(int, used[:2]))
                elif is_parent or (self.database_process and parent == self.database_process):
                    ticks += sum(map(int, used))
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def hub(database: str, folder: Path, checks: str, *, database_process: int = 0) -> Iterator[Server]:
    """Run a hub with one collection and one member.

    Parameters:
        database: A file, or the URL of an empty database.
        folder: For its key.
        checks: "structure", "schema" or "schema and gate".
        database_process: Of the server of the database, if there is one.
    """
    from phalanx.share.hub import (
        Collection,
        Rights,
        Root,
        add_collection,
        add_key,
        add_member,
        add_root,
        open_database,
        set_rights,
    )
    from phalanx.store import place_of

    opened, now = open_database(place_of(database, folder)), datetime.now(tz=UTC)
    with opened.write() as connection:
        add_root(connection, Root("bench", "Bench"))
        add_collection(connection, Collection(0, "bench", COLLECTION, "Bench"))
        add_member(connection, "member", now)
        key = add_key(connection, "member", secrets.token_bytes, now)
        set_rights(connection, "member", "bench", COLLECTION, Rights(can_write=True))
    opened.close()
    port = _free_port()
    said = {"database": database, "folder": str(folder), "checks": checks, "port": port}
    headers = {"Authorization": f"Bearer {key}"}
    with _running(["--serve", json.dumps(said)], port) as process:
        yield Server(process, _url(port, "bench"), _taxii(headers), database_process)


def serve(said: Mapping[str, str]) -> None:
    """Be the process of a hub."""
    from hub_objects import gated
    from phalanx.share.hub import Check, HubSettings, read_object, serve
    from phalanx.share.wire import check
    from phalanx.store import place_of

    checks: dict[str, Check] = {
        "structure": read_object,
        "schema": lambda raw: check(raw).fields,
        "schema and gate": gated(),
    }
    folder = Path(said["folder"])
    settings = HubSettings(
        place_of(said["database"], folder),
        folder / "hub.key",
        port=int(said["port"]),
        requests_per_second=1e9,
        burst_requests=1e9,
    )
    serve(settings, check=checks[said["checks"]])


@contextmanager
def medallion(folder: Path) -> Iterator[Server]:
    """Run the reference server with one empty collection in its memory."""
    collection = {
        "id": COLLECTION,
        "title": "Bench",
        "can_read": True,
        "can_write": True,
        "media_types": ["application/stix+json;version=2.1"],
        "objects": [],
        "manifest": [],
    }
    about = {"title": "Bench", "versions": [TAXII], "max_content_length": 104_857_600}
    data = {
        "/discovery": {"title": "Bench", "api_roots": []},
        "bench": {"information": about, "status": [], "collections": [collection]},
    }
    (folder / "data.json").write_text(json.dumps(data))
    settings = {
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(folder / "data.json"),
        },
        "users": {"admin": "Password0"},
        "taxii": {"max_page_size": LARGEST_PAGE},
    }
    (folder / "medallion.json").write_text(json.dumps(settings))
    port = _free_port()
    command = ["-m", "medallion.scripts.run", "--port", str(port), str(folder / "medallion.json")]
    # The word "admin:Password0", as Basic wants it.
    headers = {"Authorization": "Basic YWRtaW46UGFzc3dvcmQw"}
    with _running(command, port) as process:
        yield Server(process, _url(port, "bench"), _taxii(headers))


@contextmanager
def postgres(names: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Make a PostgreSQL server, as durable as it is by itself; give its process and URLs.

    Gives nothing where PostgreSQL is not installed.

    Parameters:
        names: Of the databases.
    """
    programs = {name: _program(name) for name in ("initdb", "pg_ctl", "createdb")}
    if not all(programs.values()):
        yield 0, {}
        return
    # The server refuses to run as root; and the path of a socket must be short.
    user = [] if os.getuid() else ["runuser", "-u", "postgres", "--"]
    folder = Path(mkdtemp(prefix="pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, "postgres")
    data = str(folder / "data")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
    control = [*user, str(programs["pg_ctl"]), "-D", data]
    _run([*user, str(programs["initdb"]), "-D", data, "-U", "postgres", "-A", "trust"])
    _run([*control, "-o", options, "-l", str(folder / "log"), "-w", "start"])
    try:
        for name in names:
            _run([str(programs["createdb"]), "-h", str(folder), "-U", "postgres", name])
        process = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        socket_path = f"{folder}/.s.PGSQL.5432"
        yield (
            process,
            {name: f"postgresql://postgres@/{name}?unix_sock={socket_path}" for name in names},
        )
    finally:
        _run([*control, "-m", "immediate", "stop"])
        shutil.rmtree(folder)


@contextmanager
def _running(arguments: list[str], port: int) -> Iterator[int]:
    command = [sys.executable, *([str(_ENTRY)] if arguments[0] == "--serve" else []), *arguments]
    with Path(os.devnull).open("wb") as nothing:
        process = subprocess.Popen(command, stdout=nothing, stderr=nothing)
        try:
            while not _answers(port):
                if process.poll() is not None:
                    message = f"ended before it answered: {command[1]}"
                    raise RuntimeError(message)
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _url(port: int, root: str) -> str:
    return f"http://127.0.0.1:{port}/{root}/collections/{COLLECTION}/"


def _taxii(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {"Accept": TAXII, "Content-Type": TAXII, **headers}


def _program(name: str) -> str | None:
    """Find a program of PostgreSQL, which Debian keeps off the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(debian[-1]) if debian else None)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

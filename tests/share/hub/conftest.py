"""A hub with three members, a clock that tests set, and objects to share."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from phalanx.share.hub import (
    Collection,
    HubSettings,
    Rights,
    Root,
    add_collection,
    add_key,
    add_member,
    add_root,
    create_app,
    open_database,
    set_rights,
)
from phalanx.store import Place, place_of

START = datetime(2026, 3, 1, tzinfo=UTC)
TAXII = "application/taxii+json;version=2.1"
ADDRESS = "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd"
OPEN, OWN, SHUT = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "abc")


@dataclass
class Clock:
    """Time as a test has it."""

    moment: datetime = START

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.moment


@dataclass
class Alliance:
    """A hub and those who use it.

    All know of the collection `open`, and may do everything in it. `own` is known to north only.
    All know of `shut`, and may do nothing in it.
    """

    place: Place
    folder: Path
    keys: dict[str, str]
    nursery: Nursery
    clock: Clock = field(default_factory=Clock)
    open: str = f"/alliance/collections/{OPEN}/"
    own: str = f"/alliance/collections/{OWN}/"
    shut: str = f"/alliance/collections/{SHUT}/"
    _stack: ExitStack = field(default_factory=ExitStack)
    _client: TestClient | None = None

    def settings(self, **more: Any) -> HubSettings:
        """Return the settings of the hub."""
        return HubSettings(self.place, self.folder / "hub.key", **more)

    def start(self, check: Any = None, **more: Any) -> TestClient:
        """Start the hub anew, and return a client that is nobody."""
        checked = {"check": check} if check else {}
        app = create_app(self.settings(**more), now=self.clock, **checked)
        self._client = self._stack.enter_context(TestClient(app))
        return self._client

    @property
    def client(self) -> TestClient:
        """The hub, for a client that is nobody."""
        return self._client or self.start()

    def ask(self, who: str, method: str, path: str, **more: Any) -> Any:
        """Ask the hub as a member."""
        headers = {"Accept": TAXII, "Authorization": f"Bearer {self.keys[who]}"}
        if "content" in more:
            headers["Content-Type"] = TAXII
        return self.client.request(method, path, headers=headers | more.pop("headers", {}), **more)

    def get(self, who: str, path: str, **parameters: Any) -> Any:
        """Read as a member; `match_id` stands for `match[id]`, and so on."""
        named = {
            f"match[{name[6:]}]" if name.startswith("match_") else name: value
            for name, value in parameters.items()
        }
        return self.ask(who, "GET", path, **({"params": named} if named else {}))

    def post(self, who: str, path: str, *objects: Any) -> Any:
        """Add objects as a member."""
        body = json.dumps({"objects": objects})
        return self.ask(who, "POST", path + "objects/", content=body)

    def run(self, **more: Any) -> Running:
        """Run the hub as a process of its own."""
        said = {"database": self.place.name, "key": str(self.folder / "hub.key"), **more}
        running = Running(self.nursery, said)
        self._stack.callback(running.kill)
        running.wait()
        return running

    def close(self) -> None:
        """Stop all hubs that were started."""
        self._stack.close()


class Nursery:
    """A process that has read all that a hub needs, and forks one in no time."""

    def __init__(self) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def born(self, said: dict[str, Any]) -> int:
        """Return the number of a new process that serves a hub."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(said), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@dataclass
class Running:
    """A hub that is a process of its own, as its operators run it."""

    nursery: Nursery
    said: dict[str, Any]
    port: int = 0
    _number: int = 0

    def wait(self) -> None:
        """Start it, and wait until it answers; it may be started again after it was killed."""
        self.port = self.port or _free_port()
        self._number = self.nursery.born(self.said | {"port": self.port})
        for _ in range(1_200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert self._is_there(), "the hub ended"
            time.sleep(0.01)
        pytest.fail("the hub does not answer")

    def kill(self) -> None:
        """Kill it at once, whatever it does."""
        if self._is_there():
            os.kill(self._number, signal.SIGKILL)
        while self._is_there():
            time.sleep(0.002)

    def _is_there(self) -> bool:
        with suppress(ProcessLookupError):
            os.kill(self._number, 0)
            return True
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


_PROGRAM = """
import json, os, signal, sys
from pathlib import Path
from phalanx.share.hub import HubSettings, serve
from phalanx.store import place_of

PATHS = ("key", "certificate", "certificate_key", "client_authority")
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
for line in sys.stdin:
    number = os.fork()
    if number:
        print(number, flush=True)
        continue
    said = json.loads(line)
    paths = {name: Path(said.pop(name)) for name in PATHS if name in said}
    place = place_of(said.pop("database"), Path.cwd())
    serve(HubSettings(database=place, **paths, **said))
    break
"""


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Return where hubs that are processes come from."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(scope="session")
def indicator() -> Callable[..., dict[str, Any]]:
    """Return how to make an indicator; two with one number have one identifier."""

    def made(number: int, version: int = 0, **more: Any) -> dict[str, Any]:
        modified = START - timedelta(days=1) + timedelta(seconds=version)
        return {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--{uuid.UUID(int=number, version=4)}",
            "created": "2026-01-01T00:00:00.000Z",
            "modified": f"{modified:%Y-%m-%dT%H:%M:%S}.000Z",
            "pattern": f"[ipv4-addr:value = '192.0.2.{number % 256}']",
            "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00Z",
            **more,
        }

    return made


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a place where no hub is yet."""
    if request.param == "sqlite":
        return place_of(str(tmp_path / "a.hub"))
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return place_of(new_database(), tmp_path)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Return the file of a hub that has its members, and their keys."""
    file = tmp_path_factory.mktemp("founded") / "a.hub"
    return file, _found(place_of(str(file)))


@pytest.fixture(scope="session")
def founded_in_postgres(new_database: Callable[..., str]) -> str:
    """Return the name of a database that holds the same."""
    place = place_of(new_database(), Path("/"))
    _found(place)
    return str(place.database.database)


@pytest.fixture(scope="session")
def make_alliance(
    request: pytest.FixtureRequest,
    founded: tuple[Path, dict[str, str]],
    nursery: Nursery,
) -> Callable[[str, Path], Alliance]:
    """Return how to make a hub with its members on either kind of database."""

    def made(kind: str, folder: Path) -> Alliance:
        if kind == "sqlite":
            place = place_of(str(shutil.copy(founded[0], folder)))
        else:
            template = request.getfixturevalue("founded_in_postgres")
            place = place_of(request.getfixturevalue("new_database")(template), folder)
        return Alliance(place, folder, founded[1], nursery)

    return made


@pytest.fixture(params=["sqlite", "postgres"])
def alliance(
    request: pytest.FixtureRequest, tmp_path: Path, make_alliance: Callable[[str, Path], Alliance]
) -> Iterator[Alliance]:
    """Return a hub and its members."""
    made = make_alliance(request.param, tmp_path)
    yield made
    made.close()


@pytest.fixture
def small_alliance(
    tmp_path: Path, make_alliance: Callable[[str, Path], Alliance]
) -> Iterator[Alliance]:
    """Return the same on SQLite only, for what does not depend on the database."""
    made = make_alliance("sqlite", tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def fill(indicator: Callable[..., dict[str, Any]]) -> Callable[[Alliance], None]:
    """Return how to add five objects, one in three versions, one in two specifications."""

    def filled(alliance: Alliance) -> None:
        first = indicator(1)
        older = {k: v for k, v in indicator(2, 9).items() if k != "spec_version"}
        for each in (
            indicator(3, 1),
            {**first, "type": "malware", "id": first["id"].replace("indicator", "malware")},
            indicator(2, 5),
            older,
            indicator(3, 2),
            {"type": "ipv4-addr", "id": ADDRESS, "value": "192.0.2.1"},
            indicator(3, 3),
        ):
            alliance.clock.moment += timedelta(minutes=1)
            assert alliance.post("north", alliance.open, each).json()["success_count"] == 1

    return filled


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def filled(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    make_alliance: Callable[[str, Path], Alliance],
    fill: Callable[[Alliance], None],
) -> Iterator[Alliance]:
    """Return a hub that holds these, for tests that only read."""
    made = make_alliance(request.param, tmp_path_factory.mktemp("filled"))
    fill(made)
    yield made
    made.close()


def _found(place: Place) -> dict[str, str]:
    """Make the collections and members of a hub, and return the keys of these."""
    database, keys = open_database(place), dict[str, str]()
    chance = random.Random(1)
    with database.write() as connection:
        add_root(connection, Root("alliance", "The alliance"))
        add_root(connection, Root("elsewhere", "Another one"))
        for name, title in ((OPEN, "Open"), (OWN, "Own"), (SHUT, "Shut")):
            alias = "common" if name == OPEN else None
            add_collection(connection, Collection(0, "alliance", name, title, alias=alias))
        for who in ("north", "south", "east"):
            add_member(connection, who, START)
            keys[who] = add_key(connection, who, chance.randbytes, START)
            every = Rights(can_read=True, can_write=True, can_delete=True)
            set_rights(connection, who, "alliance", OPEN, every)
            set_rights(connection, who, "alliance", SHUT, Rights(can_read=False))
        set_rights(connection, "north", "alliance", OWN, every)
    database.close()
    return keys

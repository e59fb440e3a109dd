"""A console over drawn scans, with users of every role, a clock that tests turn, cheap hashes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient
from tests.formats.conftest import CAMPAIGNS, HOSTILE, scan_of

from phalanx.console.app import create_app
from phalanx.console.people.passwords import Passwords
from phalanx.console.people.roles import Role
from phalanx.console.people.tables import SCHEMA
from phalanx.console.people.users import add_user
from phalanx.console.settings import ConsoleSettings, Places
from phalanx.detect.result import ScanResult
from phalanx.formats.folder import write_scan
from phalanx.share.hub.database import open_database
from phalanx.store import database_of

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
ADDRESS = "https://console.test"
PASSWORD = "four words or more of them"
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
FORM = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Clock:
    """Says the time that a test wants."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Return it."""
        return self.now

    def pass_by(self, **how: float) -> None:
        """Let time pass."""
        self.now += timedelta(**how)


@dataclass
class House:
    """A console and how tests get into it."""

    app: FastAPI
    clock: Clock
    settings: ConsoleSettings
    clients: list[TestClient] = field(default_factory=list)

    def browser(self) -> TestClient:
        """Return a browser that nobody has signed in with; it follows no redirect."""
        client = TestClient(self.app, base_url=ADDRESS, follow_redirects=False)
        self.clients.append(client)
        return client

    def user(self, name: str, role: Role, password: str = PASSWORD) -> None:
        """Enter one more user."""
        database = open_database(self.settings.database, schema=SCHEMA)
        with database.write() as connection:
            add_user(connection, name, role, CHEAP.hashed("nobody", password), NOW)
        database.close()

    def signed_in(self, role: Role | str, password: str = PASSWORD) -> TestClient:
        """Return the browser of a user; each role has one of its name."""
        client = self.browser()
        answer = sign_in(client, str(role), password)
        assert answer.status_code == 303, answer.text
        return client


def sign_in(client: TestClient, name: str, password: str, came_for: str = "/") -> Response:
    """Fill in the form of sign-in."""
    form = csrf_in(client.get("/sign-in").text)
    said = {"csrf": form, "name": name, "password": password, "came_for": came_for}
    return client.post("/sign-in", data=said)


def csrf_in(page: str) -> str:
    """Return what the first form of a page carries."""
    found = FORM.search(page)
    assert found
    return found[1]


@pytest.fixture(scope="session")
def result() -> ScanResult:
    """Return a scan of three campaigns and everything beside them."""
    return scan_of(CAMPAIGNS)


@pytest.fixture(scope="session")
def hostile_result() -> ScanResult:
    """Return a scan in which every free text is an attack on its reader."""
    return scan_of(
        tuple(
            replace(each, templates=(HOSTILE,), capabilities={HOSTILE: 0.5}, models=(HOSTILE,))
            for each in CAMPAIGNS
        ),
        text=HOSTILE,
    )


@pytest.fixture(scope="session")
def scan_folder(result: ScanResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of that scan."""
    folder = tmp_path_factory.mktemp("scans") / "march"
    write_scan(result, folder)
    return folder


@pytest.fixture(scope="session")
def made_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with a user for each role."""
    path = tmp_path_factory.mktemp("console") / "made.db"
    database = open_database(database_of(str(path)), schema=SCHEMA)
    with database.write() as connection:
        for role in Role:
            add_user(connection, role.value, role, CHEAP.hashed(role.value, PASSWORD), NOW)
    database.close()
    return path


@contextmanager
def house_of(settings: ConsoleSettings) -> Iterator[House]:
    """Run a console."""
    clock = Clock()
    app = create_app(settings, clock=clock, passwords=CHEAP)
    house = House(app, clock, settings)
    yield house
    for client in house.clients:
        client.close()
    app.state.close()


@pytest.fixture
def settings(made_database: Path, scan_folder: Path, tmp_path: Path) -> ConsoleSettings:
    """Return the settings of a console that shows one scan."""
    path = tmp_path / "console.db"
    path.write_bytes(made_database.read_bytes())
    path.chmod(0o600)
    return ConsoleSettings(
        database=database_of(str(path)),
        places=Places(scans=(scan_folder,)),
        url=ADDRESS,
        behind_proxy=True,
    )


@pytest.fixture
def house(settings: ConsoleSettings) -> Iterator[House]:
    """Return a console that shows one scan."""
    with house_of(settings) as house:
        yield house


@pytest.fixture
def house_with(settings: ConsoleSettings) -> Iterator[Callable[..., House]]:
    """Return how to make a console with other settings, or other places."""
    opened = []

    def made(places: dict[str, object] | None = None, **changes: object) -> House:
        told = replace(settings, **changes)  # type: ignore[arg-type]
        if places:
            told = replace(told, places=replace(told.places, **places))  # type: ignore[arg-type]
        context = house_of(told)
        opened.append(context)
        return context.__enter__()

    yield made
    for context in opened:
        context.__exit__(None, None, None)

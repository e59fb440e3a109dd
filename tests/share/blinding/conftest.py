"""A key server with real keys, a real database and a clock that tests set."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from phalanx.share.asking import Patience
from phalanx.share.blinding.allowances import Limits
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.client import BlindingClient
from phalanx.share.blinding.epochs import EpochKey
from phalanx.share.blinding.keyring import add_epoch
from phalanx.share.blinding.members import add_member
from phalanx.share.blinding.server import create_app
from phalanx.share.blinding.settings import KeyServerSettings
from phalanx.share.blinding.tables import open_tables
from phalanx.store import place_of

START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Clock:
    """Time as a test has it."""

    moment: datetime = START

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.moment


class Tapped:
    """Everything that a server receives and sends."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before it."""
        self._app = app
        self.heard = bytearray()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand everything on."""
        self.heard += repr(scope.get("headers")).encode() + repr(scope.get("path")).encode()

        async def received() -> Message:
            message = await receive()
            self.heard += message.get("body", b"")
            return message

        async def sent(message: Message) -> None:
            self.heard += message.get("body", b"")
            await send(message)

        await self._app(scope, received, sent)


@dataclass
class House:
    """A key server and one member."""

    settings: KeyServerSettings
    epoch: EpochKey
    api_key: str
    clock: Clock
    tapped: Tapped
    http: TestClient
    pauses: list[float] = field(default_factory=list)

    def server(self, patience: Patience | None = None, api_key: str = "") -> KeyServer:
        """Return the key server as the member reaches it."""
        return KeyServer(
            self.http,
            api_key or self.api_key,
            patience,
            random.Random(5).randbytes,
            self.pauses.append,
        )

    def client(self, epoch: EpochKey | None = None) -> BlindingClient:
        """Return the member's client."""
        return BlindingClient(self.server(), epoch or self.epoch, random.Random(6).randbytes)


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Build a house; keywords are limits of the member."""
    with ExitStack() as stack:

        def built(limits: Limits | None = None) -> House:
            settings = KeyServerSettings(tmp_path / "keys", place_of(str(tmp_path / "keys.db")))
            epoch = add_epoch(settings.keys, START, timedelta(days=30), timedelta(days=7))
            engine = open_tables(settings.database)
            source = random.Random(7).randbytes
            api_key = add_member(engine, "north", limits or Limits(), source, START)
            clock = Clock()
            tapped = Tapped(create_app(settings, now=clock, random=random.Random(8).randbytes))
            http = stack.enter_context(TestClient(tapped, "http://localhost"))
            return House(settings, epoch, api_key, clock, tapped, http)

        yield built


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """Build one with the usual limits."""
    return build()

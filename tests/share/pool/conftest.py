"""A hub with a pool beside it, four members, and a clock that tests set."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient

from phalanx.share.blinding.encoding import to_text
from phalanx.share.hub import HubSettings, add_key, add_member, create_app, open_database
from phalanx.share.hub.database import Database
from phalanx.share.pool import (
    POOL,
    SOURCES,
    Evaluation,
    Finding,
    Round,
    add_member_key,
    add_round,
    entries_of,
    evaluate,
    pool_routes,
    signed_batch,
)
from phalanx.store import database_of

START = datetime(2026, 3, 1, tzinfo=UTC)
MEMBERS = ("north", "south", "east")
STRANGER = "west"
TAXII = "application/taxii+json;version=2.1"
ROUND = Round(name="2026-03", epoch=1, closes_at=START + timedelta(days=7))


def finding(log10_apart: float, log10_use: float, parties: int) -> Finding:
    """Return a finding that needs none of the sources for what it says of linkage."""
    return Finding((log10_apart,) * len(SOURCES), log10_use, parties)


SURE = finding(6.0, 3.0, 5)


def token_of(number: int) -> str:
    """Return a token as the key server would."""
    return to_text(number.to_bytes(32, "big"))


@dataclass
class Clock:
    """Time as a test has it."""

    moment: datetime = START

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.moment


@dataclass
class Alliance:
    """A hub, its pool, and members with their keys; west is a member of the hub only."""

    http: TestClient
    pool: Database
    clock: Clock
    api_keys: dict[str, str] = field(default_factory=dict)
    signing: dict[str, Ed25519PrivateKey] = field(default_factory=dict)

    def ask(self, who: str, method: str, path: str, **more: Any) -> Any:
        """Ask as a member; `nobody` shows no proof."""
        proof = {"Authorization": f"Bearer {self.api_keys[who]}"} if who in self.api_keys else {}
        headers = {"Accept": TAXII, "Content-Type": TAXII, **proof}
        return self.http.request(method, f"/x-pool/rounds/{path}", headers=headers, **more)

    def batch(
        self, who: str, findings: dict[str, Finding], round_: Round = ROUND, seed: int = 1
    ) -> bytes:
        """Return a member's signed batch."""
        entries = entries_of(findings, round_, random.Random(f"{who} {seed}").randbytes)
        return signed_batch(entries, round_, who, self.signing[who], self.clock.moment)

    def submit(self, who: str, body: bytes, name: str = ROUND.name) -> Any:
        """Send a batch as a member."""
        return self.ask(who, "PUT", f"{name}/batch/", content=body)

    def send(self, who: str, findings: dict[str, Finding], round_: Round = ROUND) -> None:
        """Submit, and expect it to be taken."""
        answer = self.submit(who, self.batch(who, findings, round_), round_.name)
        assert answer.status_code == 201, answer.text

    def close_round(self, round_: Round = ROUND) -> Evaluation:
        """Let the round end, and evaluate it."""
        self.clock.moment = round_.closes_at
        return evaluate(self.pool, round_.name, self.clock.moment)

    def told(self, who: str, round_: Round = ROUND) -> list[dict[str, Any]]:
        """Return what a member is told."""
        told: list[dict[str, Any]] = self.ask(who, "GET", f"{round_.name}/report/").json()["told"]
        return told

    def open_round(self, name: str, **more: Any) -> Round:
        """Open another round, for a week from now."""
        made = replace(ROUND, name=name, closes_at=self.clock.moment + timedelta(days=7), **more)
        with self.pool.write() as connection:
            add_round(connection, made)
        return made


def changed(body: bytes, **more: Any) -> bytes:
    """Return a batch with other fields under the same signature."""
    said = json.loads(body)
    said["batch"] |= more
    return json.dumps(said).encode()


@pytest.fixture
def alliance(tmp_path: Path) -> Iterator[Alliance]:
    """Return a hub with a pool, and one open round."""
    clock, chance = Clock(), random.Random(1)
    pool = open_database(database_of(str(tmp_path / "pool.db")), schema=POOL)
    place = database_of(str(tmp_path / "alliance.hub"))
    hub = open_database(place)
    with ExitStack() as stack:
        app = create_app(
            HubSettings(place, tmp_path / "hub.key"), extensions=(pool_routes(pool),), now=clock
        )
        made = Alliance(stack.enter_context(TestClient(app)), pool, clock)
        with hub.write() as in_hub, pool.write() as in_pool:
            for who in (*MEMBERS, STRANGER):
                add_member(in_hub, who, START)
                made.api_keys[who] = add_key(in_hub, who, chance.randbytes, START)
                made.signing[who] = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
            for who in MEMBERS:
                public = made.signing[who].public_key().public_bytes_raw()
                add_member_key(in_pool, who, to_text(public))
            add_round(in_pool, ROUND)
        hub.close()
        yield made
    pool.close()

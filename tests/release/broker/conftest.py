"""A broker that holds the key of a release, and an attester."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient

from phalanx.release.attested import Session
from phalanx.release.broker.broker import Broker
from phalanx.release.broker.policy import token_policy
from phalanx.release.broker.service import create_app
from phalanx.release.broker.tables import open_tables
from phalanx.release.logged.book import begin_book
from phalanx.release.packages.package import check_package
from phalanx.release.parties.party_keys import new_keys
from phalanx.release.seal import Sealing, seal_release
from phalanx.store.place import database_of

ATTESTER = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
AUDIENCE, ISSUER = "https://broker.lab.example", "https://attester.example"


def _key_set(key: Ed25519PrivateKey) -> bytes:
    public = jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return json.dumps({"keys": [{**public, "kid": "k1"}]}).encode()


@pytest.fixture
def rules(deal: Any) -> dict[str, Any]:
    """Return under what the key is handed out: twice, to a debug-free confidential machine."""
    return {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "algorithms": ["EdDSA"],
        "most_releases": 2,
        "not_after": (deal.now + timedelta(days=9)).isoformat().replace("+00:00", "Z"),
        "claims": {"dbgstat": ["disabled"], "submods.gpu.secboot": [True]},
    }


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the database of the broker: a file, or a new one of PostgreSQL where a test asks."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return str(tmp_path / "broker.db")
    made: str = request.getfixturevalue("new_database")()
    return made


@pytest.fixture
def brokered(
    deal: Any, model: Path, sealing: Sealing, tmp_path: Path, rules: dict[str, Any], database: str
) -> Any:
    """Return a running broker: its client, its clock, its log and a release whose key it holds."""
    keys = new_keys("Broker", random.Random("Broker").randbytes)
    seal_release(model, tmp_path / "release", replace(sealing, broker=keys.identity))
    parties = (deal.lab.identity, deal.partner.identity)
    package = check_package(tmp_path / "release", *parties)
    held = SimpleNamespace(now=deal.now, trusted=None)
    broker = Broker(
        keys=keys,
        engine=open_tables(database_of(database)),
        book=begin_book(tmp_path / "log", "lab.example/broker", 1),
        now=lambda: held.now,
        random=random.Random(77).randbytes,
        trusted=lambda: held.trusted,
    )
    broker.add(package, parties, token_policy(rules, _key_set(ATTESTER)))
    client = TestClient(create_app(broker), raise_server_exceptions=False)
    return SimpleNamespace(
        broker=broker, client=client, clock=held, grant=package.agreed.digest,
        folder=tmp_path / "release", package=package, parties=parties, rules=rules,
        key_set=_key_set(ATTESTER), database=database,
    )  # fmt: skip


@pytest.fixture
def session(brokered: Any) -> Callable[[], Session]:
    """Return how a machine begins."""
    seeds = random.Random(5)

    def begin() -> Session:
        answer = brokered.client.post("/v1/challenges", json={"grant": brokered.grant})
        assert answer.status_code == 200
        challenge = bytes.fromhex(answer.json()["challenge"])
        return Session(grant=brokered.grant, challenge=challenge, seed=seeds.randbytes(32))

    return begin


@pytest.fixture
def token(brokered: Any) -> Callable[..., str]:
    """Return how the attester vouches for a nonce; claims and key can be others."""

    def make(nonce: str, *, key: Any = ATTESTER, kid: str = "k1", **claims: Any) -> str:
        now = int(brokered.clock.now.timestamp())
        said = {
            "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 60, "eat_nonce": nonce,
            "dbgstat": "disabled", "submods": {"gpu": {"secboot": True}}, **claims,
        }  # fmt: skip
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, key, algorithm="EdDSA", headers={"kid": kid})

    return make


@pytest.fixture
def ask(brokered: Any, deal: Any) -> Callable[..., Any]:
    """Return how the partner asks for the key."""

    def send(session: Session, token: str, keys: Any = None) -> Any:
        request = session.request(keys or deal.partner, token, brokered.clock.now)
        said = {"request": json.loads(request.as_bytes()), "token": token}
        return brokered.client.post("/v1/keys", json=said)

    return send


@pytest.fixture
def release_for_recipient(brokered: Any, model: Path, sealing: Sealing, tmp_path: Path) -> Any:
    """Return a release whose key is in it."""
    seal_release(model, tmp_path / "plain", sealing)
    return check_package(tmp_path / "plain", *brokered.parties)

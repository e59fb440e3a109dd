"""Who a member is to the hub, and how long a proof is good."""

from __future__ import annotations

import base64
import random
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from phalanx.errors import InputError
from phalanx.share.hub import (
    Rights,
    add_certificate,
    add_key,
    add_member,
    open_database,
    remove_certificates,
    revoke_key,
    set_password,
    set_rights,
    suspend_member,
)
from phalanx.share.hub.hub import CERTIFICATE
from phalanx.share.hub.tables import KEYS, MEMBERS

TAXII = "application/taxii+json;version=2.1"
PATH = "/alliance/collections/common/"


def _status(alliance: Any, **headers: str) -> int:
    named = {"Accept": TAXII, **headers}
    shown = [(name.encode(), value.encode("latin-1", "replace")) for name, value in named.items()]
    answer = alliance.client.get(PATH, headers=shown)
    return int(answer.status_code)


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.fixture
def hub(small_alliance: Any) -> Any:
    """Return a hub that runs on SQLite."""
    return small_alliance


def test_an_api_key_is_taken_in_every_place_where_clients_put_one(hub: Any) -> None:
    """As a bearer token, as a token, in a header of its own, as the password of HTTP Basic."""
    key = hub.keys["north"]
    for headers in (
        {"Authorization": f"Bearer {key}"},
        {"Authorization": f"bearer  {key}"},
        {"Authorization": f"Token {key}"},
        {"X-API-Key": key},
        {"Authorization": _basic("north", key)},
    ):
        assert _status(hub, **headers) == 200


@pytest.mark.parametrize(
    "proof",
    [
        "Bearer",
        "Bearer phx.0123456789abcdef.",
        "Bearer pht.AAAA",
        "Bearer pht.\xff",
        "Digest x",
        "Basic !",
        "Basic /w==",
        _basic("north", ""),
        _basic("\ud7ff" * 99, "x" * 9_999),
        _basic("", ":"),
    ],
)
def test_what_proves_nothing(hub: Any, proof: str) -> None:
    """Is 401, however it is broken."""
    assert _status(hub, Authorization=proof) == 401


def test_a_key_of_another_or_with_one_changed_digit_proves_nothing(hub: Any) -> None:
    """Nor does a right key with a wrong name."""
    key = hub.keys["north"]
    other = "A" if key[-2] != "A" else "B"
    assert _status(hub, Authorization=f"Bearer {key[:-2]}{other}{key[-1]}") == 401
    assert _status(hub, Authorization=_basic("south", key)) == 401
    mixed = key[:21] + hub.keys["south"][21:]
    assert _status(hub, Authorization=f"Bearer {mixed}") == 401


def test_only_hashes_are_kept(hub: Any) -> None:
    """Neither a key nor a password stands in the database."""
    database = open_database(hub.place)
    with database.write() as connection:
        set_password(connection, "north", "Tr0ub4dor", random.Random(1).randbytes)
        kept = [connection.execute(select(table)).all() for table in (KEYS, MEMBERS)]
    database.close()
    assert "Tr0ub4dor" not in str(kept)
    assert not any(key.split(".")[2] in str(kept) for key in hub.keys.values())


def test_a_revoked_key_is_worth_nothing_nor_are_its_tokens(hub: Any) -> None:
    """From the next request on; other keys of the member stay good."""
    token = hub.ask("north", "POST", "/x-token/").json()["token"]
    database = open_database(hub.place)
    with database.write() as connection:
        second = add_key(connection, "north", random.Random(2).randbytes, hub.clock())
        revoke_key(connection, hub.keys["north"].split(".")[1], hub.clock())
        with pytest.raises(InputError, match="no key that is in use"):
            revoke_key(connection, hub.keys["north"].split(".")[1], hub.clock())
    database.close()
    assert _status(hub, Authorization=f"Bearer {hub.keys['north']}") == 401
    assert _status(hub, Authorization=f"Bearer {token}") == 401
    assert _status(hub, Authorization=f"Bearer {second}") == 200


def test_a_suspended_member_is_turned_away(hub: Any) -> None:
    """Whatever it shows, until it is taken back."""
    token = hub.ask("north", "POST", "/x-token/").json()["token"]
    database = open_database(hub.place)
    for is_active, status in ((False, 401), (True, 200)):
        with database.write() as connection:
            suspend_member(connection, "north", is_active=is_active)
        for proof in (hub.keys["north"], token):
            assert _status(hub, Authorization=f"Bearer {proof}") == status
    database.close()


def test_a_token_ends(hub: Any) -> None:
    """And cannot be changed, nor made from a place in a list."""
    answer = hub.ask("north", "POST", "/x-token/")
    said = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert said["expires_in"] == 900
    changed = said["token"][:-3] + ("AAA" if said["token"][-3:] != "AAA" else "BBB")
    assert _status(hub, Authorization=f"Bearer {changed}") == 401
    hub.clock.moment += timedelta(seconds=899)
    assert _status(hub, Authorization=f"Bearer {said['token']}") == 200
    hub.clock.moment += timedelta(seconds=1)
    assert _status(hub, Authorization=f"Bearer {said['token']}") == 401


def test_a_password(hub: Any) -> None:
    """Is for old clients; one that was right stops to be so when it is changed."""
    database = open_database(hub.place)
    chance = random.Random(3)
    with database.write() as connection:
        set_password(connection, "north", "first", chance.randbytes)
    for password, status in (("first", 200), ("first", 200), ("second", 401)):
        assert _status(hub, Authorization=_basic("north", password)) == status
    with database.write() as connection:
        set_password(connection, "north", "second", chance.randbytes)
    database.close()
    for password, status in (("first", 401), ("second", 200), ("second", 200)):
        assert _status(hub, Authorization=_basic("north", password)) == status
    hub.clock.moment += timedelta(seconds=61)
    for password, status in (("first", 401), ("second", 200)):
        assert _status(hub, Authorization=_basic("north", password)) == status


def test_a_certificate_proves_its_member_and_must_agree_with_other_proofs(hub: Any) -> None:
    """What the server found out about the connection counts, no header does."""
    database = open_database(hub.place)
    with database.write() as connection:
        add_certificate(connection, "north", ":".join(["AB"] * 32), hub.clock())
        with pytest.raises(InputError, match="SHA-256"):
            add_certificate(connection, "north", "ab" * 31, hub.clock())
    app = hub.client.app

    async def showing(scope: Any, receive: Any, send: Any) -> None:
        await app(scope | {CERTIFICATE: "ab" * 32}, receive, send)

    client = TestClient(showing, headers={"Accept": TAXII})
    assert client.get(PATH).status_code == 200
    for proof, status in ((hub.keys["north"], 200), (hub.keys["south"], 401), ("nothing", 401)):
        answer = client.get(PATH, headers={"Authorization": f"Bearer {proof}"})
        assert answer.status_code == status
    with database.write() as connection:
        assert remove_certificates(connection, "north") == 1
        with pytest.raises(InputError, match="nobody"):
            remove_certificates(connection, "nobody")
    database.close()
    assert client.get(PATH).status_code == 401


def test_who_asks_too_often_waits(small_alliance: Any) -> None:
    """429 says for how long; other members are not affected."""
    small_alliance.start(requests_per_second=0.01, burst_requests=3)
    statuses = [small_alliance.get("north", PATH).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    answer = small_alliance.get("north", PATH)
    assert int(answer.headers["retry-after"]) > 1
    assert answer.json()["http_status"] == "429"
    assert small_alliance.get("south", PATH).status_code == 200


def test_who_fails_too_often_waits_even_with_a_right_proof(small_alliance: Any) -> None:
    """An address that guesses is not told when it has guessed right."""
    statuses = [_status(small_alliance, Authorization="Bearer x") for _ in range(40)]
    assert set(statuses) == {401, 429}
    assert small_alliance.get("north", PATH).status_code == 429


def test_who_has_many_addresses_fails_as_one(small_alliance: Any) -> None:
    """A subscriber of version 6 has 2^64 of them; another subscriber is not kept out."""
    app = small_alliance.client.app

    def status(number: int, proof: str, subscriber: int = 1) -> int:
        host = f"2001:db8:0:{subscriber}::{number:x}"
        client = TestClient(app, headers={"Accept": TAXII}, client=(host, 5_000))
        return client.get(PATH, headers={"Authorization": f"Bearer {proof}"}).status_code

    assert {status(number, "x") for number in range(40)} == {401, 429}
    assert status(99, small_alliance.keys["north"]) == 429
    assert status(99, small_alliance.keys["north"], subscriber=2) == 200


def test_members_that_cannot_be(hub: Any) -> None:
    """A name twice, a name that is none, and members that are not there."""
    database = open_database(hub.place)
    with database.write() as connection:
        for name in ("north", "", "a b", "-a", "a" * 65, "né"):
            with pytest.raises(InputError):
                add_member(connection, name, hub.clock())
        with pytest.raises(InputError, match="no such member"):
            suspend_member(connection, "nobody")
        with pytest.raises(InputError, match="no such collection"):
            set_rights(connection, "north", "alliance", "nothing", Rights())
        set_rights(connection, "north", "alliance", hub.open.split("/")[3], None)
    database.close()
    assert hub.get("north", hub.open).status_code == 404

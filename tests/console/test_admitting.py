"""Sessions and tokens one by one, tokens that are traded, and passwords that were breached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.console.conftest import NOW, PASSWORD, House, csrf_in, sign_in
from tests.console.people.test_breached import listed

from phalanx.console.people.breached import BreachedList
from phalanx.console.people.programs import add_token
from phalanx.console.people.roles import Role
from phalanx.console.people.tables import SCHEMA
from phalanx.errors import ConfigError
from phalanx.govern.ledger import begin_ledger, open_ledger
from phalanx.share.hub.database import open_database

Make = Callable[..., House]
NEW = "another four words at least"


def token_of(house: House, name: str, seed: int = 0) -> dict[str, str]:
    """Make a token as the command does, and return the header that carries it."""
    database = open_database(house.settings.database, schema=SCHEMA)
    with database.write() as connection:
        token = add_token(connection, name, NOW, 12, lambda size: bytes([seed]) * size)
    database.close()
    return {"Authorization": f"Bearer {token}"}


def test_who_lost_a_laptop_ends_that_session_alone(house: House) -> None:
    """Each is listed with when it began and was used; this one is told from the others."""
    lost = house.signed_in(Role.ANALYST)
    house.clock.pass_by(minutes=10)
    here = house.signed_in(Role.ANALYST)
    house.signed_in(Role.COUNSEL)
    found = here.get("/api/v1/me").json()["admissions"]
    assert [each["user"] for each in found] == ["analyst", "analyst"]
    assert found[0]["began_at"] > found[1]["began_at"]
    page = here.get("/me").text
    assert page.count("this one</span>") == 1
    assert f'/me/sessions/{found[0]["id"]}/end"' not in page
    path = f"/me/sessions/{found[1]['id']}/end"
    assert path in page
    assert here.post(path, data={"csrf": csrf_in(page)}).status_code == 303
    assert lost.get("/me").status_code == 303
    assert here.get("/me").status_code == 200
    assert here.post(path, data={"csrf": csrf_in(page)}).status_code == 409


def test_a_list_shows_what_is_good_now(house: House) -> None:
    """A session that ran out, by rest or by its time, and a token that did are in no list."""
    token_of(house, "analyst")
    client = house.signed_in(Role.ANALYST)
    assert len(client.get("/api/v1/me").json()["admissions"]) == 2
    house.clock.pass_by(minutes=31)
    client = house.signed_in(Role.ANALYST)
    assert len(client.get("/api/v1/me").json()["admissions"]) == 2
    house.clock.pass_by(hours=12)
    (only,) = house.signed_in(Role.ANALYST).get("/api/v1/me").json()["admissions"]
    assert only["of"] == "browser"


def test_nobody_ends_a_session_of_somebody_else_but_an_administrator(
    house_with: Make, tmp_path: Path
) -> None:
    """Who knows its id is refused as if there were none; the administrator's act is on record."""
    begin_ledger(tmp_path / "ledger", "lab.example/ledger", int(NOW.timestamp()))
    house = house_with(places={"ledger": tmp_path / "ledger"})
    victim, other = house.signed_in(Role.ANALYST), house.signed_in(Role.AUDITOR)
    admin = house.signed_in(Role.ADMINISTRATOR)
    every = other.get("/api/v1/people").json()["admissions"]
    assert {each["user"] for each in every} == {"analyst", "auditor", "administrator"}
    (found,) = (each["id"] for each in every if each["user"] == "analyst")
    mine, anybodys = f"/me/sessions/{found}/end", f"/people/sessions/{found}/end"
    page = other.get("/people").text
    assert anybodys not in page
    token = {"csrf": csrf_in(page)}
    assert other.post(mine, data=token).status_code == 409
    assert other.post(anybodys, data=token).status_code == 403
    assert victim.get("/me").status_code == 200
    page = admin.get("/people").text
    assert anybodys in page
    assert admin.post(anybodys, data={"csrf": csrf_in(page)}).status_code == 303
    assert victim.get("/me").status_code == 303
    last = list(open_ledger(tmp_path / "ledger").events())[-1].event
    assert (last.actor, last.subject, last.facts["act"]) == (
        "administrator", "user analyst", "ended",
    )  # fmt: skip


def test_a_program_trades_its_token_before_it_ends(house: House) -> None:
    """The new one is good for half a day, the old one for a minute more."""
    client, old = house.browser(), token_of(house, "counsel")
    house.clock.pass_by(hours=11)
    made = client.post("/api/v1/me/token", headers=old)
    assert made.status_code == 200, made.text
    new = {"Authorization": f"Bearer {made.json()['token']}"}
    now = house.clock.now.timestamp()
    assert made.json()["expires_at"] == now + 43_200
    assert made.json()["tradable_until"] == (NOW + timedelta(days=30)).timestamp()
    assert client.get("/api/v1/campaigns", headers=old).status_code == 200
    house.clock.pass_by(seconds=61)
    assert client.get("/api/v1/campaigns", headers=old).status_code == 401
    assert client.post("/api/v1/me/token", headers=old).status_code == 401
    assert client.get("/api/v1/campaigns", headers=new).status_code == 200
    house.clock.pass_by(hours=12)
    assert client.get("/api/v1/campaigns", headers=new).status_code == 401


def test_trading_ends_when_the_first_token_is_old(house: House) -> None:
    """A month of trades, and no answer is good for longer than that."""
    client, bearer = house.browser(), token_of(house, "counsel")
    trades = 0
    while True:
        house.clock.pass_by(hours=11)
        made = client.post("/api/v1/me/token", headers=bearer)
        if made.status_code != 200:
            break
        said = made.json()
        assert said["expires_at"] <= said["tradable_until"]
        bearer = {"Authorization": f"Bearer {said['token']}"}
        trades += 1
    assert made.status_code == 401
    assert trades == 30 * 24 // 11


def test_a_session_is_no_token_and_a_stolen_token_shows(house: House) -> None:
    """A browser gets none; when a thief trades, the program is left without, which is seen."""
    browser = house.signed_in(Role.ANALYST)
    head = {"X-CSRF-Token": csrf_in(browser.get("/me").text)}
    assert browser.post("/api/v1/me/token", headers=head).status_code == 403
    bearer = token_of(house, "counsel")
    thief = house.browser().post("/api/v1/me/token", headers=bearer)
    assert thief.status_code == 200
    house.clock.pass_by(minutes=2)
    assert house.browser().post("/api/v1/me/token", headers=bearer).status_code == 401
    owner = house.signed_in(Role.COUNSEL)
    listed_tokens = [
        each["id"]
        for each in owner.get("/api/v1/me").json()["admissions"]
        if each["of"] == "program"
    ]
    assert len(listed_tokens) == 1
    page = owner.get("/me").text
    path = f"/me/sessions/{listed_tokens[0]}/end"
    assert owner.post(path, data={"csrf": csrf_in(page)}).status_code == 303
    stolen = {"Authorization": f"Bearer {thief.json()['token']}"}
    assert house.browser().get("/api/v1/me", headers=stolen).status_code == 401


@pytest.mark.parametrize("days", [2, 300])
def test_a_token_that_lasts_longer_than_a_day_is_none(house: House, days: int) -> None:
    """Such as one of an earlier version, which was good for a year."""
    later = NOW + timedelta(days=days)
    database = open_database(house.settings.database, schema=SCHEMA)
    with database.write() as connection:
        token = add_token(connection, "counsel", later, 12, bytes)
    database.close()
    bearer = {"Authorization": f"Bearer {token}"}
    assert house.browser().get("/api/v1/me", headers=bearer).status_code == 401


def test_a_breached_password_is_changed_before_anything_else(
    house_with: Make, tmp_path: Path
) -> None:
    """It opens nothing; a new one is asked for on the spot, and a breached one is not taken."""
    breached = listed(tmp_path / "list.txt", [PASSWORD, "trustno1trustno1"])
    house = house_with(breached=BreachedList(breached))
    client = house.browser()
    answer = sign_in(client, "analyst", PASSWORD)
    assert answer.status_code == 403
    assert "others know it" in answer.text
    assert 'name="again"' in answer.text
    assert client.get("/me").status_code == 303

    def change(present: str, first: str, again: str) -> int:
        said = {"csrf": csrf_in(client.get("/sign-in").text), "name": "analyst"}
        new = {"password": present, "new": first, "again": again}
        return int(client.post("/sign-in", data={**said, **new}).status_code)

    assert change("not that one at all", NEW, NEW) == 403
    assert change(PASSWORD, "trustno1trustno1", "trustno1trustno1") == 409
    assert change(PASSWORD, NEW, "something else than that") == 409
    assert change(PASSWORD, "short", "short") == 409
    assert client.get("/me").status_code == 303
    assert change(PASSWORD, NEW, NEW) == 303
    page = client.get("/me")
    assert page.status_code == 200
    said = {"csrf": csrf_in(page.text), "present": NEW}
    for again, status in (("trustno1trustno1", 409), ("five words are better still", 303)):
        answer = client.post("/me/password", data={**said, "new": again, "again": again})
        assert answer.status_code == status
    assert sign_in(house.browser(), "analyst", PASSWORD).status_code == 403
    answer = sign_in(house.browser(), "analyst", "five words are better still")
    assert answer.status_code == 303


def test_a_wrong_new_password_is_no_way_around_the_old_one(house_with: Make) -> None:
    """Fields for a new password do nothing where the present one is in no list."""
    client = house_with().browser()
    said = {"csrf": csrf_in(client.get("/sign-in").text), "name": "analyst", "password": PASSWORD}
    assert client.post("/sign-in", data={**said, "new": NEW, "again": NEW}).status_code == 303
    assert sign_in(house_with().browser(), "analyst", NEW).status_code == 403


def test_a_list_that_is_none_stops_the_console_at_its_start(
    house_with: Make, tmp_path: Path
) -> None:
    """Not at the first password that somebody wants to change."""
    (tmp_path / "list.txt").write_text("123456\n")
    with pytest.raises(ConfigError, match="no list of breached"):
        house_with(breached=BreachedList(tmp_path / "list.txt"))

"""Signing in and out: what is asked, what ends a session, what a wrong guess costs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.console.conftest import CHEAP, NOW, PASSWORD, House, csrf_in, sign_in

from phalanx.console.people.passwords import Passwords
from phalanx.console.people.roles import Role
from phalanx.console.people.tables import SCHEMA
from phalanx.console.people.users import disable_user, set_password
from phalanx.share.hub.database import open_database


def test_a_name_and_its_password_open_the_console(house: House) -> None:
    """However the name is written; the cookie is out of reach of scripts and of other hosts."""
    client = house.browser()
    answer = sign_in(client, " Analyst ", PASSWORD)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = next(c for c in answer.headers.get_list("set-cookie") if "phalanx=" in c)
    assert cookie.startswith("__Host-phalanx=")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    assert "analyst" in client.get("/").text


def test_a_wrong_name_and_a_wrong_password_are_told_alike(house: House) -> None:
    """Nobody learns which names there are."""
    told = {
        sign_in(house.browser(), name, "wrong, and long enough").text.replace(name, "NAME")
        for name in ("analyst", "nobody")
    }
    pages = {page.split('name="csrf"')[0] for page in told}
    assert len(pages) == 1
    assert "wrong" in pages.pop()


def test_a_page_that_somebody_came_for_is_shown_after_signing_in(house: House) -> None:
    """And no page of another site ever is."""
    client = house.browser()
    location = client.get("/campaigns?scan=march").headers["location"]
    assert location == "/sign-in?came_for=%2Fcampaigns%3Fscan%3Dmarch"
    assert 'value="/campaigns?scan=march"' in client.get(location).text
    assert sign_in(client, "analyst", PASSWORD, "/campaigns").headers["location"] == "/campaigns"
    for evil in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", ""):
        answer = sign_in(house.browser(), "analyst", PASSWORD, evil)
        assert answer.headers["location"] == "/"


def test_guesses_cost_more_and_more_time(house: House) -> None:
    """Five are free; then even the right password has to wait."""
    for _ in range(5):
        assert sign_in(house.browser(), "counsel", "not this one at all").status_code == 403
    answer = sign_in(house.browser(), "counsel", PASSWORD)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "5"
    assert sign_in(house.browser(), "analyst", PASSWORD).status_code == 303
    house.clock.pass_by(seconds=6)
    assert sign_in(house.browser(), "counsel", PASSWORD).status_code == 303
    assert sign_in(house.browser(), "counsel", "not this one at all").status_code == 403


def test_guesses_that_come_at_once_are_no_cheaper(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one password is compared others arrive: of ten, five are looked at."""
    looked_at = []

    def slowly(self: Passwords, kept: str | None, password: str) -> bool:
        looked_at.append(password)
        if len(looked_at) < 10:
            sign_in(house.browser(), "counsel", "not this one at all")
        return compare(self, kept, password)

    compare = Passwords.matches
    monkeypatch.setattr(Passwords, "matches", slowly)
    assert sign_in(house.browser(), "counsel", "not this one at all").status_code == 403
    assert len(looked_at) == 5


@pytest.mark.parametrize("how", ["disabled", "another password"])
def test_a_sign_in_under_way_ends_with_the_sessions_of_its_user(
    house: House, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A password that was good when it was looked at opens nothing once it is taken back."""

    def overtaken(self: Passwords, kept: str | None, password: str) -> bool:
        is_good = compare(self, kept, password)
        database = open_database(house.settings.database, schema=SCHEMA)
        with database.write() as connection:
            if how == "disabled":
                disable_user(connection, "counsel", NOW)
            else:
                hashed = CHEAP.hashed("counsel", "another four words at least")
                set_password(connection, "counsel", hashed, NOW)
        database.close()
        return is_good

    compare: Callable[[Passwords, str | None, str], bool] = Passwords.matches
    monkeypatch.setattr(Passwords, "matches", overtaken)
    client = house.browser()
    answer = sign_in(client, "counsel", PASSWORD)
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text
    assert client.get("/me").status_code == 303


def test_a_session_ends_when_nobody_uses_it(house: House) -> None:
    """Half an hour after the last page; pages in between keep it."""
    client = house.signed_in(Role.ANALYST)
    for _ in range(3):
        house.clock.pass_by(minutes=29)
        assert client.get("/").status_code == 200
    house.clock.pass_by(minutes=31)
    assert client.get("/").status_code == 303


def test_a_session_ends_at_its_time_whatever_is_done(house: House) -> None:
    """Twelve hours after the sign-in."""
    client = house.signed_in(Role.ANALYST)
    for _ in range(48):
        house.clock.pass_by(minutes=15)
        assert client.get("/healthz").status_code == 200
        last = client.get("/me")
    assert last.status_code == 200
    house.clock.pass_by(minutes=1)
    assert client.get("/me").status_code == 303


def test_signing_out_ends_the_session_and_not_only_the_cookie(house: House) -> None:
    """A copy of the cookie opens nothing any more."""
    client = house.signed_in(Role.ANALYST)
    kept = dict(client.cookies)
    token = csrf_in(client.get("/me").text)
    answer = client.post("/sign-out", data={"csrf": token})
    assert answer.headers["location"] == "/sign-in"
    assert "storage" in answer.headers["clear-site-data"]
    thief = house.browser()
    thief.cookies.update(kept)
    assert thief.get("/me").status_code == 303


def test_signing_in_again_begins_another_session(house: House) -> None:
    """A cookie that was there before is worth nothing afterwards (no fixation)."""
    client = house.signed_in(Role.ANALYST)
    before = client.cookies["__Host-phalanx"]
    assert sign_in(client, "analyst", PASSWORD).status_code == 303
    assert client.cookies["__Host-phalanx"] != before
    thief = house.browser()
    thief.cookies["__Host-phalanx"] = before
    assert thief.get("/me").status_code == 303


def test_a_new_password_ends_all_other_sessions(house: House) -> None:
    """The present one has to be known, and the new one typed twice."""
    client, other = house.signed_in(Role.ANALYST), house.signed_in(Role.ANALYST)
    new = "another four words at least"

    def change(present: str, first: str, again: str) -> int:
        said = {"csrf": csrf_in(client.get("/me").text), "present": present}
        answer = client.post("/me/password", data={**said, "new": first, "again": again})
        return int(answer.status_code)

    assert change("wrong", new, new) == 409
    assert change(PASSWORD, new, "something else than that") == 409
    assert change(PASSWORD, "short", "short") == 409
    assert other.get("/me").status_code == 200
    assert change(PASSWORD, new, new) == 303
    assert client.get("/me").status_code == 200
    assert other.get("/me").status_code == 303
    assert sign_in(house.browser(), "analyst", PASSWORD).status_code == 403
    assert sign_in(house.browser(), "analyst", new).status_code == 303


def test_an_administrator_ends_what_a_user_may(house: House) -> None:
    """At once, sessions included; nobody disables themselves."""
    client, admin = house.signed_in(Role.ANALYST), house.signed_in(Role.ADMINISTRATOR)
    token = {"csrf": csrf_in(admin.get("/people").text)}
    assert admin.post("/people/analyst/disable", data=token).status_code == 303
    assert client.get("/me").status_code == 303
    assert sign_in(house.browser(), "analyst", PASSWORD).status_code == 403
    assert admin.post("/people/administrator/disable", data=token).status_code == 409
    assert admin.post("/people/nobody/disable", data=token).status_code == 409
    assert admin.post("/people/analyst/enable", data=token).status_code == 303
    assert sign_in(house.browser(), "analyst", PASSWORD).status_code == 303


def test_all_sessions_of_a_user_end_together(house: House) -> None:
    """Who lost a laptop ends them from another one."""
    here, there = house.signed_in(Role.ANALYST), house.signed_in(Role.ANALYST)
    token = {"csrf": csrf_in(here.get("/me").text)}
    assert here.post("/me/sessions/end", data=token).status_code == 303
    assert there.get("/me").status_code == 303

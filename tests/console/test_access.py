"""Who may do what: every route for every role, and for nobody."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from tests.console.conftest import House

from phalanx.console.access import ACCESS, API, PUBLIC, may
from phalanx.console.app import refuse_unlisted
from phalanx.console.navigation import MENU, menu_of
from phalanx.console.people.roles import Role

VALUES = {
    "scan": "march",
    "group": "campaign-7f3a19c2",
    "account": "acc_none",
    "number": "1",
    "name": "none",
}
NOT_MINE = "this is not for the role"


def filled(path: str) -> str:
    """Return a path with something in place of each parameter."""
    for name, value in VALUES.items():
        path = path.replace(f"{{{name}}}", value)
    return path


@pytest.mark.parametrize("role", Role)
def test_every_route_is_for_the_roles_of_the_table_and_no_others(house: House, role: Role) -> None:
    """A route outside a role's lines says so; one inside is never refused for the role."""
    client = house.signed_in(role)
    page = client.get("/me").text
    token = page.split('name="csrf" value="')[1].split('"')[0]
    tried = 0
    for route, roles in ACCESS.items():
        method, _, path = route.partition(" ")
        if roles is PUBLIC or path in {"/sign-out", "/me/password", "/me/sessions/end"}:
            continue
        answer = client.request(
            method,
            filled(path),
            headers={"X-CSRF-Token": token, "Origin": "https://console.test"},
        )
        is_refused = answer.status_code == 403 and NOT_MINE in answer.text.casefold()
        assert is_refused == (role not in roles), (route, answer.status_code, answer.text[:300])
        assert answer.status_code < 500, (route, answer.text[:300])
        tried += 1
    assert tried == sum(roles is not PUBLIC for roles in ACCESS.values()) - 3


def test_nobody_sees_anything_without_signing_in(house: House) -> None:
    """A page leads to the form of sign-in, the API and every act answer 401."""
    client = house.browser()
    for route, roles in ACCESS.items():
        method, _, path = route.partition(" ")
        if roles is PUBLIC:
            continue
        answer = client.request(method, filled(path))
        if method == "GET" and not path.startswith(API):
            assert answer.status_code == 303, route
            assert answer.headers["location"].startswith("/sign-in"), route
        else:
            assert answer.status_code == 401, route


def test_a_route_that_is_in_no_table_stops_the_application(house: House) -> None:
    """Nobody adds a page and forgets to say whom it is for."""
    app: FastAPI = house.app

    @app.get("/forgotten")
    def forgotten() -> None:
        """Answer nothing."""

    with pytest.raises(ValueError, match="GET /forgotten"):
        refuse_unlisted(app)


def test_a_route_that_is_in_no_table_is_refused_to_everybody(house: House) -> None:
    """The guard fails closed."""
    app: FastAPI = house.app

    @app.get("/forgotten")
    def forgotten() -> None:
        """Answer nothing."""

    answer = house.signed_in(Role.ADMINISTRATOR).get("/forgotten")
    assert answer.status_code == 403


def test_the_menu_holds_what_a_role_may_open() -> None:
    """No line of the menu leads to a refusal, and every line is somebody's."""
    lines = [line for section in MENU for line in section.entries]
    for line in lines:
        assert any(may(role, "GET", line.path) for role in Role), line.path
    assert len({line.key for line in lines}) == len(lines)
    for role in Role:
        shown = [line.path for section in menu_of(role) for line in section.entries]
        assert shown == [line.path for line in lines if may(role, "GET", line.path)]

"""People: who may sign in, and one's own account."""

from __future__ import annotations

from dataclasses import dataclass

from phalanx.console.access import ACCESS, API, may
from phalanx.console.desk import Asked
from phalanx.console.pages.page import Page, Shown
from phalanx.console.people.listing import Admission, admissions
from phalanx.console.people.roles import Role
from phalanx.console.people.sessions import Limits
from phalanx.console.people.users import User, list_users
from phalanx.store.schema import translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A route, and whom it is for."""

    route: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Users, and the table of what each role may do."""

    users: tuple[User, ...]
    admissions: tuple[Admission, ...]
    """Sessions and tokens that are good now."""

    access: tuple[Allowed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who has signed in."""

    user: User
    limits: Limits
    admissions: tuple[Admission, ...]
    """Sessions and tokens that are good now."""


def people(asked: Asked) -> Shown:
    """Look up all users."""
    with translated(asked.desk.database.place), asked.desk.database.read() as connection:
        users = list_users(connection)
        limits = asked.desk.settings.limits
        found = admissions(connection, asked.now.timestamp(), limits)
    table = tuple(
        Allowed(route=route, roles=tuple(role for role in Role if role in roles))
        for route, roles in ACCESS.items()
        if roles and f" {API}" not in route
    )
    may_keep = may(asked.visitor.user.role, "POST", "/people/{name}/disable")
    return Shown(
        People(users=users, admissions=found, access=table),
        {"roles": tuple(Role), "may_keep": may_keep},
    )


def me(asked: Asked) -> Shown:
    """Say who has signed in."""
    desk, user = asked.desk, asked.visitor.user
    limits = desk.settings.limits
    with translated(desk.database.place), desk.database.read() as connection:
        found = admissions(connection, asked.now.timestamp(), limits, user.name)
    return Shown(Me(user=user, limits=limits, admissions=found))


PAGES = (
    Page(
        path="/people",
        template="people_page.html.j2",
        view=people,
        summary="Users with their roles, their sessions and tokens, and what each role may do",
    ),
    Page(
        path="/me",
        template="me_page.html.j2",
        view=me,
        summary="Who you are here, and which sessions and tokens of yours are good",
    ),
)

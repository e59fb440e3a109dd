"""What every page has at hand, and what it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from phalanx.console.cookies import Cookies
from phalanx.console.people.acts import Acts
from phalanx.console.people.breached import BreachedList
from phalanx.console.people.elsewhere import Provider
from phalanx.console.people.passwords import Passwords
from phalanx.console.people.sessions import Visitor
from phalanx.console.seen.scans import Scans
from phalanx.console.settings import ConsoleSettings, Places
from phalanx.errors import InputError
from phalanx.share.hub.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A running console."""

    settings: ConsoleSettings
    database: Database
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    passwords: Passwords
    breached: BreachedList | None
    """Passwords that nobody may have."""

    provider: Provider | None
    acts: Acts
    scans: Scans
    cookies: Cookies

    @property
    def places(self) -> Places:
        """What it reads."""
        return self.settings.places


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a page was asked for, by whom, when."""

    desk: Desk
    visitor: Visitor
    now: datetime
    path: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def places(self) -> Places:
        """What the console reads."""
        return self.desk.places

    def number(self, name: str) -> int:
        """Return a number of the path.

        Raises:
            InputError: If it is none.
        """
        text = self.path[name]
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            message = f"there is no {name} {text[:40]!r}"
            raise InputError(message, next_step="Follow a link of the list.")
        return int(text)

    def page(self, most: int = 10_000) -> int:
        """Return which page of a list is wanted, from 1; the first where none is."""
        text = self.query.get("page", "1")
        return int(text) if text.isascii() and text.isdigit() and 1 <= int(text) <= most else 1


def asked_of(desk: Desk, request: Request) -> Asked:
    """Return what a request asks for."""
    return Asked(
        desk=desk,
        visitor=request.state.visitor,
        now=desk.clock(),
        path=request.path_params,
        query=request.query_params,
    )

"""The guard: looks at every request before its page does, and lets in what the table allows."""

from __future__ import annotations

import hmac
from typing import Any

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request

from phalanx.console.access import ACCESS, OF_PROGRAMS, PUBLIC
from phalanx.console.desk import Desk
from phalanx.console.people.programs import find_token
from phalanx.console.people.sessions import Visitor, find_session, note_session
from phalanx.share.hub.database import Database
from phalanx.store.schema import translated

SAFE = frozenset({"GET", "HEAD"})
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"
_MOST_FIELDS = 20


class NotSignedInError(Exception):
    """Somebody asks for a page and is not signed in."""


class Guard:
    """Finds out who asks, and whether they may.

    Parameters:
        desk: The console.
    """

    def __init__(self, desk: Desk) -> None:
        """Keep it."""
        self._desk = desk

    async def __call__(self, request: Request) -> None:
        """Let a request through, with its visitor and its form.

        Raises:
            NotSignedInError: If somebody has to sign in first.
            HTTPException: If the route is not for this role, or the form is not of this session.
        """
        is_safe = request.method in SAFE
        method = "GET" if is_safe else request.method
        roles = ACCESS.get(f"{method} {request.scope['route'].path}")
        if roles is None:
            raise HTTPException(403, "nobody may do this")
        request.state.form = {} if is_safe else await _form_of(request)
        if not is_safe:
            self._refuse_foreign(request)
        if roles is PUBLIC:
            if not is_safe:
                _refuse_other(request, self._desk.cookies.form.read(request))
            return
        visitor = await anyio.to_thread.run_sync(self._visitor, request)
        if visitor is None:
            raise NotSignedInError
        if visitor.user.role not in roles:
            raise HTTPException(403, f"this is not for the role {visitor.user.role.words}")
        if not is_safe:
            _refuse_act(request, visitor)
        request.state.visitor = visitor

    def _visitor(self, request: Request) -> Visitor | None:
        desk, now = self._desk, self._desk.clock().timestamp()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        with translated(desk.database.place):
            if scheme:
                if scheme.casefold() != "bearer" or not token:
                    return None
                with desk.database.read() as connection:
                    return find_token(connection, token, now)
            kept = desk.cookies.session.read(request)
            if not kept:
                return None
            with desk.database.read() as connection:
                found = find_session(connection, kept, now, desk.settings.limits)
            if found is None:
                return None
            visitor, is_to_note = found
            if is_to_note:
                _noted(desk.database, kept, now)
            return visitor

    def _refuse_foreign(self, request: Request) -> None:
        """Refuse a form that another site sent, where the browser says so."""
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site", "same-origin")
        if site not in {"same-origin", "none"} or (
            origin is not None and origin.partition("://")[2] not in self._desk.settings.hosts
        ):
            raise HTTPException(403, "the form was sent by another site")


def _noted(database: Database, token: str, now: float) -> None:
    with database.write() as connection:
        note_session(connection, token, now)


async def _form_of(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind == "application/json" and await request.body() in {b"", b"{}"}:
        return {}
    if kind not in {"application/x-www-form-urlencoded", ""}:
        raise HTTPException(415, "a form is sent as application/x-www-form-urlencoded")
    form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    said: dict[str, Any] = dict(form)
    return {name: value for name, value in said.items() if isinstance(value, str)}


def _refuse_act(request: Request, visitor: Visitor) -> None:
    """Refuse a program that does more than read, and a form that is not of this session."""
    if f"{request.method} {request.scope['route'].path}" in OF_PROGRAMS:
        # A browser never sends the header of a token by itself: it needs no form.
        if not visitor.is_program:
            raise HTTPException(403, "this is for programs, with their token")
        return
    if visitor.is_program:
        raise HTTPException(403, "a token reads, and does nothing else")
    _refuse_other(request, visitor.csrf)


def _refuse_other(request: Request, wanted: str) -> None:
    said = request.headers.get(CSRF_HEADER) or request.state.form.get(CSRF_FIELD, "")
    if not wanted or not hmac.compare_digest(said.encode(), wanted.encode()):
        raise HTTPException(403, "the form is not of this session: load the page again")

"""Signing in and out, and what people do to their own account and to those of others."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI, Request, Response
from sqlalchemy import Connection
from starlette.responses import RedirectResponse

from phalanx.console.desk import Desk
from phalanx.console.people.breached import refuse_breached
from phalanx.console.people.sessions import (
    begin_session,
    csrf_of,
    end_session,
    new_token,
    sweep_sessions,
)
from phalanx.console.people.throttle import count_attempt, note_success
from phalanx.console.people.users import (
    disable_user,
    enable_user,
    end_all,
    find_user,
    kept_password,
    set_password,
    user_name,
)
from phalanx.console.rendering import Renderer
from phalanx.errors import InputError, PolicyError
from phalanx.store.schema import translated

_LOG = structlog.get_logger("phalanx.console")
_NO = "The name or the password is wrong."
_BREACHED = (
    "Your password is in the list of those that were breached: others know it. "
    "Type it once more, and a new one."
)


def came_for(text: str) -> str:
    r"""Return a page of this console to go to; the first one for what is none.

    Examples:
        >>> came_for("/campaigns?scan=a"), came_for("//evil.example"), came_for("/\\evil.example")
        ('/campaigns?scan=a', '/', '/')
    """
    parts = urlsplit(text)
    is_here = text.startswith("/") and not text.startswith("//") and "\\" not in text
    is_plain = text.isascii() and text.isprintable() and not parts.scheme and not parts.netloc
    return text if is_here and is_plain else "/"


class Signing:
    """Signs people in and out.

    Parameters:
        desk: The console.
        renderer: Of pages.
    """

    def __init__(self, desk: Desk, renderer: Renderer) -> None:
        """Keep them."""
        self._desk = desk
        self._renderer = renderer

    def join(self, app: FastAPI) -> None:
        """Add its routes."""
        app.get("/sign-in", include_in_schema=False)(self.form)
        app.post("/sign-in", include_in_schema=False)(self.sign_in)
        app.get("/sign-in/elsewhere", include_in_schema=False)(self.go_elsewhere)
        app.get("/sign-in/back", include_in_schema=False)(self.come_back)
        app.post("/sign-out", include_in_schema=False)(self.sign_out)
        app.post("/me/password", include_in_schema=False)(self.change_password)
        app.post("/me/sessions/end", include_in_schema=False)(self.end_sessions)
        app.post("/people/{name}/disable", include_in_schema=False)(self.disable)
        app.post("/people/{name}/enable", include_in_schema=False)(self.enable)

    def form(self, request: Request) -> Response:
        """Show the form."""
        return self._form(request, came_for(request.query_params.get("came_for", "/")))

    def sign_in(self, request: Request) -> Response:
        """Take a name and a password."""
        desk, form = self._desk, request.state.form
        name, password = form.get("name", "")[:200], form.get("password", "")
        where, address = came_for(form.get("came_for", "/")), _address(request)
        now = desk.clock()
        with translated(desk.database.place):
            with desk.database.write() as connection:
                count_attempt(connection, name, address, now.timestamp())
                kept = _kept(connection, name)
            if not desk.passwords.matches(kept, password):
                # Not the name: people type their password there.
                _LOG.warning("sign-in failed", address=address)
                return self._form(request, where, _NO, name, 403)
            with desk.database.write() as connection:
                note_success(connection, name, address)
            if desk.breached is not None and desk.breached.holds(password):
                if not form.get("new"):
                    return self._form(request, where, _BREACHED, name, 403, must_change=True)
                kept = self._give_password(user_name(name), form, kept)
        return self._begin(request, user_name(name), where, "password", kept)

    def go_elsewhere(self, request: Request) -> Response:
        """Send somebody to the identity provider."""
        desk = self._desk
        if desk.provider is None:
            message = "no identity provider is named"
            raise InputError(message, next_step="Sign in with a password.")
        where = came_for(request.query_params.get("came_for", "/"))
        with translated(desk.database.place):
            errand = desk.provider.begin(desk.database, where, desk.clock().timestamp())
        response = RedirectResponse(errand.url, 303)
        desk.cookies.errand.give(response, errand.state)
        return response

    def come_back(self, request: Request) -> Response:
        """Take somebody back from the identity provider."""
        desk = self._desk
        if desk.provider is None:
            message = "no identity provider is named"
            raise InputError(message, next_step="Sign in with a password.")
        kept, said = desk.cookies.errand.read(request), dict(request.query_params)
        with translated(desk.database.place):
            now = desk.clock().timestamp()
            name, where = desk.provider.finish(desk.database, kept, said, now)
            with desk.database.read() as connection:
                user, kept_here = find_user(connection, name), kept_password(connection, name)
        if user is None or user.is_disabled:
            message = "the sign-in is refused: nobody of that name may work here"
            raise PolicyError(message, next_step="Ask an administrator to enter you.")
        response = self._begin(request, name, where, "elsewhere", kept_here)
        desk.cookies.errand.take_back(response)
        return response

    def sign_out(self, request: Request) -> Response:
        """End a session."""
        desk, now = self._desk, self._desk.clock()
        with translated(desk.database.place), desk.database.write() as connection:
            end_session(connection, desk.cookies.session.read(request))
        desk.acts.record("session", now, request.state.visitor.user.name, "console", act="ended")
        response = RedirectResponse("/sign-in", 303)
        desk.cookies.session.take_back(response)
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    def change_password(self, request: Request) -> Response:
        """Give the visitor a new password; the present one has to be known."""
        desk, form, now = self._desk, request.state.form, self._desk.clock()
        name, address = request.state.visitor.user.name, _address(request)
        with translated(desk.database.place):
            with desk.database.write() as connection:
                count_attempt(connection, name, address, now.timestamp())
                kept = kept_password(connection, name)
            if not desk.passwords.matches(kept, form.get("present", "")):
                message = "the present password is wrong"
                raise InputError(message, next_step="Go back, and type it again.")
            with desk.database.write() as connection:
                note_success(connection, name, address)
            hashed = self._give_password(name, form, kept)
        return self._begin(request, name, "/me", "password", hashed)

    def end_sessions(self, request: Request) -> Response:
        """End all sessions of the visitor, this one too."""
        desk, now, name = self._desk, self._desk.clock(), request.state.visitor.user.name
        with translated(desk.database.place), desk.database.write() as connection:
            end_all(connection, name)
        desk.acts.record("session", now, name, "console", act="all-ended")
        response = RedirectResponse("/sign-in", 303)
        desk.cookies.session.take_back(response)
        return response

    def disable(self, request: Request, name: str) -> Response:
        """Let a user sign in no longer."""
        desk, now, by = self._desk, self._desk.clock(), request.state.visitor.user.name
        if name == by:
            message = "nobody disables themselves"
            raise PolicyError(message, next_step="Ask another administrator.")
        with translated(desk.database.place), desk.database.write() as connection:
            disable_user(connection, name, now)
        desk.acts.record("key", now, by, f"user {name}", act="user-disabled")
        return RedirectResponse("/people", 303)

    def enable(self, request: Request, name: str) -> Response:
        """Let a user sign in again."""
        desk, now, by = self._desk, self._desk.clock(), request.state.visitor.user.name
        with translated(desk.database.place), desk.database.write() as connection:
            enable_user(connection, name)
        desk.acts.record("key", now, by, f"user {name}", act="user-enabled")
        return RedirectResponse("/people", 303)

    def _give_password(self, name: str, form: Mapping[str, str], kept: str | None) -> str:
        """Keep a new password in place of the one that was typed, and return how it is kept."""
        desk, now, new = self._desk, self._desk.clock(), form.get("new", "")
        if new != form.get("again", ""):
            message = "the new password was typed differently the second time"
            raise InputError(message, next_step="Go back, and type it twice.")
        refuse_breached(desk.breached, new)
        hashed = desk.passwords.hashed(name, new)
        with desk.database.write() as connection:
            # Whoever gave the user another one meanwhile has said that this one is over.
            if kept_password(connection, name) != kept:
                message = "the password is not changed: the user was changed meanwhile"
                raise PolicyError(message, next_step="Sign in again.")
            set_password(connection, name, hashed, now)
        desk.acts.record("key", now, name, f"user {name}", act="password-changed")
        return hashed

    def _form(  # noqa: PLR0913 - what a form that comes back holds
        self,
        request: Request,
        where: str,
        problem: str = "",
        name: str = "",
        status: int = 200,
        *,
        must_change: bool = False,
    ) -> Response:
        desk = self._desk
        token = desk.cookies.form.read(request) or new_token(desk.random)
        context = {
            "csrf": token,
            "came_for": where,
            "problem": problem,
            "name": name,
            "must_change": must_change,
            "elsewhere": desk.provider is not None,
        }
        response = self._renderer.page("sign_in_page.html.j2", None, "", context, status)
        desk.cookies.form.give(response, token)
        return response

    def _begin(
        self, request: Request, name: str, where: str, how: str, kept: str | None
    ) -> Response:
        """Begin a new session; the one of before, if any, is over."""
        desk, now = self._desk, self._desk.clock()
        with translated(desk.database.place), desk.database.write() as connection:
            user = find_user(connection, name)
            # Who ends the sessions of a user ends those that are just beginning, too.
            if user is None or user.is_disabled or kept_password(connection, name) != kept:
                message = "the sign-in is refused: the user was changed meanwhile"
                raise PolicyError(message, next_step="Sign in again.")
            if before := desk.cookies.session.read(request):
                end_session(connection, before)
            sweep_sessions(connection, now.timestamp(), desk.settings.limits)
            token = begin_session(connection, name, now.timestamp(), desk.random)
        desk.acts.record(
            "session", now, name, "console", act="began", how=how, session=csrf_of(token)[:12]
        )
        response = RedirectResponse(where, 303)
        desk.cookies.session.give(response, token)
        desk.cookies.form.take_back(response)
        return response


def _kept(connection: Connection, name: str) -> str | None:
    try:
        return kept_password(connection, user_name(name))
    except InputError:
        return None


def _address(request: Request) -> str:
    return request.client.host if request.client else ""

"""Sessions and tokens, one by one: ended by whoever may, and traded by programs."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from starlette.responses import RedirectResponse

from phalanx.console.access import API
from phalanx.console.desk import Desk
from phalanx.console.people.listing import end_admission
from phalanx.console.people.programs import trade_token
from phalanx.console.rendering import as_json
from phalanx.store.schema import translated


class Admitting:
    """Ends sessions and tokens, and trades tokens.

    Parameters:
        desk: The console.
    """

    def __init__(self, desk: Desk) -> None:
        """Keep it."""
        self._desk = desk

    def join(self, app: FastAPI) -> None:
        """Add its routes."""
        app.post("/me/sessions/{name}/end", include_in_schema=False)(self.end_mine)
        app.post("/people/sessions/{name}/end", include_in_schema=False)(self.end_anybodys)
        app.post(f"{API}/me/token", summary="Trade the token of a program for the next one")(
            self.trade
        )

    def end_mine(self, request: Request, name: str) -> Response:
        """End a session or a token of the visitor."""
        self._end(request, name, request.state.visitor.user.name)
        return RedirectResponse("/me", 303)

    def end_anybodys(self, request: Request, name: str) -> Response:
        """End a session or a token of any user."""
        self._end(request, name, None)
        return RedirectResponse("/people", 303)

    def trade(self, request: Request) -> Response:
        """Hand out the next token of a program."""
        desk, now, visitor = self._desk, self._desk.clock(), request.state.visitor
        token = request.headers["authorization"].partition(" ")[2]
        with translated(desk.database.place), desk.database.write() as connection:
            made = trade_token(
                connection, token, now.timestamp(), desk.settings.limits, desk.random
            )
        self._record(visitor.user.name, visitor.user.name, visitor.session, "token-traded")
        return as_json(made)

    def _end(self, request: Request, listed: str, name: str | None) -> None:
        desk = self._desk
        with translated(desk.database.place), desk.database.write() as connection:
            of = end_admission(connection, listed, name)
        self._record(request.state.visitor.user.name, of, listed, "ended")

    def _record(self, by: str, of: str, listed: str, act: str) -> None:
        now = self._desk.clock()
        self._desk.acts.record("session", now, by, f"user {of}", act=act, session=listed)

"""What people decide in the console: disclosures, and what waits for a second person in a case.

The acts are those of the commands: the rooms of sharing and of cases say who may, and keep records
of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.responses import RedirectResponse

from phalanx.console.access import API
from phalanx.console.desk import Asked, Desk, asked_of
from phalanx.console.pages import cases, sharing

Endpoint = Callable[[Request], Response]


class Deciding:
    """Takes decisions.

    Parameters:
        desk: The console.
    """

    def __init__(self, desk: Desk) -> None:
        """Keep it."""
        self._desk = desk

    def join(self, app: FastAPI) -> None:
        """Add its routes."""
        disclosure, case = "/sharing/disclosures/{number}", "/cases/{name}/requests/{number}"
        for word, is_yes in (("approve", True), ("reject", False)):
            app.add_api_route(
                f"{disclosure}/{word}", self._disclosed(is_yes=is_yes),
                methods=["POST"], include_in_schema=False, name=f"{word}_disclosure",
            )  # fmt: skip
            app.add_api_route(
                f"{case}/{word}", self._agreed(is_yes=is_yes),
                methods=["POST"], include_in_schema=False, name=f"{word}_request",
            )  # fmt: skip
            app.add_api_route(
                f"{API}{disclosure}/{word}", self._disclosed_by_api(is_yes=is_yes),
                methods=["POST"], name=f"api_{word}_disclosure",
                summary=f"{word.capitalize()} a disclosure, as far as your role goes",
            )  # fmt: skip

    def _disclosed(self, *, is_yes: bool) -> Endpoint:
        def endpoint(request: Request) -> Response:
            asked = self._asked(request)
            sharing.answer(asked, is_yes=is_yes)
            return RedirectResponse(f"/sharing/disclosures/{asked.number('number')}", 303)

        return endpoint

    def _disclosed_by_api(self, *, is_yes: bool) -> Endpoint:
        def endpoint(request: Request) -> Response:
            found = sharing.answer(self._asked(request), is_yes=is_yes)
            return JSONResponse(
                {"number": found.number, "state": found.state, "missing": list(found.missing)}
            )

        return endpoint

    def _agreed(self, *, is_yes: bool) -> Endpoint:
        def endpoint(request: Request) -> Response:
            asked = self._asked(request)
            cases.answer(asked, request.state.form.get("reason", ""), is_yes=is_yes)
            return RedirectResponse(f"/cases/{quote(asked.path['name'], safe='')}", 303)

        return endpoint

    def _asked(self, request: Request) -> Asked:
        return asked_of(self._desk, request)

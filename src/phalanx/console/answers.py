"""Errors of the console: a page for people, an object for programs, nothing of what was sent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from phalanx.console.access import API
from phalanx.console.guard import NotSignedInError
from phalanx.console.rendering import Renderer
from phalanx.errors import InputError, PhalanxError, PolicyError, ServiceError
from phalanx.serving.answers import failure
from phalanx.serving.limits import LimitReachedError

_TITLES = {
    403: "Not for you",
    404: "Not there",
    409: "Not so",
    429: "Too soon",
    500: "The console failed",
    503: "Not now",
}
_LOG = structlog.get_logger("phalanx.console")


class Answers:
    """How the console says no.

    Parameters:
        renderer: Of pages.
    """

    def __init__(self, renderer: Renderer) -> None:
        """Keep it."""
        self._renderer = renderer

    def answer(self, app: FastAPI) -> None:
        """Answer the errors of an application."""
        app.exception_handler(NotSignedInError)(self._sign_in)
        app.exception_handler(PhalanxError)(self._of_phalanx)
        app.exception_handler(HTTPException)(self._of_http)
        app.exception_handler(RequestValidationError)(self._of_form)
        app.exception_handler(Exception)(self._of_nobody)

    def _sign_in(self, request: Request, _error: Exception) -> Response:
        path = request.url.path
        if path.startswith(API) or request.method not in {"GET", "HEAD"}:
            said = "sign in first, or send a token"
            return failure(401, said, {"WWW-Authenticate": "Bearer"})
        query = f"?{request.url.query}" if request.url.query else ""
        where = "" if path == "/" else f"?came_for={quote(path + query, safe='')}"
        return RedirectResponse(f"/sign-in{where}", 303)

    def _of_phalanx(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, PhalanxError)  # noqa: S101 - as registered
        if isinstance(error, LimitReachedError):
            wait = {"Retry-After": str(math.ceil(error.wait_seconds))}
            return self._said(request, 429, str(error), error.next_step, wait)
        status = 503 if isinstance(error, ServiceError) else 409
        if isinstance(error, InputError) and request.method in {"GET", "HEAD"}:
            status = 404
        elif isinstance(error, PolicyError):
            status = 409
        _LOG.warning("refused", status=status, reason=str(error), path=request.scope["path"])
        return self._said(request, status, str(error), error.next_step)

    def _of_http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as registered
        return self._said(request, error.status_code, str(error.detail), "", error.headers)

    def _of_form(self, request: Request, _error: Exception) -> Response:
        return self._said(request, 422, "the request is not as it should be", "")

    def _of_nobody(self, request: Request, error: Exception) -> Response:
        _LOG.error("failed", path=request.scope["path"], exc_info=error)
        return self._said(request, 500, "an error that nobody foresaw", "It is in the log.")

    def _said(
        self,
        request: Request,
        status: int,
        reason: str,
        next_step: str,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        if request.url.path.startswith(API):
            return failure(status, reason, dict(headers or {}))
        visitor = getattr(request.state, "visitor", None)
        said = {
            "title": _TITLES.get(status, "Not so"),
            "reason": reason,
            "next_step": next_step,
        }
        page = self._renderer.page("error_page.html.j2", visitor, "", said, status)
        page.headers.update(headers or {})
        return page

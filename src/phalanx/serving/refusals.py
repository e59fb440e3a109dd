"""Every error of a server becomes an answer that repeats nothing of the request."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from phalanx.errors import PhalanxError
from phalanx.serving.answers import failure
from phalanx.serving.limits import LimitReachedError


class Gauges(Protocol):
    """What counts the answers of a server."""

    def refused(self, status: int) -> None:
        """Count a refusal."""
        ...


class Refusals:
    """How a server says no.

    Parameters:
        gauges: Count each refusal.
        log: Of structlog; it learns the status, never what was sent.
        unavailable: What is said where something of the server's own failed.
        told: Errors that whoever asks has made, which are told in their own words -> status.
    """

    def __init__(
        self,
        gauges: Gauges,
        log: Any,  # noqa: ANN401 - structlog's loggers have no common type
        unavailable: str,
        told: Mapping[type[PhalanxError], int],
    ) -> None:
        """Keep what is counted and said."""
        self._gauges = gauges
        self._log = log
        self._unavailable = unavailable
        self._told = told

    def answer(self, app: FastAPI) -> None:
        """Answer the errors of an application."""
        app.exception_handler(PhalanxError)(self._of_phalanx)
        app.exception_handler(RequestValidationError)(self._of_form)
        app.exception_handler(HTTPException)(self._of_http)

    def _of_phalanx(self, _request: Request, error: PhalanxError) -> Response:
        if isinstance(error, LimitReachedError):
            return self._refused(
                429, str(error), {"Retry-After": str(math.ceil(error.wait_seconds))}
            )
        for kind, status in self._told.items():
            if isinstance(error, kind):
                return self._refused(status, str(error))
        self._log.error("unavailable", reason=str(error))
        return self._refused(503, self._unavailable)

    def _of_form(self, _request: Request, error: RequestValidationError) -> Response:
        # Where and of what kind, not the input, which pydantic would repeat; a field that nobody
        # knows is named by whoever sent it.
        first = error.errors()[0]
        is_foreign = first["type"] == "extra_forbidden"
        place = "body" if is_foreign else ".".join(map(str, first["loc"]))
        return self._refused(422, f"{place}: {first['type']}")

    def _of_http(self, _request: Request, error: HTTPException) -> Response:
        return self._refused(error.status_code, str(error.detail), dict(error.headers or {}))

    def _refused(self, status: int, said: str, headers: dict[str, str] | None = None) -> Response:
        self._gauges.refused(status)
        self._log.info("refused", status=status)
        return failure(status, said, headers)

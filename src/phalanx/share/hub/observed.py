"""Every request is counted and written down, without what it holds or who proved what."""

from __future__ import annotations

import time
import uuid
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from phalanx.share.hub.gauges import Gauges

_METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})


class Observed:
    """Counts and logs requests; a path means the same with and without its last slash.

    Parameters:
        app: That is asked next.
        gauges: Where requests are counted.
        log: Where they are written down.
    """

    def __init__(self, app: ASGIApp, gauges: Gauges, log: Any) -> None:  # noqa: ANN401 - structlog
        """Keep where to write."""
        self._app = app
        self._gauges = gauges
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not scope["path"].endswith(("/", ".json")):
            scope["path"] += "/"
        started = time.perf_counter()
        scope.setdefault("state", {})
        request_id = uuid.uuid4().hex

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"cache-control", b"no-store"),
                ]
                self._tell(scope, message["status"], time.perf_counter() - started, request_id)
            await send(message)

        await self._app(scope, receive, told)

    def _tell(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = scope.get("route")
        endpoint = getattr(route, "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._gauges.answered(method, endpoint, status, seconds)
        self._log.info(
            "answered",
            method=method,
            endpoint=endpoint,
            status=status,
            seconds=round(seconds, 4),
            member=scope["state"].get("member"),
            request=request_id,
        )

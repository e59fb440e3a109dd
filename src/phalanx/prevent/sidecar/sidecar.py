"""What the endpoints of a sidecar share: the desk, who may ask, and where to wait for the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from phalanx.prevent.desk.desk import Desk
from phalanx.prevent.sidecar.callers import Callers
from phalanx.prevent.sidecar.settings import SidecarSettings
from phalanx.serving.answers import failure
from phalanx.serving.loopback import is_loopback

Answer = TypeVar("Answer")
_ASKED = "/v1/"
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Sidecar:
    """What the endpoints of a sidecar share.

    Parameters:
        desk: That decides.
        settings: What it bears.
        callers: Returns who may ask now; null for everybody on this machine.
        reach: Asks the state for something, and fails where it cannot be asked.
        is_remote: Whether the state stands in another process: then threads wait for it.
    """

    def __init__(
        self,
        desk: Desk,
        settings: SidecarSettings,
        callers: Callable[[], Callers | None],
        reach: Callable[[], object],
        *,
        is_remote: bool = False,
    ) -> None:
        """Keep the parts."""
        self.desk = desk
        self.settings = settings
        self.reach = reach
        self._callers = callers
        self._is_remote = is_remote

    def knows(self, request: Request) -> bool:
        """Tell whether whoever asks may ask."""
        callers = self._callers()
        return callers is None or callers.of(request.headers.get("authorization")) is not None

    def shows_metrics_to(self, request: Request) -> bool:
        """Tell whether somebody may read the counts."""
        if self.settings.open_metrics or (self._callers() is not None and self.knows(request)):
            return True
        # Whoever comes through a proxy of this machine may seem to come from it.
        is_near = request.client is not None and is_loopback(request.client.host)
        return is_near and not self.settings.behind_proxy

    async def ask(self, work: Callable[[], Answer]) -> Answer:
        """Do what may have to wait for the state."""
        return await run_in_threadpool(work) if self._is_remote else work()


class KnownFirst:
    """Lets only those ask who may, before anything of a body is read.

    Else whoever reaches the port has a body of the largest size held for each connection.

    Parameters:
        app: That is asked next.
        sidecar: That knows who may ask.
    """

    def __init__(self, app: ASGIApp, sidecar: Sidecar) -> None:
        """Keep the parts."""
        self._app = app
        self._sidecar = sidecar

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        is_asked = scope["type"] == "http" and scope["path"].startswith(_ASKED)
        if is_asked and not self._sidecar.knows(Request(scope)):
            self._sidecar.desk.gauges.refused(401)
            answer = failure(401, "a token of a caller is needed", _CHALLENGE)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

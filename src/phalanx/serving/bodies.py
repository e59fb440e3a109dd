"""Requests are bounded in size and time before anything looks at them."""

from __future__ import annotations

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from phalanx.serving.answers import failure


class BoundedBodies:
    """Reads the whole body of a request up to a limit, then hands it on.

    Parameters:
        app: That is asked next.
        largest_bytes: Of a body; a larger one is answered with 413.
        seconds: In which a body must have arrived; a slower one is answered with 408.
    """

    def __init__(self, app: ASGIApp, largest_bytes: int, seconds: float) -> None:
        """Keep the limits."""
        self._app = app
        self._largest_bytes = largest_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []
        size = 0
        with anyio.move_on_after(self._seconds) as patience:
            while not messages or messages[-1].get("more_body", False):
                messages.append(await receive())
                size += len(messages[-1].get("body", b""))
                if size > self._largest_bytes:
                    said = f"a body has at most {self._largest_bytes:,} bytes"
                    await failure(413, said)(scope, receive, send)
                    return
        if patience.cancelled_caught:
            await failure(408, "the body did not arrive in time")(scope, receive, send)
            return
        waiting = iter(messages)

        async def replayed() -> Message:
            message = next(waiting, None)
            return await receive() if message is None else message

        await self._app(scope, replayed, send)

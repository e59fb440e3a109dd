"""What every answer carries, and which names of this server are taken, before anybody looks."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from phalanx.serving.answers import failure

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere, in no frame."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_SECURE = {"Strict-Transport-Security": "max-age=63072000"}


class Shield:
    """Adds headers to answers, and refuses requests to a name that is not this server's.

    Parameters:
        app: That is asked next.
        hosts: Names of this server.
        is_secure: Whether browsers reach it by TLS.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], *, is_secure: bool) -> None:
        """Keep them."""
        self._app = app
        self._hosts = hosts
        self._headers = {**_HEADERS, **(_SECURE if is_secure else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                # What is said of an account stays in no cache; assets say otherwise.
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if Headers(scope=scope).get("host", "") not in self._hosts:
            await failure(421, "this server has another name")(scope, receive, shielded)
            return
        await self._app(scope, receive, shielded)

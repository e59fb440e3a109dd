"""Cookies of the console: for this host alone, out of reach of scripts, gone with their session."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from phalanx.console.settings import ConsoleSettings


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie, by what it is for."""

    name: str
    is_secure: bool

    def read(self, request: Request) -> str:
        """Return its value; empty where there is none."""
        return request.cookies.get(self.name, "")

    def give(self, response: Response, value: str) -> None:
        """Let the browser keep a value until it is closed."""
        response.set_cookie(
            self.name, value, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )

    def take_back(self, response: Response) -> None:
        """Let the browser forget it."""
        response.delete_cookie(
            self.name, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )


@dataclass(frozen=True, slots=True)
class Cookies:
    """All of them."""

    session: Cookie
    """Token of a session."""

    form: Cookie
    """That a form of sign-in was handed to this browser."""

    errand: Cookie
    """State of a sign-in elsewhere."""


def cookies_of(settings: ConsoleSettings) -> Cookies:
    """Return the cookies of a console.

    Over TLS their names bind them to this host (`__Host-`). On the user's own machine, without TLS,
    they name the port: browsers do not keep those of two ports apart.
    """
    start = "__Host-phalanx" if settings.is_secure else f"phalanx-{settings.port}"
    secure = settings.is_secure
    return Cookies(
        session=Cookie(start, secure),
        form=Cookie(f"{start}-form", secure),
        errand=Cookie(f"{start}-errand", secure),
    )

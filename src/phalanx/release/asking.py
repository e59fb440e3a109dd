"""Asking a broker over HTTP: for a challenge, and for the key of a release."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import rfc8785

from phalanx.errors import ConfigError, PolicyError, ServiceError, VerificationError, reason_of
from phalanx.json_text import parse_object
from phalanx.printable import printable
from phalanx.release.encoding import from_text
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.sealing.wrapping import WRAPPED_BYTES
from phalanx.serving.loopback import is_loopback

TIMEOUT_SECONDS = 30.0
_MOST_BYTES = 1 << 16


def ask_challenge(url: str, grant: str) -> bytes:
    """Return a challenge of a broker for a release.

    Raises:
        ConfigError: If the URL is none, or would carry tokens over a network in clear.
        PolicyError: If the broker refuses.
        ServiceError: If it cannot be reached.
        VerificationError: If it answers something else.
    """
    said = _asked(url, "v1/challenges", {"grant": grant}).get("challenge")
    try:
        found = bytes.fromhex(str(said))
    except ValueError:
        found = b""
    if len(found) != 32:
        raise _unusable()
    return found


def ask_key(url: str, request: Envelope, token: str) -> bytes:
    """Return the content key of a release, wrapped for this machine.

    Raises:
        ConfigError: As `ask_challenge`.
        PolicyError: If the broker refuses.
        ServiceError: If it cannot be reached.
        VerificationError: If it answers something else.
    """
    envelope = parse_object(request.as_bytes(), "the request")
    said = _asked(url, "v1/keys", {"request": envelope, "token": token})
    return from_text(said.get("wrapped_key"), "the answer of the broker", WRAPPED_BYTES)


def _asked(url: str, page: str, said: dict[str, Any]) -> dict[str, Any]:
    import httpx2  # noqa: PLC0415 - only who asks a broker needs it

    _refuse_url(url)
    content = bytearray()
    try:
        with httpx2.stream(
            "POST",
            f"{url.rstrip('/')}/{page}",
            content=rfc8785.dumps(said),
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            timeout=TIMEOUT_SECONDS,
        ) as answer:
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > _MOST_BYTES:
                    raise _unusable()
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        message = f"the broker cannot be asked: {reason_of(error)}"
        raise ServiceError(message, next_step="Check its URL, and try again.") from error
    found = parse_object(bytes(content), "the answer of the broker")
    if answer.status_code == 200:
        return found
    reason = printable(str(found.get("description", "")))[:300]
    if 400 <= answer.status_code < 500:
        message = f"the broker refuses: {reason}"
        raise PolicyError(message, next_step="Ask for a new challenge, and get a new token.")
    message = f"the broker cannot answer: {reason}"
    raise ServiceError(message, next_step="Try again later.")


def _refuse_url(url: str) -> None:
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    )
    if not is_safe or not parts.hostname or parts.query or parts.fragment:
        message = f"{printable(url)[:200]}: a broker is asked over https://"
        raise ConfigError(message, next_step="Name its URL, which begins with https://.")


def _unusable() -> VerificationError:
    message = "the broker answers something else"
    return VerificationError(message, next_step="Check its URL.")

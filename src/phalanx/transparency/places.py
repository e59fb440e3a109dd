"""Files of a log, or of another public folder: on this machine, or behind HTTP."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from urllib.parse import urlsplit

from phalanx.errors import ConfigError, InputError, ServiceError, reason_of
from phalanx.transparency.tiles import Fetch

TIMEOUT_SECONDS = 20.0
"""Without a word of the other side."""

MOST_SECONDS = 120.0
"""For one file, however slowly it comes."""

_SCHEMES = ("http", "https")


def fetch_from(place: str) -> Fetch:
    """Return how files below a place are read, each up to a size.

    Parameters:
        place: Folder, or URL that begins with `https://` or `http://`.

    Raises:
        ConfigError: If it is another kind of URL.
    """
    if "://" not in place:
        return _from_folder(Path(place))
    parts = urlsplit(place)
    if parts.scheme not in _SCHEMES or not parts.hostname or parts.query or parts.fragment:
        message = f"{place[:200]}: files are read from a folder, or from https:// or http://"
        raise ConfigError(message, next_step="Name one of them.")
    return _from_url(place.rstrip("/"))


def _from_folder(folder: Path) -> Fetch:
    def fetch(path: str, most_bytes: int) -> bytes:
        file = folder / path
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as opened:
                if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                    message = f"{file}: is no file"
                    raise InputError(message, next_step="Name the folder that was published.")
                return _bounded(opened.read(most_bytes + 1), most_bytes, str(file))
        except OSError as error:
            message = f"{file}: cannot be read: {reason_of(error)}"
            raise InputError(message, next_step="Name the folder that was published.") from error

    return fetch


def _from_url(place: str) -> Fetch:
    def fetch(path: str, most_bytes: int) -> bytes:
        import httpx2  # noqa: PLC0415 - only what is behind a URL needs it

        url, content = f"{place}/{path}", bytearray()
        until = time.monotonic() + MOST_SECONDS
        try:
            with httpx2.stream(
                "GET", url, timeout=TIMEOUT_SECONDS, headers={"Accept-Encoding": "identity"}
            ) as answer:
                if answer.status_code == 404:
                    message = f"{url}: is not there"
                    raise InputError(message, next_step="Name the URL that was published.")
                if answer.status_code != 200:
                    message = f"{url}: was answered with {answer.status_code}"
                    raise ServiceError(message, next_step="Try again later.")
                for piece in answer.iter_bytes():
                    content += piece
                    _bounded(content, most_bytes, url)
                    if time.monotonic() > until:
                        message = f"{url}: comes too slowly"
                        raise ServiceError(message, next_step="Try again later.")
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            message = f"{url}: cannot be read: {reason_of(error)}"
            raise ServiceError(message, next_step="Check the network, and try again.") from error
        return bytes(content)

    return fetch


def _bounded(content: bytes | bytearray, most_bytes: int, what: str) -> bytes:
    if len(content) > most_bytes:
        message = f"{what}: has more than {most_bytes:,} bytes"
        raise InputError(message, next_step="Name what was published.")
    return bytes(content)

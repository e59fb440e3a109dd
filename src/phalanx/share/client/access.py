"""How a member reaches a server of TAXII: its proof, whom it trusts, how long it waits."""

from __future__ import annotations

import base64
import re
import secrets
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from phalanx.errors import ConfigError
from phalanx.owned import read_secret_text
from phalanx.share.asking import Patience, PatientClient, RandomBytes, is_loopback
from phalanx.share.client.server import TaxiiServer

MEDIA_TYPE = "application/taxii+json;version=2.1"

LARGEST_ANSWER_BYTES = 64 << 20
"""Of a page. The hub sends at most 12 MB, or one object."""

LARGEST_KEY_BYTES = 4096

_HOST = re.compile(rb"[A-Za-z0-9._:-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a member proves itself with, and whom it trusts."""

    key: Path | None = field(default=None, repr=False)
    """File of the API key, or of the password, for its owner alone."""

    user: str = ""
    """Name for HTTP Basic, for servers that know no API keys; the file then holds the password."""

    authority: Path | None = None
    """Certificates of those who issue the server's; null trusts whom this machine trusts."""

    certificate: Path | None = None
    """Chain of the member's own certificate, for mutual TLS."""

    certificate_key: Path | None = field(default=None, repr=False)
    timeout_seconds: float = 60.0
    """Without a byte of an answer."""


@contextmanager
def connected(
    url: str,
    access: Access,
    *,
    patience: Patience | None = None,
    random: RandomBytes = secrets.token_bytes,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[TaxiiServer]:
    """Reach the server that a URL is on.

    Parameters:
        url: Of the server, an API root, or a collection.
        access: Of the member.
        patience: How long to ask again.
        random: Where the chance in a wait comes from.
        sleep: How to wait, in seconds.

    Raises:
        ConfigError: If that is no URL, the key would cross a network in clear, others may read
            the key, or a certificate cannot be used.
    """
    origin = origin_of(url)
    with httpx2.Client(
        base_url=origin,
        verify=_trust(access) if origin.scheme == "https" else False,
        timeout=access.timeout_seconds,
        # What goes to this machine in clear must not go through a proxy of the environment.
        trust_env=origin.scheme == "https",
    ) as http:
        client = PatientClient(
            http,
            "TAXII server",
            _headers(access),
            largest_answer_bytes=LARGEST_ANSWER_BYTES,
            patience=patience,
            random=random,
            sleep=sleep,
        )
        yield TaxiiServer(client, origin, url, sleep)


def origin_of(url: str) -> httpx2.URL:
    """Return the server that a URL is on.

    Raises:
        ConfigError: If it is no URL of a server, holds a name or password, or is not https while
            another machine is meant.

    Examples:
        >>> str(origin_of("https://hub.example.com/alliance/collections/campaigns/"))
        'https://hub.example.com/'
        >>> origin_of("http://hub.example.com/")
        Traceback (most recent call last):
        phalanx.errors.ConfigError: hub.example.com: the API key would cross the network in clear
    """
    parsed = _parsed(url)
    if parsed is None:
        message = f"{url[:100]!r}: no URL of a server"
        raise ConfigError(message, next_step="Write it like https://hub.example.com/.")
    if parsed.userinfo:
        message = "the URL holds a name or a password, which every user of this machine can read"
        raise ConfigError(message, next_step="Leave it out, and name a file with the password.")
    if parsed.scheme == "http" and not is_loopback(parsed):
        message = f"{parsed.host}: the API key would cross the network in clear"
        raise ConfigError(message, next_step="Use https.")
    return parsed.copy_with(raw_path=b"/", fragment=None)


def _parsed(url: str) -> httpx2.URL | None:
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        return None
    has_host = _HOST.fullmatch(parsed.raw_host) is not None
    has_port = parsed.port is None or 0 < parsed.port < 65_536
    return parsed if has_host and has_port and parsed.scheme in {"http", "https"} else None


def _headers(access: Access) -> dict[str, str]:
    headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
    if access.key is None:
        return headers
    secret = read_secret_text(access.key, "API key", LARGEST_KEY_BYTES)
    if access.user:
        pair = base64.b64encode(f"{access.user}:{secret}".encode()).decode()
        return headers | {"Authorization": f"Basic {pair}"}
    if not secret.isascii():
        message = f"{access.key}: an API key has no such letters"
        raise ConfigError(message, next_step="Name the file with the key that the hub gave out.")
    return headers | {"Authorization": f"Bearer {secret}"}


def _trust(access: Access) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(
            cafile=str(access.authority) if access.authority else None
        )
        if access.certificate is not None:
            # Without a password callback, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(
                access.certificate, access.certificate_key, password=_no_password
            )
    except (OSError, ssl.SSLError) as error:
        message = f"a certificate cannot be used: {error.strerror or type(error).__name__}"
        raise ConfigError(message, next_step="Check the certificates and the key.") from error
    return context


def _no_password() -> str:
    message = "the key of the certificate is locked with a password"
    raise ConfigError(message, next_step="Name a key without one, for its owner alone.")

"""Where a shared state lies: a URL as a person writes it, without its password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qsl, quote, urlsplit

from phalanx.errors import ConfigError
from phalanx.printable import printable

PASSWORD_VARIABLE = "REDISCLI_AUTH"  # noqa: S105 - the name of a variable, which `redis-cli` reads
"""Environment variable of the password."""

_SCHEMES = frozenset({"redis", "rediss", "unix"})
_ROWS = MappingProxyType({"accounts": 1 << 20, "groups": 1 << 16})
_MOST_ROWS = 1 << 30
_PASSED_ON = frozenset({"db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
"""Settings of a URL that are the client's: names of files, and a number."""

_NEXT_STEP = "Write redis://HOST:6379/0, rediss://HOST:6379/0 or unix:///PATH/redis.sock."


@dataclass(frozen=True, slots=True)
class SharedPlace:
    """A database of a server, and how much may be kept there."""

    url: str
    """Without a password: libraries print URLs."""

    accounts: int
    """Rows for accounts; beyond them, those that were idle longest are given up."""

    groups: int


def is_shared(text: str) -> bool:
    """Tell whether a person names a server, and not a file.

    Examples:
        >>> is_shared("redis://cache:6379/0"), is_shared("state.arrow")
        (True, False)
    """
    return text.partition("://")[0] in _SCHEMES and "://" in text


def shared_place(text: str) -> SharedPlace:
    """Understand what a person calls a shared state.

    Parameters:
        text: `redis://HOST:PORT/DATABASE`, `rediss://` for TLS, or `unix:///PATH`; with
            `?accounts=N&groups=N` for other numbers of rows.

    Raises:
        ConfigError: If it is none of them, or holds a password.

    Examples:
        >>> shared_place("redis://cache:6379/0?accounts=4000000")
        SharedPlace(url='redis://cache:6379/0', accounts=4000000, groups=65536)
    """
    try:
        parts = urlsplit(text)
        password, _ = parts.password, parts.port
    except ValueError as error:
        raise _no_place(text, str(error)) from error
    if password is not None:
        message = "the URL of the state holds a password, which every user of this machine can read"
        raise ConfigError(message, next_step=f"Leave it out, and set {PASSWORD_VARIABLE}.")
    if not is_shared(text) or not (parts.path if parts.scheme == "unix" else parts.hostname):
        raise _no_place(text, "no state can be kept there")
    rows, passed_on = dict(_ROWS), []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name in rows:
            rows[name] = _count(text, name, value)
        elif name in _PASSED_ON:
            passed_on.append(f"{name}={quote(value)}")
        else:
            raise _no_place(text, f"unknown setting {name!r}")
    settings = f"?{'&'.join(passed_on)}" if passed_on else ""
    return SharedPlace(f"{parts.scheme}://{parts.netloc}{parts.path}{settings}", **rows)


def with_password(place: SharedPlace, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a client is told beside the URL: the password, if there is one."""
    password = environment.get(PASSWORD_VARIABLE)
    return {"password": password} if password and place.url else {}


def _count(text: str, name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()) or not 16 <= int(value) <= _MOST_ROWS:
        raise _no_place(text, f"{name} is a number from 16 to 2^30")
    return int(value)


def _no_place(text: str, reason: str) -> ConfigError:
    message = f"{printable(text)[:100]!r}: {printable(reason)[:200]}"
    return ConfigError(message, next_step=_NEXT_STEP)

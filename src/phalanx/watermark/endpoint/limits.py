"""How much each client may ask, and all of them together: buckets that fill up with time.

They are kept in memory: a restart fills them. What must outlast it, how often evidence was used,
is in the tables of the endpoint.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from phalanx.errors import ConfigError
from phalanx.serving.limits import LimitReachedError
from phalanx.watermark.keys.secret import Secret

_HOST_BITS = 64
"""Of an IPv6 address, which whoever has the network may choose."""

MOST_CLIENTS = 100_000
"""That are remembered; of more, those who asked least recently are forgotten."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How a bucket fills."""

    burst: float
    """Questions at once, after a pause."""

    per_day: float
    """At which the bucket is refilled, steadily."""

    def __post_init__(self) -> None:
        """Refuse a rate that allows nothing.

        Raises:
            ConfigError: If it does.
        """
        if self.burst < 1 or self.per_day <= 0:
            message = "a rate allows one question at least"
            raise ConfigError(message, next_step="Change the rates of the endpoint.")


class Limits:
    """Buckets of clients, under a hash that only this process can make.

    Parameters:
        client: Rate of each client.
        everybody: Rate of all clients together: it bounds what many addresses of one person get.
        secret: That addresses are hashed with.
    """

    def __init__(self, client: Rate, everybody: Rate, secret: Secret) -> None:
        """Start full."""
        self._client = client
        self._everybody = everybody
        self._secret = secret
        self._lock = threading.Lock()
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        self._all: tuple[float, float] | None = None

    def charge(self, address: str, seconds: float) -> None:
        """Count a question, or refuse it and count nothing.

        Parameters:
            address: Of the client.
            seconds: On a clock that runs steadily.

        Raises:
            LimitReachedError: If the client, or everybody, has asked as much as allowed for now.
        """
        name = hmac.digest(self._secret.reveal(), network_of(address).encode(), hashlib.sha256)
        with self._lock:
            mine = _left(self._buckets.get(name), self._client, seconds)
            every = _left(self._all, self._everybody, seconds)
            for limit, held, rate in (
                ("client", mine, self._client),
                ("server", every, self._everybody),
            ):
                if held < 1:
                    wait_seconds = (1 - held) * 86_400 / rate.per_day
                    raise LimitReachedError(limit, max(1.0, wait_seconds))
            self._buckets[name] = mine - 1, seconds
            self._buckets.move_to_end(name)
            self._all = every - 1, seconds
            if len(self._buckets) > MOST_CLIENTS:
                self._buckets.popitem(last=False)


def network_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or a network of IPv6 (/64).

    Examples:
        >>> network_of("192.0.2.1"), network_of("2001:db8::1") == network_of("2001:db8::2")
        ('192.0.2.1', True)
        >>> network_of("::ffff:192.0.2.1"), network_of("unknown")
        ('192.0.2.1', 'unknown')
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(IPv6Address(int(found) >> _HOST_BITS << _HOST_BITS))
    return str(found)


def _left(bucket: tuple[float, float] | None, rate: Rate, seconds: float) -> float:
    if bucket is None:
        return rate.burst
    held, at = bucket
    return min(rate.burst, held + max(0.0, seconds - at) * rate.per_day / 86_400)

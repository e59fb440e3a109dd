"""Settings of the endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

from phalanx.errors import ConfigError
from phalanx.serving.loopback import is_loopback
from phalanx.watermark.endpoint.answering import Policy
from phalanx.watermark.endpoint.limits import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """Where the endpoint keeps what it remembers, and what it accepts."""

    folder: Path
    """Of its secret and its tables; one process at a time."""

    policy: Policy = field(default_factory=Policy)

    client: Rate = field(default_factory=lambda: Rate(burst=10, per_day=100))
    """How much one client may ask."""

    everybody: Rate = field(default_factory=lambda: Rate(burst=200, per_day=50_000))
    """How much all clients together may ask."""

    cells: int = 1 << 25
    """Places of each of two tables of used evidence, one byte each: enough for some 50,000 texts
    of 1,000 tokens in a period. Fewer make fresh texts seem used, and never the reverse."""

    answers: int = 1 << 17
    """Answers that are remembered, eight bytes each."""

    host: str = "127.0.0.1"
    """Address to listen on; another machine reaches it only if this is changed."""

    port: int = 8473

    certificate: Path | None = None
    """Chain for TLS; needed on any address but a loopback one, unless a proxy does TLS."""

    certificate_key: Path | None = field(default=None, repr=False)

    proxy: str | None = None
    """Address of a proxy in front that speaks TLS and names the client (X-Forwarded-For); only
    what it says of clients is believed."""

    open_metrics: bool = False
    """Whether others than this machine may read `/metrics`; behind a proxy nobody may, else."""

    largest_body_bytes: int = 262_144
    """Of a request."""

    body_seconds: float = 20.0
    """In which a request must have arrived."""

    concurrent_requests: int = 64
    """More are answered with 503."""

    def __post_init__(self) -> None:
        """Refuse to carry texts over a network in clear.

        Raises:
            ConfigError: If the address is no loopback one, and nothing speaks TLS; or if the
                proxy could be anybody.
        """
        if self.proxy is not None and not _is_address(self.proxy):
            message = "the proxy is named by its address or network, such as 10.0.0.1"
            raise ConfigError(message, next_step="Name it: whoever it is may say who a client is.")
        if not (is_loopback(self.host) or self.certificate or self.proxy):
            message = f"{self.host}: texts would cross the network in clear"
            raise ConfigError(message, next_step="Name a certificate, or the proxy that does TLS.")


def _is_address(proxy: str) -> bool:
    """Tell whether a proxy is named so that not everybody is one."""
    try:
        return ip_network(proxy).prefixlen > 0
    except ValueError:
        return False

"""Settings of a broker."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from phalanx.errors import ConfigError
from phalanx.serving.loopback import is_loopback
from phalanx.store.place import DatabasePlace


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where a broker keeps things, and what it bears."""

    database: DatabasePlace
    """Of releases, challenges and decisions."""

    host: str = "127.0.0.1"
    """Address to listen on; another machine reaches it only if this is changed."""

    port: int = 8473

    certificate: Path | None = None
    """Chain for TLS; needed on any address but a loopback one, unless a proxy does TLS."""

    certificate_key: Path | None = field(default=None, repr=False)

    behind_proxy: bool = False
    """Something in front of the broker speaks TLS."""

    concurrent_requests: int = 64
    """More are answered with 503."""

    def __post_init__(self) -> None:
        """Refuse to carry tokens over a network in clear.

        Raises:
            ConfigError: If the address is no loopback one, and nothing speaks TLS; or if a
                certificate is not there.
        """
        if not (is_loopback(self.host) or self.certificate or self.behind_proxy):
            message = f"{self.host}: tokens would cross the network in clear"
            raise ConfigError(
                message, next_step="Name a certificate, or say that a proxy speaks TLS."
            )
        for path in (self.certificate, self.certificate_key):
            if path is not None and not path.is_file():
                message = f"{path}: no such file"
                raise ConfigError(message, next_step="Name the certificate and its key.")

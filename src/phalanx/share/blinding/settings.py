"""Settings of the key server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from phalanx.errors import ConfigError
from phalanx.serving.loopback import is_loopback
from phalanx.store.place import DatabasePlace


@dataclass(frozen=True, slots=True)
class KeyServerSettings:
    """Where the key server keeps things, and what it accepts."""

    keys: Path
    """Folder of the keys (`phalanx.share.blinding.keyring`)."""

    database: DatabasePlace
    """Of members and counts."""

    host: str = "127.0.0.1"
    """Address to listen on; another machine reaches it only if this is changed."""

    port: int = 8471

    certificate: Path | None = None
    """Chain for TLS; needed on any address but a loopback one, unless a proxy does TLS."""

    certificate_key: Path | None = field(default=None, repr=False)

    behind_proxy: bool = False
    """Something in front of the server speaks TLS."""

    largest_body_bytes: int = 65_536
    """Of a request; a full batch has 48 KB."""

    body_seconds: float = 20.0
    """In which a request must have arrived."""

    concurrent_requests: int = 64
    """More are answered with 503."""

    def __post_init__(self) -> None:
        """Refuse to carry API keys over a network in clear.

        Raises:
            ConfigError: If the address is no loopback one, and nothing speaks TLS.
        """
        if not (is_loopback(self.host) or self.certificate or self.behind_proxy):
            message = f"{self.host}: API keys would cross the network in clear"
            raise ConfigError(
                message, next_step="Name a certificate, or say that a proxy speaks TLS."
            )

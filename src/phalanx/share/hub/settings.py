"""Settings of the hub."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from phalanx.errors import ConfigError
from phalanx.serving.loopback import is_loopback
from phalanx.store import DatabasePlace

ClientCertificates = Literal["ignored", "accepted", "required"]


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Where the hub keeps things, and what it accepts."""

    database: DatabasePlace
    """Of members and objects."""

    key: Path = field(repr=False)
    """File of 32 random bytes with which tokens and places in lists are signed; made where there
    is none. All processes of one hub share it."""

    host: str = "127.0.0.1"
    """Address to listen on; another machine reaches it only if this is changed."""

    port: int = 8470

    certificate: Path | None = None
    """Chain for TLS; needed on any address but a loopback one, unless a proxy does TLS."""

    certificate_key: Path | None = field(default=None, repr=False)

    client_authority: Path | None = None
    """Certificates of those who issue client certificates."""

    client_certificates: ClientCertificates = "ignored"
    """Whether a client must, or may, show one when it connects."""

    behind_proxy: bool = False
    """Something in front of the hub speaks TLS."""

    largest_body_bytes: int = 10_485_760
    """Of a request, as each API root says."""

    body_seconds: float = 60.0
    """In which a request must have arrived."""

    page_objects: int = 1_000
    """On a page, however many are asked for."""

    token_seconds: int = 900
    """For which a bearer token is good."""

    status_days: int = 7
    """For which the status of a request to add objects can be asked for."""

    requests_per_second: float = 100.0
    """Of one member, over time."""

    burst_requests: float = 1_000.0
    """Of one member, after a pause."""

    concurrent_requests: int = 256
    """More are answered with 503."""

    open_metrics: bool = False
    """Whether others than this machine may read `/metrics`, which tells how much is shared; behind
    a proxy nobody may, else."""

    most_pages: int | None = None
    """Of 4,096 bytes, that the SQLite file may have; null means as many as the disk holds."""

    def __post_init__(self) -> None:
        """Refuse to carry API keys over a network in clear, and certificates nobody can check.

        Raises:
            ConfigError: If the address is no loopback one, and nothing speaks TLS; or if client
                certificates are wanted, but not TLS or who issues them.
        """
        if not (is_loopback(self.host) or self.certificate or self.behind_proxy):
            message = f"{self.host}: API keys would cross the network in clear"
            raise ConfigError(
                message, next_step="Name a certificate, or say that a proxy speaks TLS."
            )
        if self.client_certificates != "ignored" and not (
            self.certificate and self.client_authority
        ):
            message = "client certificates need TLS, and certificates of those who issue them"
            raise ConfigError(message, next_step="Name both, or ignore client certificates.")

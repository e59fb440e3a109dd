"""Settings of a sidecar."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from phalanx.errors import ConfigError
from phalanx.serving.loopback import is_loopback


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarSettings:
    """Where a sidecar listens, and what it bears."""

    host: str = "127.0.0.1"
    """Address to listen on; another machine reaches it only if this is changed."""

    port: int = 8474

    certificate: Path | None = None
    """Chain for TLS; needed on any address but a loopback one, unless a proxy does TLS."""

    certificate_key: Path | None = field(default=None, repr=False)

    behind_proxy: bool = False
    """Something in front of the sidecar speaks TLS."""

    callers: Path | None = None
    """Names of callers and hashes of their tokens; without them only this machine may ask, and
    whoever is on it."""

    largest_body_bytes: int = 16_777_216
    """Of a request; a larger one is answered with 413."""

    body_seconds: float = 10.0
    """In which a request must have arrived."""

    most_under_way: int = 65_536
    """Requests that have not ended; for more, the oldest are forgotten and counted."""

    most_under_way_characters: int = 67_108_864
    """Of their texts together, where exchanges are written down; as before."""

    under_way_seconds: float = 3_600.0
    """For which a request may be under way; as before."""

    most_delay_seconds: float = 10.0
    """For which Envoy is kept waiting where a decision slows; its own time limit must be longer."""

    most_delayed: int = 1_000
    """Requests that are kept waiting at once; more are told to come back."""

    reload_seconds: float = 5.0
    """Between looks at the policy and at what is known."""

    snapshot_seconds: float = 30.0
    """Between snapshots of the state: what `kill -9` loses at most."""

    log_file_bytes: int = 268_435_456
    """Of a file of exchanges, before the next is begun."""

    concurrent_requests: int = 1_024
    """More are answered with 503."""

    open_metrics: bool = False
    """Whether others than this machine may read `/metrics` without a token."""

    def __post_init__(self) -> None:
        """Refuse to carry prompts and tokens over a network in clear, or to answer everybody.

        Raises:
            ConfigError: If the address is no loopback one, and nothing speaks TLS or nobody has to
                show a token; or if a certificate is not there.
        """
        if not is_loopback(self.host):
            if not (self.certificate or self.behind_proxy):
                message = f"{self.host}: prompts and tokens would cross the network in clear"
                raise ConfigError(
                    message, next_step="Name a certificate, or say that a proxy speaks TLS."
                )
            if self.callers is None:
                message = f"{self.host}: whoever reaches it could ask and settle"
                raise ConfigError(message, next_step="Name --callers.")
        for path in (self.certificate, self.certificate_key):
            if path is not None and not path.is_file():
                message = f"{path}: no such file"
                raise ConfigError(message, next_step="Name the certificate and its key.")

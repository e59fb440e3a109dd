"""Settings of the console: where it listens, and what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from phalanx.console.people.breached import BreachedList
from phalanx.console.people.elsewhere import ProviderSettings
from phalanx.console.people.sessions import Limits
from phalanx.errors import ConfigError
from phalanx.serving.loopback import is_loopback
from phalanx.store import DatabasePlace, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What the console reads. What is not named has an empty page that says how to name it."""

    scans: Sequence[Path] = ()
    """Folders that `phalanx scan` wrote, the newest of which is shown first."""

    store: DatabasePlace | None = None
    """Database of daily scans; it is only read."""

    alliance: Path | None = None
    """Settings of the member, as `phalanx share` takes them."""

    audits: Path | None = None
    """Folder of signed reports of audits of marks."""

    audit_signers: Sequence[Path] = ()
    """Public keys (PEM) of those who may sign audits."""

    releases: Path | None = None
    """Folder with a folder for each release."""

    identities: Path | None = None
    """Folder of identities of those who hand out and receive releases."""

    cases: Place | None = None
    """Database of cases, and the folder of their files."""

    packages: Path | None = None
    """Folder with a folder for each package of evidence."""

    believed: Path | None = None
    """Policy of packages and ledgers that are believed."""

    incidents: Path | None = None
    """Folder of incidents (TOML), whose clocks are shown."""

    ledger: Path | None = None
    """Folder of the ledger, which acts in the console are recorded in."""

    answers: Path | None = None
    """What people say of controls that nobody can look up."""

    profile: str = "baseline"
    """Of controls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """A console."""

    database: DatabasePlace
    """Of its users and sessions."""

    places: Places = field(default_factory=Places)
    host: str = "127.0.0.1"
    """Address to listen on; another machine reaches it only if this is changed."""

    port: int = 8480
    url: str = ""
    """Under which browsers reach it, such as `https://phalanx.lab.example`; empty for the address
    that it listens on."""

    certificate: Path | None = None
    certificate_key: Path | None = field(default=None, repr=False)
    behind_proxy: bool = False
    """Something in front of it speaks TLS, and says from where a request came."""

    limits: Limits = field(default_factory=Limits)
    provider: ProviderSettings | None = None
    """Where people sign in, besides with passwords."""

    breached: BreachedList | None = None
    """Passwords that nobody may have."""

    concurrent_requests: int = 512
    largest_body_bytes: int = 65_536
    body_seconds: float = 20.0

    def __post_init__(self) -> None:
        """Refuse to carry passwords over a network in clear.

        Raises:
            ConfigError: If the address is no loopback one and nothing speaks TLS, or its URL is
                none.
        """
        if not (is_loopback(self.host) or self.certificate or self.behind_proxy):
            message = f"{self.host}: passwords would cross the network in clear"
            raise ConfigError(
                message, next_step="Name a certificate, or say that a proxy speaks TLS."
            )
        scheme, mark, rest = self.address.partition("://")
        if not mark or scheme not in {"http", "https"} or not rest or "/" in rest:
            message = f"{self.url}: no address of a console"
            raise ConfigError(message, next_step="Write https://HOST, without a path.")

    @property
    def address(self) -> str:
        """Under which browsers reach it, without a slash at the end."""
        if self.url:
            return self.url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach it by TLS; else it is on their own machine."""
        return self.address.startswith("https://")

    @property
    def hosts(self) -> frozenset[str]:
        """What a request may call this server: others come from a name that somebody else owns."""
        own = {self.address.partition("://")[2]}
        if is_loopback(self.host):
            own |= {f"{name}:{self.port}" for name in ("localhost", "127.0.0.1", "[::1]")}
        return frozenset(own)

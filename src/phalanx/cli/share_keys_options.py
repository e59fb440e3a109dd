"""Options of a running key server, and the settings that they amount to."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter, validators

if TYPE_CHECKING:
    from phalanx.share.blinding.settings import KeyServerSettings

_WHERE = Group.create_ordered("Where it listens")
_BOUNDS = Group.create_ordered("What it bears")
_Count = Parameter(group=_BOUNDS, validator=validators.Number(gte=1))


@Parameter(name="*", group=_WHERE)
@dataclass(frozen=True, kw_only=True)
class KeyServerOptions:
    """What an operator may say about a running key server; the names are those of its settings."""

    host: str = "127.0.0.1"
    """Address to listen on; any but one of this machine needs TLS."""

    port: Annotated[int, Parameter(validator=validators.Number(gte=1, lt=65_536))] = 8471
    """Port to listen on."""

    certificate: Annotated[Path | None, Parameter(show_default=False)] = None
    """Chain of certificates for TLS."""

    certificate_key: Annotated[Path | None, Parameter(show_default=False)] = None
    """Key of the certificate."""

    behind_proxy: bool = False
    """Something in front of the server speaks TLS."""

    largest_body_bytes: Annotated[int, _Count] = 65_536
    """Of a request; a full batch has 48 KB."""

    body_seconds: Annotated[float, Parameter(group=_BOUNDS, validator=validators.Number(gt=0))] = (
        20.0
    )
    """In which a request must have arrived."""

    concurrent_requests: Annotated[int, _Count] = 64
    """Of all; more are told to come back."""

    def settings(self, keys: Path, database: str) -> KeyServerSettings:
        """Return the settings of the key server.

        Raises:
            ConfigError: If they contradict each other, or the database can be none.
        """
        from phalanx.share.blinding.settings import KeyServerSettings
        from phalanx.store import database_of

        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return KeyServerSettings(keys=keys, database=database_of(database), **said)

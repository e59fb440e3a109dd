"""Options of a running hub, and the settings that they amount to."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter, validators

if TYPE_CHECKING:
    from phalanx.share.hub import HubSettings

Database = Annotated[str, Parameter(name="--database")]
DATABASE = "alliance.hub"
"""Of a hub, where none is named."""

_WHERE = Group.create_ordered("Where it listens")
_BOUNDS = Group.create_ordered("What it bears")
_Count = Parameter(group=_BOUNDS, validator=validators.Number(gte=1))
_Rate = Parameter(group=_BOUNDS, validator=validators.Number(gt=0))


@Parameter(name="*", group=_WHERE)
@dataclass(frozen=True, kw_only=True)
class HubOptions:
    """What an operator may say about a running hub; the names are those of its settings."""

    host: str = "127.0.0.1"
    """Address to listen on; any but one of this machine needs TLS."""

    port: Annotated[int, Parameter(validator=validators.Number(gte=1, lt=65_536))] = 8470
    """Port to listen on."""

    certificate: Annotated[Path | None, Parameter(show_default=False)] = None
    """Chain of certificates for TLS."""

    certificate_key: Annotated[Path | None, Parameter(show_default=False)] = None
    """Key of the certificate."""

    client_authority: Annotated[Path | None, Parameter(show_default=False)] = None
    """Certificates of those who issue client certificates."""

    client_certificates: Literal["ignored", "accepted", "required"] = "ignored"
    """Whether a client may, or must, show a certificate when it connects."""

    behind_proxy: bool = False
    """Something in front of the hub speaks TLS."""

    largest_body_bytes: Annotated[int, _Count] = 10_485_760
    """Of a request."""

    body_seconds: Annotated[float, _Rate] = 60.0
    """In which a request must have arrived."""

    page_objects: Annotated[int, _Count] = 1_000
    """On a page, however many are asked for."""

    token_seconds: Annotated[int, _Count] = 900
    """For which a bearer token is good."""

    status_days: Annotated[int, _Count] = 7
    """For which the status of a request can be asked for."""

    requests_per_second: Annotated[float, _Rate] = 100.0
    """Of one member, over time."""

    burst_requests: Annotated[float, _Rate] = 1_000.0
    """Of one member, after a pause."""

    concurrent_requests: Annotated[int, _Count] = 256
    """Of all; more are told to come back."""

    open_metrics: bool = False
    """Whether others than this machine may read `/metrics`, which tells how much is shared."""

    most_pages: Annotated[
        int | None,
        Parameter(group=_BOUNDS, show_default=False, validator=validators.Number(gte=1)),
    ] = None
    """Of 4,096 bytes, that the SQLite file may have; otherwise as many as the disk holds."""

    def settings(self, database: str, key: Path) -> HubSettings:
        """Return the settings of the hub.

        Raises:
            ConfigError: If they contradict each other, or the database can be none.
        """
        from phalanx.share.hub import HubSettings
        from phalanx.store import database_of

        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return HubSettings(database=database_of(database), key=key, **said)

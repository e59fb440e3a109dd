"""Options of a running gateway, and the settings that they amount to."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter, validators

if TYPE_CHECKING:
    from phalanx.prevent.sidecar.settings import SidecarSettings

_WHERE = Group.create_ordered("Where it listens")
_BOUNDS = Group.create_ordered("What it bears")
_Count = Parameter(group=_BOUNDS, validator=validators.Number(gte=1))
_Seconds = Parameter(group=_BOUNDS, validator=validators.Number(gte=0.05))


@Parameter(name="*", group=_WHERE)
@dataclass(frozen=True, kw_only=True)
class SidecarOptions:
    """What an operator may say about a running gateway; the names are those of its settings."""

    host: str = "127.0.0.1"
    """Address to listen on; any but one of this machine needs TLS and callers."""

    port: Annotated[int, Parameter(validator=validators.Number(gte=1, lt=65_536))] = 8474
    """Port to listen on."""

    certificate: Annotated[Path | None, Parameter(show_default=False)] = None
    """Chain of certificates for TLS."""

    certificate_key: Annotated[Path | None, Parameter(show_default=False)] = None
    """Key of the certificate."""

    behind_proxy: bool = False
    """Something in front of the gateway speaks TLS."""

    callers: Annotated[Path | None, Parameter(show_default=False)] = None
    """File that `add-caller` wrote: only who shows a token of it may ask."""

    largest_body_bytes: Annotated[int, _Count] = 16_777_216
    """Of a request."""

    body_seconds: Annotated[float, _Seconds] = 10.0
    """In which a request must have arrived."""

    most_under_way: Annotated[int, _Count] = 65_536
    """Requests that have not ended; of more, the oldest are forgotten and counted."""

    most_under_way_characters: Annotated[int, _Count] = 67_108_864
    """Of their texts together, with `--exchanges`."""

    under_way_seconds: Annotated[float, _Seconds] = 3_600.0
    """For which a request may be under way."""

    most_delay_seconds: Annotated[float, _Seconds] = 10.0
    """For which Envoy is kept waiting where a decision slows."""

    most_delayed: Annotated[int, _Count] = 1_000
    """Requests that are kept waiting at once; more are told to come back."""

    reload_seconds: Annotated[float, _Seconds] = 5.0
    """Between looks at the policy and at what is known."""

    snapshot_seconds: Annotated[float, _Seconds] = 30.0
    """Between snapshots of the state."""

    log_file_bytes: Annotated[int, _Count] = 268_435_456
    """Of a file of exchanges, before the next is begun."""

    concurrent_requests: Annotated[int, _Count] = 1_024
    """Of all; more are told to come back."""

    open_metrics: bool = False
    """Whether others than this machine may read `/metrics` without a token."""

    def settings(self) -> SidecarSettings:
        """Return the settings of the sidecar.

        Raises:
            ConfigError: If they contradict each other.
        """
        from phalanx.prevent.sidecar.settings import SidecarSettings

        return SidecarSettings(**{each.name: getattr(self, each.name) for each in fields(self)})

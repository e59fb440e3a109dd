"""How a member reaches the hub, for the commands of the pool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

if TYPE_CHECKING:
    from phalanx.share.client.access import Access

_HUB = Group.create_ordered("The hub")


@Parameter(name="*", group=_HUB)
@dataclass(frozen=True, kw_only=True)
class MemberOptions:
    """Where the hub is, and what a member proves itself with."""

    hub: str
    """Address of the hub, as `https://hub.example.com/`."""

    api_key: Path
    """File of your API key, for its owner alone."""

    authority: Annotated[Path | None, Parameter(show_default=False)] = None
    """Certificates of those who issue the hub's, if this machine does not trust them."""

    @property
    def access(self) -> Access:
        """What a member proves itself with, as a client wants it."""
        from phalanx.share.client.access import Access

        return Access(key=self.api_key, authority=self.authority)

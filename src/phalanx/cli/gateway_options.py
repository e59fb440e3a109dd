"""What a gateway is told it may know: options of its commands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Optional = Annotated[Path | None, Parameter(show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class GatewayOptions:
    """Where a gateway finds its policy and what is known."""

    policy: Path
    """Policy file (TOML)."""

    key: Path = Path("gateway.key")
    """Secret of the deployment, 32 bytes, made if it is missing: accounts are hashed with it."""

    store: Annotated[str | None, Parameter(show_default=False)] = None
    """Store of scans, whose campaigns are known: SQLite file, or `postgresql://USER@HOST/DATABASE`.
    """

    campaign_keys: Optional = None
    """Ids of the keys of campaigns: TOML, a table `[keys]` of campaign = "wmk_..."."""

    grants: Optional = None
    """Grants, JSON or TOML, as for `phalanx scan`."""

    match_list: Optional = None
    """`match_list.parquet`, which `phalanx share pull` wrote."""

    group_keys: Optional = None
    """Keys of the group, under which templates of the match list were sketched."""

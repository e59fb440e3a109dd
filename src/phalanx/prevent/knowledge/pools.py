"""Undeclared pools that a scan kept in a store: operated together, not shown to harvest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sqlalchemy import select

from phalanx.prevent.knowledge.last_scan import last_scan, seen_by
from phalanx.store.place import DatabasePlace
from phalanx.store.tables import CAMPAIGNS, MEMBERS, SCANS

_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Pools:
    """What the last scan of a store listed as undeclared pools."""

    scan: int
    """Number of that scan; 0 for none."""

    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Pool -> its accounts, as the store names them."""

    seen_until_us: int = 0
    """Until when that scan has counted exchanges, in microseconds since 1970: it may have formed
    pools on them, so that they are no evidence against a pool."""

    @cached_property
    def of_account(self) -> Mapping[str, str]:
        """Return the pool of each account; of several, the first by name."""
        found: dict[str, str] = {}
        for pool in sorted(self.members):
            for account in self.members[pool]:
                found.setdefault(account, pool)
        return found


NO_POOLS = Pools(0)


def read_pools(place: DatabasePlace, held: Pools = NO_POOLS) -> Pools:
    """Read the undeclared pools of a store, or return what is held if no scan was kept since.

    Parameters:
        place: Of its database, which is only read.
        held: What was read before.

    Raises:
        InputError: If there is no store.
        ServiceError: If the database cannot be reached.
    """
    with last_scan(place) as (connection, scan):
        if scan == held.scan:
            return held
        until = connection.execute(
            select(SCANS.c.kept_until).where(SCANS.c.number == scan)
        ).scalar_one_or_none()
        listed = (
            select(CAMPAIGNS.c.campaign_id, MEMBERS.c.account_id)
            .join(MEMBERS, CAMPAIGNS.c.campaign_id == MEMBERS.c.campaign_id)
            .where(seen_by(scan, "undeclared_pool"))
            .order_by(CAMPAIGNS.c.campaign_id, MEMBERS.c.account_id)
        )
        members: dict[str, list[str]] = defaultdict(list)
        for pool, account in connection.execute(listed):
            members[pool].append(account)
    return Pools(
        scan,
        {pool: tuple(accounts) for pool, accounts in members.items()},
        0 if until is None else round(datetime.fromisoformat(until).timestamp() * _MICROSECONDS),
    )

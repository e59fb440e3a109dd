"""Campaigns that a scan kept in a store, and the accounts that it last saw in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from phalanx.prevent.knowledge.last_scan import last_scan, seen_by
from phalanx.store.place import DatabasePlace
from phalanx.store.tables import CAMPAIGNS, MEMBERS


@dataclass(frozen=True, slots=True)
class Membership:
    """An account in a campaign."""

    campaign: str
    log10_e: float
    """Evidence for the campaign."""


@dataclass(frozen=True, slots=True)
class Campaigns:
    """What the last scan of a store listed as campaigns; authorised groups are none."""

    scan: int
    """Number of that scan; 0 for none."""

    of_account: Mapping[str, Membership]
    """Account, as the store names it -> its campaign; of several, that of most evidence."""


NO_CAMPAIGNS = Campaigns(0, {})


def read_campaigns(place: DatabasePlace, held: Campaigns = NO_CAMPAIGNS) -> Campaigns:
    """Read the campaigns of a store, or return what is held if no scan was kept since.

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
        listed = (
            select(MEMBERS.c.account_id, CAMPAIGNS.c.campaign_id, CAMPAIGNS.c.log10_e)
            .join(CAMPAIGNS, CAMPAIGNS.c.campaign_id == MEMBERS.c.campaign_id)
            .where(seen_by(scan, "campaign"))
            .order_by(CAMPAIGNS.c.log10_e, CAMPAIGNS.c.campaign_id)
        )
        rows = connection.execute(listed).all()
    return Campaigns(scan, {account: Membership(name, e) for account, name, e in rows})

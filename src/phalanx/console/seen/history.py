"""What a store of daily scans remembers of campaigns: since when, and in which scan last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from phalanx.store import DatabasePlace
from phalanx.store.schema import reach, translated
from phalanx.store.tables import CAMPAIGNS, SCANS


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A group that a scan of the store listed."""

    campaign_id: str
    verdict: str
    formed_at: datetime
    discovered_at: datetime | None
    log10_e: float
    exchanges: int
    first_scan: int
    last_scan: int


@dataclass(frozen=True, slots=True)
class History:
    """All of them, and how many scans there were."""

    scans: int
    kept_until: datetime | None
    """End of what was scanned."""

    groups: tuple[Remembered, ...]

    def of(self, campaign_id: str) -> Remembered | None:
        """Return what is remembered of a group."""
        return next((each for each in self.groups if each.campaign_id == campaign_id), None)


def read_history(place: DatabasePlace) -> History:
    """Read what a store remembers; it is not opened for a scan, and not locked.

    Raises:
        InputError: If there is no store.
        ServiceError: If its database cannot be reached.
    """
    engine = reach(place)
    try:
        with translated(place), engine.connect() as connection:
            scans = connection.execute(
                select(SCANS.c.number, SCANS.c.kept_until).order_by(SCANS.c.number.desc()).limit(1)
            ).one_or_none()
            chosen = select(CAMPAIGNS).order_by(
                CAMPAIGNS.c.last_scan.desc(), CAMPAIGNS.c.log10_e.desc(), CAMPAIGNS.c.campaign_id
            )
            rows = connection.execute(chosen).mappings().all()
    finally:
        engine.dispose()
    return History(
        scans=scans.number if scans else 0,
        kept_until=datetime.fromisoformat(scans.kept_until) if scans else None,
        groups=tuple(
            Remembered(
                campaign_id=row["campaign_id"],
                verdict=row["verdict"],
                formed_at=datetime.fromisoformat(row["formed_at"]),
                discovered_at=datetime.fromisoformat(row["discovered_at"])
                if row["discovered_at"]
                else None,
                log10_e=row["log10_e"],
                exchanges=row["exchanges"],
                first_scan=row["first_scan"],
                last_scan=row["last_scan"],
            )
            for row in rows
        ),
    )

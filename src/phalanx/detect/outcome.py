"""What a scan reported about each account, from its result or from its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from phalanx.detect.result import ScanResult
from phalanx.errors import InputError


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome:
    """Reported campaigns, account by account."""

    accounts: tuple[str, ...]
    """Identifiers as in the scan."""

    campaigns: tuple[str | None, ...]
    """Reported campaign of each account; null for none."""

    daily: NDArray[np.int64]
    """Exchanges of each account (rows) on each day (columns)."""

    days: tuple[date, ...]
    """The days, in order."""

    discovered_on: Mapping[str, date]
    """Reported campaign -> day on which its evidence passed the level."""

    def keep(self, rows: NDArray[np.bool_]) -> Outcome:
        """Return the accounts where `rows` is true."""
        kept = np.flatnonzero(rows).tolist()
        return Outcome(
            accounts=tuple(self.accounts[row] for row in kept),
            campaigns=tuple(self.campaigns[row] for row in kept),
            daily=self.daily[rows],
            days=self.days,
            discovered_on=self.discovered_on,
        )


def outcome_of(scan: Path | ScanResult) -> Outcome:
    """Read what a scan reported.

    Parameters:
        scan: Its result, or the folder with `accounts.parquet` and `campaigns.json`.

    Raises:
        InputError: If a file of the folder is missing or is not what a scan writes.
    """
    if isinstance(scan, ScanResult):
        found = {
            campaign.campaign_id: campaign.judgement.discovered_on for campaign in scan.campaigns
        }
        return _outcome(scan.accounts, scan.daily.column("day").to_pylist(), found, "the result")
    try:
        accounts = pq.read_table(
            scan / "accounts.parquet", columns=["account_id", "campaign_id", "daily_exchanges"]
        )
        document = json.loads((scan / "campaigns.json").read_text(encoding="utf-8"))
        days = [date.fromisoformat(day) for day in document["days"]]
        found = {
            campaign["campaign_id"]: _date(campaign["judgement"]["discovered_on"])
            for campaign in document["campaigns"]
        }
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        message = f"{scan}: not the folder of a scan ({type(error).__name__}: {error})"
        raise InputError(
            message, next_step="Pass the folder that `phalanx scan --out` wrote."
        ) from error
    return _outcome(accounts, days, found, str(scan))


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _outcome(
    accounts: pa.Table, days: list[date], found: Mapping[str, date | None], where: str
) -> Outcome:
    """Check that the parts of a scan fit together."""
    reported = accounts.column("campaign_id").to_pylist()
    counts = accounts.column("daily_exchanges").to_pylist()
    wrong = next((len(row or ()) for row in counts if len(row or ()) != len(days)), None)
    if wrong is not None:
        message = f"{where}: an account has counts of {wrong} days, the log has {len(days)}"
        raise InputError(message, next_step="Run the scan again; its files do not fit together.")
    unknown = {group for group in reported if group is not None} - set(found)
    if unknown:
        message = f"{where}: accounts name campaigns that are not listed: {sorted(unknown)[:3]}"
        raise InputError(message, next_step="Run the scan again; its files do not fit together.")
    last = days[-1] if days else date.max
    return Outcome(
        accounts=tuple(accounts.column("account_id").to_pylist()),
        campaigns=tuple(reported),
        daily=np.array(counts, dtype=np.int64).reshape(len(counts), len(days)),
        days=tuple(days),
        # A campaign whose day is not known is counted as found at the very end.
        discovered_on={name: day or last for name, day in found.items()},
    )

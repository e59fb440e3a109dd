"""What a scan reported about each account, from its result or from its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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

    pools: tuple[str | None, ...]
    """Undeclared pool of each account; null for none."""

    exchanges: NDArray[np.int64]
    """Exchanges of each account (rows) in each step (columns)."""

    step_ends: tuple[datetime, ...]
    """When each step was over, in order."""

    discovered_at: Mapping[str, datetime]
    """Reported campaign -> moment at which its evidence passed the level."""

    def keep(self, rows: NDArray[np.bool_]) -> Outcome:
        """Return the accounts where `rows` is true."""
        kept = np.flatnonzero(rows).tolist()
        return Outcome(
            accounts=tuple(self.accounts[row] for row in kept),
            campaigns=tuple(self.campaigns[row] for row in kept),
            pools=tuple(self.pools[row] for row in kept),
            exchanges=self.exchanges[rows],
            step_ends=self.step_ends,
            discovered_at=self.discovered_at,
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
            campaign.campaign_id: campaign.judgement.discovered_at for campaign in scan.campaigns
        }
        pools = {
            member.account_id: pool.group_id
            for pool in scan.undeclared_pools
            for member in pool.facts.members
        }
        return _outcome(scan.accounts, scan.population.step_ends, found, pools, "the result")
    try:
        accounts = pq.read_table(
            scan / "accounts.parquet", columns=["account_id", "campaign_id", "step_exchanges"]
        )
        document = json.loads((scan / "campaigns.json").read_text(encoding="utf-8"))
        ends = [datetime.fromisoformat(end) for end in document["population"]["step_ends"]]
        found = {
            campaign["campaign_id"]: _moment(campaign["judgement"]["discovered_at"])
            for campaign in document["campaigns"]
        }
        pools = {
            member["account_id"]: pool["group_id"]
            for pool in document["undeclared_pools"]
            for member in pool["facts"]["members"]
        }
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        message = f"{scan}: not the folder of a scan ({type(error).__name__}: {error})"
        raise InputError(
            message, next_step="Pass the folder that `phalanx scan --out` wrote."
        ) from error
    return _outcome(accounts, ends, found, pools, str(scan))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _outcome(
    accounts: pa.Table,
    step_ends: Sequence[datetime],
    found: Mapping[str, datetime | None],
    pools: Mapping[str, str],
    where: str,
) -> Outcome:
    """Check that the parts of a scan fit together."""
    reported = accounts.column("campaign_id").to_pylist()
    counts = accounts.column("step_exchanges").to_pylist()
    wrong = next((len(row or ()) for row in counts if len(row or ()) != len(step_ends)), None)
    if wrong is not None:
        message = f"{where}: an account has counts of {wrong} steps, the log has {len(step_ends)}"
        raise InputError(message, next_step="Run the scan again; its files do not fit together.")
    unknown = {group for group in reported if group is not None} - set(found)
    if unknown:
        message = f"{where}: accounts name campaigns that are not listed: {sorted(unknown)[:3]}"
        raise InputError(message, next_step="Run the scan again; its files do not fit together.")
    last = step_ends[-1] if step_ends else datetime.max.replace(tzinfo=UTC)
    names = accounts.column("account_id").to_pylist()
    return Outcome(
        accounts=tuple(names),
        campaigns=tuple(reported),
        pools=tuple(pools.get(name) for name in names),
        exchanges=np.array(counts, dtype=np.int64).reshape(len(counts), len(step_ends)),
        step_ends=tuple(step_ends),
        # A campaign whose moment is not known is counted as found at the very end.
        discovered_at={name: moment or last for name, moment in found.items()},
    )

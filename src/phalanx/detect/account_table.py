"""The tables that a scan leaves: one row per account, one row per day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.facts import FactFinder
from phalanx.detect.narrow import Names
from phalanx.detect.population import Population
from phalanx.detect.verdict import Verdict
from phalanx.model import GroupFacts


@dataclass(frozen=True, slots=True)
class Listing:
    """A group that stands in a list, and in which."""

    group_id: str
    verdict_name: str
    facts: GroupFacts
    verdict: Verdict


def account_table(
    population: Population,
    names: Names,
    listings: Sequence[Listing],
    details: Mapping[str, pa.Array],
) -> pa.Table:
    """Return one row per account.

    Parameters:
        population: The accounts.
        names: What hashes stood for.
        listings: Groups that stand in a list.
        details: Further columns, see `account_details`.

    Returns:
        Columns account_id, party_id, organisation, first_seen, last_seen, exchanges,
        input_tokens, output_tokens, step_exchanges (one count per step of the log),
        verdict (null where nothing was found), group_id, campaign_id, confidence, role,
        and the details.
    """
    accounts = population.accounts
    position = {name: index for index, name in enumerate(population.account_names)}
    size = len(population.account_names)
    verdict: list[str | None] = [None] * size
    group: list[str | None] = [None] * size
    campaign: list[str | None] = [None] * size
    confidence: list[float | None] = [None] * size
    role: list[str | None] = [None] * size
    for listing in reversed(listings):
        for member in listing.facts.members:
            row = position[member.account_id]
            verdict[row], group[row] = listing.verdict_name, listing.group_id
            confidence[row], role[row] = member.confidence, member.role
            if listing.verdict_name == "campaign":
                campaign[row] = listing.group_id
    organisations = names.values["organisation"]
    timestamp = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "account_id": pa.array(population.account_names, pa.string()),
            "party_id": pa.array(
                [population.parties.names[p] for p in population.parties.of_account], pa.string()
            ),
            "organisation": pa.array(
                [organisations.get(int(h)) for h in accounts["organisation"].to_numpy()],
                pa.string(),
            ),
            "first_seen": accounts["first_seen"].cast(timestamp),
            "last_seen": accounts["last_seen"].cast(timestamp),
            "exchanges": accounts["exchanges"],
            "input_tokens": accounts["input_tokens"].cast(pa.int64()),
            "output_tokens": accounts["output_tokens"].cast(pa.int64()),
            "step_exchanges": _lists(population),
            "verdict": pa.array(verdict, pa.string()),
            "group_id": pa.array(group, pa.string()),
            "campaign_id": pa.array(campaign, pa.string()),
            "confidence": pa.array(confidence, pa.float64()),
            "role": pa.array(role, pa.string()),
            **details,
        }
    )


def daily_table(
    population: Population, finder: FactFinder, listings: Sequence[Listing]
) -> pa.Table:
    """Return one row per UTC day: exchanges, active accounts, exchanges of campaigns."""
    of_campaigns = np.zeros(population.steps)
    for listing in listings:
        if listing.verdict_name == "campaign":
            rows = finder.accounts_of(listing.verdict.members)
            of_campaigns += population.account_exchanges[rows].sum(axis=0)
    days = population.day_of_step
    cells = population.account_exchanges.tocoo()
    active = np.unique(days[cells.col] * len(population.account_names) + cells.row)
    return pa.table(
        {
            "day": pa.array([finder.date_of(d) for d in range(population.days)], pa.date32()),
            "exchanges": _per_day(population.account_exchanges.sum(axis=0), days),
            "accounts": np.bincount(
                active // len(population.account_names), minlength=population.days
            ),
            "campaign_exchanges": _per_day(of_campaigns, days),
        }
    )


def _per_day(
    of_steps: npt.NDArray[np.number], day_of_step: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    return np.bincount(day_of_step, weights=of_steps).astype(np.int64)


def _lists(population: Population) -> pa.Array:
    """Return the exchanges of each account as a list of one count per step."""
    counts = pa.array(population.account_exchanges.toarray().astype(np.int32).ravel())
    return pa.FixedSizeListArray.from_arrays(counts, population.steps).cast(pa.list_(pa.int32()))

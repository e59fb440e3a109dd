"""The tables that a scan leaves: one row per account, one row per day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from phalanx.detect.facts import FactFinder
from phalanx.detect.narrow import Names
from phalanx.detect.population import Population
from phalanx.detect.verdicts import Verdict
from phalanx.model import GroupFacts


@dataclass(frozen=True, slots=True)
class Listing:
    """A group that stands in a list, and in which."""

    group_id: str
    verdict_name: str
    facts: GroupFacts
    verdict: Verdict


def account_table(population: Population, names: Names, listings: Sequence[Listing]) -> pa.Table:
    """Return one row per account.

    Returns:
        Columns account_id, party_id, organisation, first_seen, last_seen, exchanges,
        input_tokens, output_tokens, daily_exchanges (one count per day of the log),
        verdict (null where nothing was found), group_id, campaign_id, confidence, role.
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
            "daily_exchanges": pa.FixedSizeListArray.from_arrays(
                pa.array(population.account_exchanges.ravel()), population.days
            ).cast(pa.list_(pa.int32())),
            "verdict": pa.array(verdict, pa.string()),
            "group_id": pa.array(group, pa.string()),
            "campaign_id": pa.array(campaign, pa.string()),
            "confidence": pa.array(confidence, pa.float64()),
            "role": pa.array(role, pa.string()),
        }
    )


def daily_table(
    population: Population, finder: FactFinder, listings: Sequence[Listing]
) -> pa.Table:
    """Return one row per UTC day: exchanges, active accounts, exchanges of campaigns."""
    of_campaigns = np.zeros(population.days, dtype=np.int64)
    for listing in listings:
        if listing.verdict_name == "campaign":
            rows = finder.accounts_of(listing.verdict.members)
            of_campaigns += population.account_exchanges[rows].sum(axis=0)
    return pa.table(
        {
            "day": pa.array([finder.date_of(d) for d in range(population.days)], pa.date32()),
            "exchanges": population.account_exchanges.sum(axis=0).astype(np.int64),
            "accounts": (population.account_exchanges > 0).sum(axis=0).astype(np.int64),
            "campaign_exchanges": of_campaigns,
        }
    )

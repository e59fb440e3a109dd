"""The population as arrays: parties, their days, their attributes, what they sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect import tables
from phalanx.detect.narrow import Names
from phalanx.detect.parties import Parties, declare_parties
from phalanx.detect.shared_use import SharedUse, shared_use

COUNT_COLUMNS = (
    "exchanges",
    "first_turns",
    "conversations",
    "conversed",
    "elicitation",
    "targeted",
    "code",
    "words",
    "input_tokens",
    "output_tokens",
    "long_outputs",
    "refused",
    "new_prompts",
    *tables.CAPABILITY_COLUMNS,
)
"""Counts per party and day."""


@dataclass(frozen=True, slots=True)
class Population:
    """Everything that later stages look at. Days are indices from the first day on."""

    accounts: pa.Table
    """One row per account: totals and first-seen attributes."""

    account_names: tuple[str, ...]
    parties: Parties
    first_day: int
    """Days since 1970-01-01 of day 0."""

    days: int
    counts: Mapping[str, npt.NDArray[np.float32]]
    """Column of `COUNT_COLUMNS` -> counts, shape (parties, days)."""

    account_exchanges: npt.NDArray[np.int32]
    """Exchanges per account and day, shape (accounts, days)."""

    minute: npt.NDArray[np.int32]
    """Minute of the day of one exchange, picked blindly; -1 where silent. (parties, days)"""

    attributes: Mapping[str, npt.NDArray[np.int64]]
    """First-seen attribute of each party as a hash, 0 where missing, shape (parties,)."""

    created: npt.NDArray[np.int64]
    """Creation of each party's earliest account in microseconds; 0 where unknown."""

    content: SharedUse
    """What several parties wrote alike: templates, openings, closings, system prompts."""

    prompts: SharedUse
    """The same for exact prompts."""

    def joined_on(self) -> npt.NDArray[np.int64]:
        """Return the first active day of each party."""
        return np.asarray(np.argmax(self.counts["exchanges"] > 0, axis=1))


def build_population(narrow: ibis.Table, names: Names, declared: Mapping[str, str]) -> Population:
    """Aggregate the narrow table.

    Parameters:
        narrow: Table of `NARROW_SCHEMA` with at least one row.
        names: What its hashes stood for.
        declared: Account -> party.

    Returns:
        The population; ordering depends on identifiers only, not on the order of rows.
    """
    accounts = tables.accounts(narrow)
    hashes = accounts["account"].to_numpy()
    account_names = tuple(names.values["account"][int(h)] for h in hashes)
    organisations = tuple(
        names.values["organisation"].get(int(h)) for h in accounts["organisation"].to_numpy()
    )
    first_seen = accounts["first_seen"].to_numpy()
    parties = declare_parties(account_names, organisations, first_seen, declared)
    daily = tables.account_days(narrow)
    day_numbers = daily["day"].to_numpy()
    first_day = int(day_numbers.min())
    days = int(day_numbers.max()) - first_day + 1
    account = np.searchsorted(hashes, daily["account"].to_numpy())
    party, day = parties.of_account[account], day_numbers - first_day
    shape = (parties.count, days)
    counts = {
        column: _scatter(party, day, daily[column].to_numpy(), shape)
        for column in COUNT_COLUMNS
        if column != "new_prompts"
    }
    fresh = tables.new_prompts(narrow)
    counts["new_prompts"] = _scatter(
        parties.of_account[np.searchsorted(hashes, fresh["account"].to_numpy())],
        fresh["day"].to_numpy() - first_day,
        fresh["new_prompts"].to_numpy(),
        shape,
    )
    account_exchanges = np.zeros((len(account_names), days), dtype=np.int32)
    account_exchanges[account, day] = daily["exchanges"].to_numpy()
    minute = np.full(shape, -1, dtype=np.int32)
    minute[party[::-1], day[::-1]] = daily["minute"].to_numpy()[::-1]
    first = parties.first_account
    numbered = pa.table({"account": hashes, "party": parties.of_account})
    return Population(
        accounts=accounts,
        account_names=account_names,
        parties=parties,
        first_day=first_day,
        days=days,
        counts=counts,
        account_exchanges=account_exchanges,
        minute=minute,
        attributes={name: accounts[name].to_numpy()[first] for name in tables.FIRST_SEEN_COLUMNS},
        created=accounts["created"].to_numpy()[first],
        content=_shared(tables.content_values(narrow, numbered), parties, first_day),
        prompts=_shared(tables.shared_values(narrow, "exact", numbered), parties, first_day),
    )


def _scatter(
    row: npt.NDArray[np.int64],
    column: npt.NDArray[np.int64],
    values: npt.NDArray[np.int64],
    shape: tuple[int, int],
) -> npt.NDArray[np.float32]:
    total = np.bincount(row * shape[1] + column, weights=values, minlength=shape[0] * shape[1])
    return total.reshape(shape).astype(np.float32)


def _shared(rows: pa.Table, parties: Parties, first_day: int) -> SharedUse:
    return shared_use(
        rows["party"].to_numpy(),
        rows["value"].to_numpy(),
        rows["day"].to_numpy() - first_day,
        rows["exchanges"].to_numpy(),
        parties.count,
    )

"""The population as arrays: parties, what they did, their attributes, what they sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from phalanx.detect import tables
from phalanx.detect.activity import Activity, arrange
from phalanx.detect.codes import coded
from phalanx.detect.handovers import Handovers, find_handovers
from phalanx.detect.narrow import CONTENT_COLUMNS, MICROSECONDS_PER_HOUR, Names
from phalanx.detect.parties import Parties, declare_parties
from phalanx.detect.shared_use import SharedUse, number_values, shared_use

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
    "soft_labels",
    "known",
    "new_prompts",
    *tables.CAPABILITY_COLUMNS,
)
"""Counts per party and step."""


_EACH_OF_FIRST = 5
"""Steps at the start of a log after each of which groups are formed."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Population:
    """Everything that later stages look at. Steps are indices from the first step on."""

    accounts: pa.Table
    """One row per account: totals and first-seen attributes."""

    account_names: tuple[str, ...]
    parties: Parties
    step_hours: int
    """Length of a step, a divisor of 24; steps begin at midnight UTC and every so often after."""

    first_step: int
    """Steps since 1970-01-01 before step 0."""

    steps: int
    activity: Activity
    """What parties did in each step."""

    account_exchanges: sparse.csr_array
    """Exchanges per account and step, shape (accounts, steps)."""

    attributes: Mapping[str, npt.NDArray[np.int64]]
    """First-seen attribute of each party as a hash, 0 where missing, shape (parties,)."""

    codes: Mapping[str, npt.NDArray[np.int64]]
    """The attributes as small codes, `MISSING` where missing, shape (parties,)."""

    created: npt.NDArray[np.int64]
    """Creation of each party's earliest account in microseconds; 0 where unknown."""

    content: SharedUse
    """What several parties wrote alike: templates, openings, closings, system prompts."""

    prompts: SharedUse
    """The same for exact prompts."""

    signatures: SharedUse
    """The same for signatures of reasoning."""

    handovers: Handovers
    """Requests that one party sent soon after another."""

    @property
    def steps_per_day(self) -> int:
        """Steps in a day."""
        return 24 // self.step_hours

    @property
    def day_of_step(self) -> npt.NDArray[np.int64]:
        """Index of the UTC day of each step, from 0, shape (steps,)."""
        days = (self.first_step + np.arange(self.steps)) // self.steps_per_day
        return np.asarray(days - days[0])

    def forms_after(self, step: int) -> bool:
        """Return whether groups are formed after a step: the first five, then every other.

        Not after a step in which nobody did anything.
        """
        return self.activity.is_active(step) and (step < _EACH_OF_FIRST or step % 2 == 0)

    @property
    def days(self) -> int:
        """UTC days that the log touches."""
        return int(self.day_of_step[-1]) + 1

    def end_of(self, step: int) -> datetime:
        """Return the moment at which a step is over."""
        return EPOCH + timedelta(hours=(self.first_step + step + 1) * self.step_hours)


def build_population(
    narrow: ibis.Table, names: Names, declared: Mapping[str, str], step_hours: int
) -> Population:
    """Aggregate the narrow table.

    Parameters:
        narrow: Table of `NARROW_SCHEMA` with at least one row, made with `step_hours`.
        names: What its hashes stood for.
        declared: Account -> party.
        step_hours: Length of a step.

    Returns:
        The population. Its order follows from what accounts did, not from their names or
        the order of rows.
    """
    accounts = tables.accounts(narrow)
    hashes = accounts["account"].to_numpy()
    account_names = tuple(names.values["account"][int(h)] for h in hashes)
    organisations = tuple(
        names.values["organisation"].get(int(h)) for h in accounts["organisation"].to_numpy()
    )
    parties = declare_parties(
        account_names, organisations, accounts["first_seen"].to_numpy(), declared
    )
    width = step_hours * MICROSECONDS_PER_HOUR
    first_step = int(accounts["first_seen"].to_numpy().min() // width)
    steps = int(accounts["last_seen"].to_numpy().max() // width) - first_step + 1
    rows = tables.account_steps(narrow, step_hours)
    by_hash = np.argsort(hashes)
    account = _places(rows["account"].to_numpy(), hashes, by_hash)
    in_order = np.lexsort((rows["step"].to_numpy(), account))
    rows, account = rows.take(pa.array(in_order)), account[in_order]
    step = rows["step"].to_numpy().astype(np.int64) - first_step
    counts = {name: rows[name].to_numpy() for name in COUNT_COLUMNS if name in rows.column_names}
    for fewer in (tables.new_prompts(narrow), tables.conversations(narrow)):
        cells = _places(fewer["account"].to_numpy(), hashes, by_hash) * steps
        cells += fewer["step"].to_numpy().astype(np.int64) - first_step
        (name,) = set(fewer.column_names) & set(COUNT_COLUMNS)
        counts[name] = np.zeros(account.size, dtype=np.int64)
        # Rows are in order of account and step by now, and so are their cells.
        counts[name][np.searchsorted(account * steps + step, cells)] = fewer[name].to_numpy()
    numbered = pa.table({"account": hashes, "party": parties.of_account})
    first = parties.first_account
    attributes = {name: accounts[name].to_numpy()[first] for name in tables.FIRST_SEEN_COLUMNS}
    return Population(
        accounts=accounts,
        account_names=account_names,
        parties=parties,
        step_hours=step_hours,
        first_step=first_step,
        steps=steps,
        activity=arrange(
            parties.of_account[account],
            step,
            rows["minute"].to_numpy().astype(np.int32),
            counts,
            (parties.count, steps),
        ),
        account_exchanges=sparse.csr_array(
            (counts["exchanges"].astype(np.int64), (account, step)), shape=(hashes.size, steps)
        ),
        attributes=attributes,
        codes={name: coded(hashes) for name, hashes in attributes.items()},
        created=accounts["created"].to_numpy()[first],
        content=_shared(narrow, CONTENT_COLUMNS, numbered, first_step),
        prompts=_shared(narrow, ("exact",), numbered, first_step),
        signatures=_shared(narrow, ("signature",), numbered, first_step),
        handovers=find_handovers(
            tables.first_sendings(narrow, numbered), parties.count, width, first_step
        ),
    )


def _places(
    wanted: npt.NDArray[np.int64], among: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return where values stand in an array that `order` sorts."""
    return np.asarray(order[np.searchsorted(among, wanted, sorter=order)])


def _shared(
    narrow: ibis.Table, columns: Sequence[str], parties: pa.Table, first_step: int
) -> SharedUse:
    """Find who shares values of some columns; they are numbered column after column."""
    parts: list[tuple[npt.NDArray[np.int64], ...]] = []
    offset = 0
    for column in columns:
        rows = tables.shared_values(narrow, column, parties)
        party, uses = rows["party"].to_numpy(), rows["exchanges"].to_numpy()
        value = number_values(party, rows["hash"].to_numpy(), uses)
        kept = value >= 0
        counts = (rows[name].to_numpy()[kept] for name in tables.USE_COUNTS)
        step = rows["step"].to_numpy()[kept].astype(np.int64) - first_step
        parts.append((party[kept], value[kept] + offset, step, *counts))
        offset += int(value.max(initial=-1)) + 1
    party, value, step, *counts_of_all = (np.concatenate(part) for part in zip(*parts, strict=True))
    counted = dict(zip(tables.USE_COUNTS, counts_of_all, strict=True))
    return shared_use(party, value, step, counted, int(pc.count_distinct(parties["party"]).as_py()))

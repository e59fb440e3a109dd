"""The population as arrays: parties, what they did, their attributes, what they sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from phalanx.detect import tables
from phalanx.detect.activity import Activity, arrange
from phalanx.detect.aggregates import Aggregates
from phalanx.detect.alliance.marks import Marks
from phalanx.detect.codes import MISSING, coded
from phalanx.detect.handovers import Handovers, find_handovers
from phalanx.detect.narrow import CONTENT_COLUMNS, MICROSECONDS_PER_HOUR, Names
from phalanx.detect.parties import Parties, declare_parties
from phalanx.detect.picked import PickedPrompts
from phalanx.detect.pivots import Pivots, find_pivots, releases
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
    """First-seen attribute of each party's earliest account, 0 where missing, shape (parties,):
    a hash, or for `created` the microseconds."""

    codes: Mapping[str, npt.NDArray[np.int64]]
    """The attributes as small codes, `MISSING` where missing, shape (parties,)."""

    shown: Mapping[str, npt.NDArray[np.int64]]
    """Step in which that attribute was first carried, beyond all steps where it is missing."""

    content: SharedUse
    """What several accounts wrote alike: templates, openings, closings, system prompts."""

    prompts: SharedUse
    """The same for exact prompts."""

    signatures: SharedUse
    """The same for signatures of reasoning."""

    handovers: Handovers
    """Requests that one party sent soon after another."""

    picked: PickedPrompts
    """What one prompt of each account and step was about."""

    pivots: Pivots
    """Moves to models that came out within the log."""

    marks: Marks = field(default_factory=Marks)
    """Marks of campaigns that other providers shared."""

    @property
    def steps_per_day(self) -> int:
        """Steps in a day."""
        return 24 // self.step_hours

    @property
    def day_of_step(self) -> npt.NDArray[np.int64]:
        """Index of the UTC day of each step, from 0, shape (steps,)."""
        days = (self.first_step + np.arange(self.steps)) // self.steps_per_day
        return np.asarray(days - days[0])

    def code(self, name: str, step: int) -> npt.NDArray[np.int64]:
        """Return the code of an attribute, `MISSING` where a party has not shown it by a step.

        Parties that have not appeared by then keep theirs, so that little changes from step to
        step.
        """
        silent = (self.activity.joined <= step) & (self.shown[name] > step)
        return np.where(silent, MISSING, self.codes[name])

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
    aggregates: Aggregates, names: Names, declared: Mapping[str, str], step_hours: int
) -> Population:
    """Put the counts of a log into arrays over parties.

    Parameters:
        aggregates: Counts with at least one account, made with `step_hours`.
        names: What hashes stood for.
        declared: Account -> party.
        step_hours: Length of a step.

    Returns:
        The population. Its order follows from what accounts did, not from their names or
        the order of rows, and the parties of a log come before those who join it later.
    """
    accounts, rows = aggregates.accounts, aggregates.steps
    account_names = tuple(names.values["account"][h] for h in accounts["account"].to_pylist())
    organisations = tuple(
        names.values["organisation"].get(h) for h in accounts["organisation"].to_pylist()
    )
    first_seen = accounts["first_seen"].to_numpy()
    parties = declare_parties(account_names, organisations, first_seen, declared)
    width = step_hours * MICROSECONDS_PER_HOUR
    first_step = int(first_seen.min() // width)
    steps = int(accounts["last_seen"].to_numpy().max() // width) - first_step + 1
    account, step = rows["account"].to_numpy(), rows["step"].to_numpy() - first_step
    # Of the accounts of one party and step the first lends its minute.
    order = np.argsort(account, kind="stable")
    first = parties.first_account
    activity = arrange(
        parties.of_account[account][order],
        step[order],
        rows["minute"].to_numpy()[order].astype(np.int32),
        {name: rows[name].to_numpy()[order] for name in COUNT_COLUMNS},
        (parties.count, steps),
    )
    attributes = {name: accounts[name].to_numpy()[first] for name in tables.STANDING_COLUMNS}
    return Population(
        accounts=accounts,
        account_names=account_names,
        parties=parties,
        step_hours=step_hours,
        first_step=first_step,
        steps=steps,
        activity=activity,
        account_exchanges=sparse.csr_array(
            (rows["exchanges"].to_numpy(), (account, step)), shape=(len(account_names), steps)
        ),
        attributes=attributes,
        codes={name: coded(values) for name, values in attributes.items()},
        shown={
            name: accounts[f"{name}_step"].to_numpy()[first] - first_step
            for name in tables.STANDING_COLUMNS
        },
        content=_shared(aggregates, parties, first_step, CONTENT_COLUMNS),
        prompts=_shared(aggregates, parties, first_step, ("exact",)),
        signatures=_shared(aggregates, parties, first_step, ("signature",)),
        handovers=find_handovers(aggregates.sendings, parties.of_account, width, first_step),
        picked=PickedPrompts(
            parties.of_account[account], step, rows["signs"].to_numpy(), _draw(first_seen[first])
        ),
        pivots=find_pivots(
            aggregates.new_models,
            releases(aggregates.models, first_step, 24 // step_hours),
            parties.of_account,
            activity,
            first_step,
        ),
    )


def _draw(first_seen: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a pseudo-random number of each party, whatever its name and what it writes."""
    mixed = first_seen.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xC2B2AE3D27D4EB4F)
    return np.asarray((mixed >> np.uint64(1)).view(np.int64))


def _shared(
    aggregates: Aggregates, parties: Parties, first_step: int, columns: Sequence[str]
) -> SharedUse:
    """Return the use of some columns' values, in the order of their first exchanges."""
    values, uses = aggregates.values, aggregates.uses
    column = values["column"].to_numpy()
    wanted = [tables.VALUE_COLUMNS.index(name) for name in columns]
    chosen = np.flatnonzero(np.isin(column, wanted))
    keys = (values["hash"].to_numpy(), values["first"].to_numpy(), column)
    number = np.full(column.size, -1, dtype=np.int64)
    number[chosen[np.lexsort([key[chosen] for key in keys])]] = np.arange(chosen.size)
    value = number[uses["value"].to_numpy()]
    rows = np.flatnonzero(value >= 0)
    return shared_use(
        parties.of_account[uses["account"].to_numpy()[rows]],
        value[rows],
        uses["step"].to_numpy()[rows].astype(np.int64) - first_step,
        {name: uses[name].to_numpy()[rows] for name in tables.USE_COUNTS},
        (parties.count, chosen.size),
    )

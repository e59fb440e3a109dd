"""Marks among the parties of a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from phalanx.detect.alliance.kinds import KINDS, READ_FROM, TEMPLATE
from phalanx.detect.alliance.mark_file import VALID_UNTIL, SharedMarks
from phalanx.logs.pseudonym import pseudonymiser

ALWAYS = -1
"""Step from which a mark is known that was not read from the exchanges of the log."""

_AT_ONCE = 100_000
"""Accounts that are compared with those of the log together."""

_MICROSECONDS_PER_HOUR = 3_600_000_000
_STRANGER = "alliance: marked account that does not occur in the log"
_TWICE = "alliance: mark that was given before"

_ROW_SCHEMA = pa.schema(
    [
        ("account", pa.int64()),
        ("campaign", pa.string()),
        ("kind", pa.string()),
        ("matches", pa.int64()),
        ("first_seen", pa.timestamp("us", tz="UTC")),
        ("last_seen", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True, eq=False)
class Marks:
    """Marks of the accounts of a log, ordered by account, campaign and kind."""

    rows: pa.Table = field(default_factory=_ROW_SCHEMA.empty_table)
    """Columns account (its index), campaign, kind, matches, first_seen, last_seen; one row for
    each account, campaign and kind."""

    campaigns: tuple[str, ...] = ()
    """Shared campaigns, ascending."""

    party: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Party of each row's account."""

    step: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Step in which it was first seen in each row; `ALWAYS` for an identifier."""

    def __bool__(self) -> bool:
        """Return whether any account of the log carries one."""
        return bool(self.campaigns)

    @cached_property
    def campaign(self) -> npt.NDArray[np.int64]:
        """Index of each row's campaign."""
        values = pa.array(self.campaigns, pa.string())
        return np.asarray(pc.index_in(self.rows["campaign"], values).to_numpy(), dtype=np.int64)

    @cached_property
    def kind(self) -> npt.NDArray[np.int64]:
        """Index of each row's kind in `KINDS`."""
        return np.asarray(
            pc.index_in(self.rows["kind"], pa.array(KINDS)).to_numpy(), dtype=np.int64
        )

    @cached_property
    def is_template(self) -> npt.NDArray[np.bool_]:
        """Whether each row is a mark by template."""
        return np.asarray(self.kind == KINDS.index(TEMPLATE))

    def carriers(
        self, seen: npt.NDArray[np.bool_], step: int, *, templates: bool
    ) -> sparse.csc_array:
        """Return which parties carry a mark of which campaign, 1 or 0, shape (parties, campaigns).

        Parameters:
            seen: Parties that have appeared by then, shape (parties,).
            step: The last one that counts.
            templates: Whether marks by templates are meant, or those by all else.
        """
        rows = (self.is_template == templates) & (self.step <= step)
        rows &= seen[self.party]
        ones = np.ones(np.count_nonzero(rows), dtype=np.int64)
        shape = (seen.size, len(self.campaigns))
        found = sparse.coo_array((ones, (self.party[rows], self.campaign[rows])), shape).tocsc()
        found.data[:] = 1
        return found

    def read_from(self, members: npt.NDArray[np.int64], campaign: int) -> frozenset[str]:
        """Return the families that identifier marks of a campaign on some parties were read from.

        Parameters:
            members: Parties.
            campaign: Its index.
        """
        rows = (self.campaign == campaign) & ~self.is_template & np.isin(self.party, members)
        kinds = np.unique(self.kind[rows]).tolist()
        return frozenset[str]().union(*(READ_FROM[KINDS[kind]] for kind in kinds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Accounts of a log, as the scan knows them."""

    account_names: Sequence[str]
    of_account: npt.NDArray[np.int64]
    """Party of each account."""

    first_step: int
    """Steps since 1970 before step 0."""

    step_hours: int
    key: bytes | None = field(repr=False)
    """Key of the pseudonyms that stand for accounts; null where they stand in clear."""


def marks_among(
    shared: SharedMarks, cohort: Cohort, now: datetime
) -> tuple[Marks, Mapping[str, int]]:
    """Find the accounts of a log that carry marks.

    Parameters:
        shared: All marks.
        cohort: The accounts.
        now: Marks whose time is over by then do not count.

    Returns:
        The marks, and what a person should know, with counts.
    """
    table, notes = _in_force(shared.table, now)
    table, notes[_STRANGER] = _of_log(table, cohort)
    rows = table.num_rows
    table = (
        table.group_by(["account", "campaign", "kind"])
        .aggregate([("matches", "max"), ("first_seen", "min"), ("last_seen", "max")])
        .rename_columns([*_ROW_SCHEMA.names])
        .cast(_ROW_SCHEMA)
        .sort_by([(name, "ascending") for name in ("account", "campaign", "kind")])
        .combine_chunks()
    )
    notes[_TWICE] = rows - table.num_rows
    seen = table["first_seen"].cast(pa.int64())
    step = np.full(table.num_rows, ALWAYS, dtype=np.int64)
    timed = np.flatnonzero(seen.is_valid().to_numpy(zero_copy_only=False))
    width = cohort.step_hours * _MICROSECONDS_PER_HOUR
    step[timed] = np.maximum(
        seen.take(pa.array(timed)).to_numpy() // width - cohort.first_step, ALWAYS
    )
    marks = Marks(
        table,
        tuple(sorted(table["campaign"].unique().to_pylist())),
        cohort.of_account[table["account"].to_numpy()],
        step,
    )
    return marks, {what: count for what, count in notes.items() if count}


def _in_force(table: pa.Table, now: datetime) -> tuple[pa.Table, dict[str, int]]:
    """Leave out marks whose time is over, and marks of use that say no time of use."""
    over = pa.array(np.zeros(table.num_rows, dtype=np.bool_))
    if VALID_UNTIL in table.column_names:
        until = table[VALID_UNTIL]
        is_over = pc.less_equal(until, pa.scalar(now, until.type))
        over = pc.fill_null(is_over, fill_value=False)
        table = table.drop_columns(VALID_UNTIL)
    untimed = pc.and_(pc.equal(table["kind"], TEMPLATE), pc.is_null(table["first_seen"]))
    notes = {
        "alliance: mark whose time is over": int(pc.sum(over).as_py() or 0),
        "alliance: template mark without the time at which it was first seen": int(
            pc.sum(untimed).as_py() or 0
        ),
    }
    return table.filter(pc.invert(pc.or_(over, untimed))), notes


def _of_log(table: pa.Table, cohort: Cohort) -> tuple[pa.Table, int]:
    """Return the marks of the log's accounts, with their indices, and how many others there are."""
    known, key = pa.array(cohort.account_names, pa.string()), cohort.key
    account = table["account_id"].combine_chunks().dictionary_encode()
    hide = None if key is None else pseudonymiser(key, "account_id")
    names = account.dictionary
    index = np.full(len(names), -1, dtype=np.int64)
    for start in range(0, len(names), _AT_ONCE):
        part = names.slice(start, _AT_ONCE)
        part = part if hide is None else pa.array(hide(part.to_pylist()), pa.string())
        found = pc.fill_null(pc.index_in(part, known), -1)
        index[start : start + _AT_ONCE] = found.to_numpy(zero_copy_only=False)
    codes = account.indices.to_numpy(zero_copy_only=False)
    of_row = index[codes] if len(names) else np.zeros(0, dtype=np.int64)
    inside = of_row >= 0
    kept = table.filter(pa.array(inside)).drop_columns("account_id")
    return (
        kept.append_column("account", pa.array(of_row[inside], pa.int64())),
        int(np.count_nonzero(index < 0)),
    )

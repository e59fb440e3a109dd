"""What accounts did, counted from the narrow table once and then only added to.

Accounts and values are numbered as they come, and what is said about one step never changes
when later steps are added. So a scan of the whole log and scans of its parts, one after the
other, count the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.detect import tables
from phalanx.detect.kept_rows import REQUEST, KeptRows, find_shared
from phalanx.detect.narrow import MICROSECONDS_PER_HOUR, NARROW_SCHEMA
from phalanx.detect.pivots import FRESH_DAYS, releases
from phalanx.detect.tables import VALUE_COLUMNS

NOT_SHOWN = np.iinfo(np.int32).max
"""Step of an attribute that an account never carried."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregates:
    """Counts of a log, or of a later part of it."""

    accounts: pa.Table
    """One row per account until the end of the part, in the order of first exchanges: hash,
    totals, and each attribute with the step in which it was first carried."""

    steps: pa.Table
    """One row per account (row of `accounts`) and step of the part: what it did."""

    values: pa.Table
    """One row per value that became shared in the part: `column` (place in `VALUE_COLUMNS`),
    `hash`, and `first`, the moment of its first exchange."""

    uses: pa.Table
    """One row per account, value (row of `values`) and step: those of the part, and the earlier
    ones of values that became shared in it."""

    models: pa.Table
    """Exchanges of the part per account (row of `accounts`) and model, and the first step."""

    new_models: pa.Table
    """Exchanges of the part per account (row of `accounts`), model and step, for models that
    came out within the log, in the days after."""

    sendings: pa.Table
    """When each account (row of `accounts`) first sent in the part each request that several
    accounts sent until its end, and the earlier ones of requests that became shared in it."""

    def followed_by(self, later: Aggregates) -> Aggregates:
        """Return the counts of this part and of the next, which was counted after it."""
        return Aggregates(
            accounts=later.accounts,
            steps=pa.concat_tables([self.steps, later.steps]),
            values=pa.concat_tables([self.values, later.values]),
            uses=pa.concat_tables([self.uses, later.uses]),
            models=pa.concat_tables([self.models, later.models]),
            new_models=pa.concat_tables([self.new_models, later.new_models]),
            sendings=pa.concat_tables([self.sendings, later.sendings]),
        )


NO_NEW_MODELS = pa.table(
    {name: pa.array([], pa.int64()) for name in ("account", "model", "step", "exchanges")}
)


@dataclass(frozen=True, slots=True)
class Past:
    """The log before a part."""

    rows: KeptRows
    """Its narrow table."""

    part: KeptRows
    """That of the part."""

    aggregates: Aggregates


def aggregate(narrow: ibis.Table, step_hours: int, past: Past | None = None) -> Aggregates:
    """Count the exchanges of a log, or of its next part.

    Parameters:
        narrow: Table of `NARROW_SCHEMA` with the exchanges of the part.
        step_hours: Length of the steps that it was made with.
        past: What came before; all its steps lie before those of the part.

    Returns:
        The counts. Their order follows from what accounts did until then.
    """
    steps = tables.account_steps(narrow, step_hours)
    known = None if past is None else past.aggregates.accounts
    accounts = _accounts(_arrays(tables.accounts(narrow)), _first_steps(steps), known)
    number = _Numbers(accounts["account"].to_numpy())
    if past is None:
        values, uses = _shared(narrow, number)
        requests, again = tables.shared_requests(narrow), None
    else:
        values, uses = _shared_more(past, number)
        requests, again = _requests(past), _sent_before(past)
    models = number.put_into(tables.models(narrow))
    first_step = int(accounts["first_seen"].to_numpy().min()) // (
        step_hours * MICROSECONDS_PER_HOUR
    )
    return Aggregates(
        accounts=accounts,
        steps=_in_order(
            number.put_into(steps),
            number.put_into(tables.new_prompts(narrow, again)),
            number.put_into(tables.conversations(narrow)),
        ),
        values=values,
        uses=uses,
        models=models,
        new_models=number.put_into(_new_models(narrow, models, first_step, past, 24 // step_hours)),
        sendings=number.put_into(tables.first_sendings(requests)),
    )


def _new_models(
    narrow: ibis.Table, models: pa.Table, first_step: int, past: Past | None, steps_per_day: int
) -> pa.Table:
    """Return the use of models in the days after they came out; most parts have none."""
    so_far = models if past is None else pa.concat_tables([past.aggregates.models, models])
    steps = FRESH_DAYS * steps_per_day
    begin = int(models["first"].to_numpy().min(initial=NOT_SHOWN))
    released = {
        model: step
        for model, step in releases(so_far, first_step, steps_per_day).items()
        if step + steps > begin
    }
    return tables.new_models(narrow, released, steps) if released else NO_NEW_MODELS


class _Numbers:
    """Numbers of accounts, by their hashes."""

    def __init__(self, hashes: Integers) -> None:
        self._order = np.argsort(hashes)
        self._sorted = hashes[self._order]

    def put_into(self, rows: pa.Table) -> pa.Table:
        """Replace the hashes of a table's accounts by their numbers; counts become integers."""
        place = np.searchsorted(self._sorted, rows["account"].to_numpy())
        columns = {name: pc.cast(rows[name], pa.int64()) for name in rows.column_names}
        return pa.table(columns | {"account": self._order[place]})


def _compact(uses: pa.Table) -> pa.Table:
    """Halve what takes most room; counts are added up as these floats later anyway."""
    types = {name: pa.int32() for name in ("account", "value", "step")}
    return pa.table(
        {n: pc.cast(uses[n], types.get(n, pa.float32()), safe=False) for n in uses.column_names}
    )


def _arrays(rows: pa.Table) -> dict[str, Integers]:
    return {
        name: np.asarray(
            pc.fill_null(
                pc.cast(rows[name], pa.int64()), NOT_SHOWN if name.endswith("_step") else 0
            ).to_numpy()
        )
        for name in rows.column_names
    }


def _first_steps(steps: pa.Table) -> dict[str, Integers]:
    """Return what each account did in its first step of a part, ordered by its hash."""
    account, step = steps["account"].to_numpy(), steps["step"].to_numpy()
    order = np.lexsort((step, account))
    first = order[np.unique(account[order], return_index=True)[1]]
    names = ("account", "exchanges", "words", "input_tokens", "output_tokens")
    return _arrays(steps.select(names).take(pa.array(first)))


def _accounts(
    found: dict[str, Integers], first_steps: Mapping[str, Integers], known: pa.Table | None
) -> pa.Table:
    """Add up known accounts, and append new ones in the order of their first exchanges.

    Those that begin at one instant are ordered by what they did in their first step, which
    does not change any more when the step is over. Names decide last.
    """
    instant = found.pop("instant")
    by_hash = np.argsort(found["account"])
    found, instant = {name: column[by_hash] for name, column in found.items()}, instant[by_hash]
    old = _arrays(known) if known is not None else {n: c[:0] for n, c in found.items()}
    hashes, order = old["account"], np.argsort(old["account"])
    place = np.minimum(np.searchsorted(hashes, found["account"], sorter=order), hashes.size - 1)
    is_known = np.zeros(found["account"].size, dtype=np.bool_)
    if hashes.size:
        is_known = hashes[order[place]] == found["account"]
        _add_up(old, {n: c[is_known] for n, c in found.items()}, order[place[is_known]])
    ties = [first_steps[n] for n in ("output_tokens", "input_tokens", "words", "exchanges")]
    in_order = np.lexsort((found["account"], *ties, instant))
    new = in_order[~is_known[in_order]]
    return pa.table({name: np.concatenate([old[name], found[name][new]]) for name in found})


def _add_up(old: dict[str, Integers], found: Mapping[str, Integers], rows: Integers) -> None:
    """Bring known accounts up to date; `rows` are theirs."""
    for name in ("exchanges", "input_tokens", "output_tokens"):
        old[name] = old[name].copy()
        old[name][rows] += found[name]
    old["last_seen"] = old["last_seen"].copy()
    old["last_seen"][rows] = np.maximum(old["last_seen"][rows], found["last_seen"])
    for name in tables.STANDING_COLUMNS:
        is_new = old[name][rows] == 0
        for column in (name, f"{name}_step"):
            old[column] = old[column].copy()
            old[column][rows[is_new]] = found[column][is_new]


def _in_order(steps: pa.Table, *counts: pa.Table) -> pa.Table:
    """Order rows by account and step, and put counts beside them that only some rows have."""
    account, step = steps["account"].to_numpy(), steps["step"].to_numpy()
    order = np.lexsort((step, account))
    first = int(step.min(initial=0))
    width = int(step.max(initial=0)) - first + 1
    cells = account[order] * width + step[order] - first
    steps = steps.take(pa.array(order))
    for fewer in counts:
        (name,) = set(fewer.column_names) - {"account", "step"}
        column = np.zeros(cells.size, dtype=np.int64)
        own = fewer["account"].to_numpy() * width + fewer["step"].to_numpy() - first
        column[np.searchsorted(cells, own)] = fewer[name].to_numpy()
        steps = steps.append_column(name, pa.array(column))
    return steps


def _shared(narrow: ibis.Table, number: _Numbers) -> tuple[pa.Table, pa.Table]:
    """Return the shared values of a whole log and their use.

    It is counted column by column, which takes the least memory.
    """
    values: list[pa.Table] = []
    uses: list[pa.Table] = []
    start = 0
    for name in VALUE_COLUMNS:
        rows = tables.carried_values(narrow, name)
        found = tables.shared_values(rows).sort_by(_IN_ORDER)
        used = tables.value_uses(rows, _numbered(found, start))
        uses.append(_compact(number.put_into(used)))
        values.append(found)
        start += found.num_rows
    return pa.concat_tables(values), pa.concat_tables(uses)


def _shared_more(past: Past, number: _Numbers) -> tuple[pa.Table, pa.Table]:
    """Return the values that became shared in a part, and the use of values that is news."""
    known = past.aggregates.values
    of_column = {
        name: known.filter(pc.equal(known["column"], column))["hash"].combine_chunks()
        for column, name in enumerate(VALUE_COLUMNS)
    }
    shared = find_shared(past.part, past.rows, of_column, tables.CARRIED)
    old, new = (rows.rename_columns({"key": "column"}) for rows in (shared.known, shared.new))
    values = tables.shared_values(ibis.memtable(new)).sort_by(_IN_ORDER)
    numbered = _numbered(pa.concat_tables([known, values]), 0)
    used = tables.value_uses(ibis.memtable(pa.concat_tables([old, new])), numbered)
    return values, _compact(number.put_into(used))


def _requests(past: Past) -> ibis.Table:
    """Return the exchanges of a part with shared requests, and those that only now are such."""
    known = pc.unique(past.aggregates.sendings["request"])
    shared = find_shared(past.part, past.rows, {REQUEST: known}, tables.SENT)
    rows = pa.concat_tables([shared.known, shared.new]).rename_columns({"hash": REQUEST})
    return ibis.memtable(rows)


def _sent_before(past: Past) -> ibis.Table:
    """Return which accounts sent prompts of a part before it."""
    prompts = past.part.values("exact")
    pair = ["account", "exact"]
    sent = [NARROW_SCHEMA.empty_table().select(pair)]
    for found in past.rows.carriers("exact", prompts):
        of_group = pa.table([past.rows.accounts(found), prompts.take(pa.array(found.value))], pair)
        sent.append(of_group.group_by(pair).aggregate([]))
    return ibis.memtable(pa.concat_tables(sent))


_IN_ORDER = [(name, "ascending") for name in ("column", "first", "hash")]


def _numbered(values: pa.Table, start: int) -> pa.Table:
    numbers = pa.array(np.arange(start, start + values.num_rows))
    return values.select(["column", "hash"]).append_column("value", numbers)

"""Relational part of the scan: from the narrow table to small arrays.

Every function is an Ibis expression over the narrow table and returns Arrow. Literals
are cast, because engines type them differently.
"""

from __future__ import annotations

import ibis
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _

from phalanx.detect.narrow import (
    CONTENT_COLUMNS,
    MICROSECONDS_PER_HOUR,
    MICROSECONDS_PER_MINUTE,
)
from phalanx.detect.sketch import CAPABILITIES, ELICITATION_MASK, TARGETED_MASK

FIRST_SEEN_COLUMNS = (
    "organisation",
    "payment",
    "email",
    "subnet",
    "ip",
    "asn",
    "country",
    "tls",
    "parameters",
)
"""Attributes of an account that are taken from its first exchange that carries them."""

CAPABILITY_COLUMNS = tuple(f"capability_{bit}" for bit in range(len(CAPABILITIES)))


def accounts(narrow: ibis.Table) -> pa.Table:
    """Return one row per account: totals and first-seen attributes, ordered by account."""
    firsts = {name: _first_seen(name) for name in FIRST_SEEN_COLUMNS}
    expression = (
        narrow.group_by("account")
        .agg(
            exchanges=_.count(),
            first_seen=_.timestamp.min(),
            last_seen=_.timestamp.max(),
            created=_.created.max(),
            input_tokens=_.input_tokens.sum(),
            output_tokens=_.output_tokens.sum(where=_.output_tokens >= 0).coalesce(0),
            **firsts,
        )
        .order_by("account")
    )
    return expression.to_pyarrow()


def _first_seen(column: str) -> ibis.Value:
    """Return the value of an account's first exchange that has one; of several, the smallest.

    Time and value make up one number, the order of which leaves no tie: engines break ties
    each in its own way. Only decimals are wide enough on all of them.
    """
    instant = _.timestamp.cast("decimal(38, 0)") * ibis.literal(1 << 64, "decimal(38, 0)")
    order = instant + _[column].cast("decimal(38, 0)")
    return _[column].argmin(order, where=_[column] != 0).coalesce(0)


def account_steps(narrow: ibis.Table, step_hours: int) -> pa.Table:
    """Return one row per account and step: what was asked, and how.

    `first_turns` counts exchanges without earlier turns; `conversations` the distinct
    conversations (0 where the log has none); `minute` is the minute of the step of one
    exchange, picked without regard to what it says.
    """
    capabilities = {
        column: ((_.capabilities.cast("int64") & ibis.literal(1 << bit, "int64")) != 0).sum()
        for bit, column in enumerate(CAPABILITY_COLUMNS)
    }
    mask = _.capabilities.cast("int64")
    elicitation = ((mask & ibis.literal(ELICITATION_MASK, "int64")) != 0).sum()
    targeted = ((mask & ibis.literal(TARGETED_MASK, "int64")) != 0).sum()
    expression = (
        narrow.group_by("account", "step")
        .agg(
            exchanges=_.count(),
            first_turns=(_.later_turn == 0).sum(),
            conversations=_.conversation.nunique(where=_.conversation != 0),
            conversed=(_.conversation != 0).sum(),
            elicitation=elicitation,
            targeted=targeted,
            code=_.code.cast("int64").sum(),
            words=_.words.cast("int64").sum(),
            input_tokens=_.input_tokens.sum(),
            output_tokens=_.output_tokens.sum(where=_.output_tokens >= 0).coalesce(0),
            long_outputs=((_.output_tokens >= 0) & (_.output_tokens >= _.input_tokens)).sum(),
            refused=_.refused.cast("int64").sum(),
            minute=(
                (_.timestamp % (step_hours * MICROSECONDS_PER_HOUR)) // MICROSECONDS_PER_MINUTE
            ).argmin(_.draw),
            **capabilities,
        )
        .order_by("account", "step")
    )
    return expression.to_pyarrow()


def shared_values(narrow: ibis.Table, column: str, parties: pa.Table) -> pa.Table:
    """Return who used the values of one content column that at least two parties used.

    Parameters:
        narrow: The narrow table.
        column: With hashes, 0 where there is none.
        parties: Columns account and party, one row per account.

    Returns:
        Columns party, value, step, exchanges: one row per party, value and step. Values are
        numbered from 0 in the order of their hashes.
    """
    used = (
        narrow.filter(_[column] != 0)
        .inner_join(ibis.memtable(parties), "account")
        .select("party", "step", hash=_[column])
    )
    shared = (
        used.group_by("hash").agg(low=_.party.min(), high=_.party.max()).filter(_.low != _.high)
    )
    numbered = shared.select("hash", value=ibis.row_number().over(order_by=shared.hash))
    rows = used.inner_join(numbered, "hash")
    return rows.group_by("party", "value", "step").agg(exchanges=_.count()).to_pyarrow()


def content_values(narrow: ibis.Table, parties: pa.Table) -> pa.Table:
    """Return `shared_values` of all content columns, numbered one after the other."""
    parts: list[pa.Table] = []
    numbered = 0
    for column in CONTENT_COLUMNS:
        rows = shared_values(narrow, column, parties)
        values = pc.add(rows["value"], pa.scalar(numbered, pa.int64()))
        parts.append(rows.set_column(rows.schema.get_field_index("value"), "value", values))
        if rows.num_rows:
            numbered = int(pc.max(values).as_py()) + 1
    return pa.concat_tables(parts)


def new_prompts(narrow: ibis.Table) -> pa.Table:
    """Return how many prompts each account sent for the first time, per step."""
    firsts = narrow.group_by("account", "exact").agg(step=_.step.min())
    return firsts.group_by("account", "step").agg(new_prompts=_.count()).to_pyarrow()


def models(narrow: ibis.Table) -> pa.Table:
    """Return exchanges per account and model."""
    return narrow.group_by("account", "model").agg(exchanges=_.count()).to_pyarrow()


def openings(narrow: ibis.Table, accounts_of_groups: pa.Table) -> pa.Table:
    """Return how often the accounts of groups used each masked opening.

    Parameters:
        narrow: The narrow table.
        accounts_of_groups: Columns account and group.

    Returns:
        Columns group, opening, exchanges.
    """
    members = ibis.memtable(accounts_of_groups)
    return (
        narrow.filter(_.opening != 0)
        .inner_join(members, "account")
        .group_by("group", "opening")
        .agg(exchanges=_.count())
        .to_pyarrow()
    )

"""Relational part of the scan: from the narrow table to small arrays.

Every function is an Ibis expression over the narrow table and returns Arrow. Literals
are cast, because engines type them differently.
"""

from __future__ import annotations

import ibis
import pyarrow as pa
from ibis import _

from phalanx.detect.narrow import MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE
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

_ACCOUNT_ORDER = (
    "first_seen",
    "last_seen",
    "exchanges",
    "input_tokens",
    "output_tokens",
    "account",
)

_DRAWS = 1024
"""Draws that tell exchanges of one microsecond apart."""

CAPABILITY_COLUMNS = tuple(f"capability_{bit}" for bit in range(len(CAPABILITIES)))


def accounts(narrow: ibis.Table) -> pa.Table:
    """Return one row per account: totals and first-seen attributes.

    Accounts are ordered by what they did, so that no later tie is broken by their names.
    """
    firsts = {name: _first_seen(name) for name in FIRST_SEEN_COLUMNS}
    expression = (
        narrow.group_by("account")
        .agg(
            exchanges=_.count(),
            first_seen=_.timestamp.min(),
            last_seen=_.timestamp.max(),
            created=_.created.max(),
            signed=(_.signature != 0).sum(),
            input_tokens=_.input_tokens.sum(),
            output_tokens=_.output_tokens.sum(where=_.output_tokens >= 0).coalesce(0),
            **firsts,
        )
        .order_by(*_ACCOUNT_ORDER)
    )
    return expression.to_pyarrow()


def _first_seen(column: str) -> ibis.Value:
    """Return the value of an account's first exchange that has one.

    Of exchanges of one instant the one with the smallest draw counts, then the one with
    the smallest value. All three make up one number, the order of which leaves no tie:
    engines break ties each in its own way. Only decimals are wide enough on all of them.
    """
    draws = ibis.literal(_DRAWS, "int64")
    instant = (_.timestamp * draws + _.draw % draws).cast("decimal(38, 0)")
    order = instant * ibis.literal(1 << 64, "decimal(38, 0)") + _[column].cast("decimal(38, 0)")
    return _[column].argmin(order, where=_[column] != 0).coalesce(0)


def account_steps(narrow: ibis.Table, step_hours: int) -> pa.Table:
    """Return one row per account and step: what was asked, and how.

    `first_turns` counts exchanges without earlier turns; `minute` is the minute of the step
    of one exchange, picked without regard to what it says.
    """
    capabilities = {
        column: ((_.capabilities.cast("int64") & ibis.literal(1 << bit, "int64")) != 0).sum()
        for bit, column in enumerate(CAPABILITY_COLUMNS)
    }
    expression = narrow.group_by("account", "step").agg(
        **_use_counts(),
        conversed=(_.conversation != 0).sum(),
        code=_.code.cast("int64").sum(),
        words=_.words.cast("int64").sum(),
        input_tokens=_.input_tokens.sum(),
        refused=_.refused.cast("int64").sum(),
        soft_labels=_.soft_labels.cast("int64").sum(),
        known=_.known.cast("int64").sum(),
        minute=(
            (_.timestamp % (step_hours * MICROSECONDS_PER_HOUR)) // MICROSECONDS_PER_MINUTE
        ).argmin(_.draw),
        **capabilities,
    )
    return expression.to_pyarrow()


USE_COUNTS = (
    "exchanges",
    "first_turns",
    "long_outputs",
    "elicitation",
    "targeted",
    "output_tokens",
)
"""Counts of the exchanges that carry one shared value."""


def shared_values(narrow: ibis.Table, column: str, parties: pa.Table) -> pa.Table:
    """Return who used the values of one content column that at least two accounts used.

    Parameters:
        narrow: The narrow table.
        column: With hashes, 0 where there is none.
        parties: Columns account and party, one row per account.

    Returns:
        Columns party, hash, step and `USE_COUNTS`: one row per party, hash and step.
    """
    present = narrow.filter(_[column] != 0)
    # Most values occur once, and are sorted out before parties are looked up.
    passed_on = (
        present.group_by(column)
        .agg(low=_.account.min(), high=_.account.max())
        .filter(_.low != _.high)
    )
    return (
        present.semi_join(passed_on, column)
        .inner_join(ibis.memtable(parties), "account")
        .group_by("party", "step", hash=_[column])
        .agg(**_use_counts())
        .to_pyarrow()
    )


def _use_counts() -> dict[str, ibis.Value]:
    """Return the expressions of `USE_COUNTS`, over exchanges."""
    mask = _.capabilities.cast("int64")
    return {
        "exchanges": _.count(),
        "first_turns": (_.later_turn == 0).sum(),
        "long_outputs": ((_.output_tokens >= 0) & (_.output_tokens >= _.input_tokens)).sum(),
        "elicitation": ((mask & ibis.literal(ELICITATION_MASK, "int64")) != 0).sum(),
        "targeted": ((mask & ibis.literal(TARGETED_MASK, "int64")) != 0).sum(),
        "output_tokens": _.output_tokens.sum(where=_.output_tokens >= 0).coalesce(0),
    }


def first_sendings(narrow: ibis.Table, parties: pa.Table) -> pa.Table:
    """Return when each party first sent each request that several accounts sent.

    A request is a last turn with all earlier ones. What a party sends again, be it after a
    refusal, does not count.

    Parameters:
        narrow: The narrow table.
        parties: Columns account and party, one row per account.

    Returns:
        Columns request, party, and sent: twice the microseconds since 1970, and one more if
        the exchange was turned away.
    """
    requests = narrow.filter(_.exact != 0).select(
        "account",
        request=_.exact ^ _.prefix,
        sent=_.timestamp * ibis.literal(2, "int64") + _.limited.cast("int64"),
    )
    passed_on = (
        requests.group_by("request")
        .agg(low=_.account.min(), high=_.account.max())
        .filter(_.low != _.high)
    )
    return (
        requests.semi_join(passed_on, "request")
        .inner_join(ibis.memtable(parties), "account")
        .group_by("request", "party")
        .agg(sent=_.sent.min())
        .to_pyarrow()
    )


def new_prompts(narrow: ibis.Table) -> pa.Table:
    """Return how many prompts each account sent for the first time, per step."""
    firsts = narrow.group_by("account", "exact").agg(step=_.step.min())
    return firsts.group_by("account", "step").agg(new_prompts=_.count()).to_pyarrow()


def conversations(narrow: ibis.Table) -> pa.Table:
    """Return how many conversations each account had, per step in which it had one."""
    held = narrow.filter(_.conversation != 0).select("account", "step", "conversation").distinct()
    return held.group_by("account", "step").agg(conversations=_.count()).to_pyarrow()


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

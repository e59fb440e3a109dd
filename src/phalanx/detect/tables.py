"""Relational part of the scan: from the narrow table to small arrays.

Every function is an Ibis expression over the narrow table and returns Arrow. Literals
are cast, because engines type them differently.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pyarrow as pa
from ibis import _

from phalanx.detect.narrow import (
    CONTENT_COLUMNS,
    MICROSECONDS_PER_HOUR,
    MICROSECONDS_PER_MINUTE,
)
from phalanx.sketches.prompts import CAPABILITIES, ELICITATION_MASK, TARGETED_MASK

STANDING_COLUMNS = (
    "organisation",
    "payment",
    "email",
    "subnet",
    "ip",
    "asn",
    "country",
    "tls",
    "parameters",
    "created",
    "signature",
)
"""Attributes of an account that are taken from its first exchange that carries them."""

VALUE_COLUMNS = (*CONTENT_COLUMNS, "exact", "signature")
"""Columns of the narrow table whose values several accounts may share; `exact` holds
prompts."""

_DRAWS = 1024
"""Draws that tell exchanges of one microsecond apart."""

CAPABILITY_COLUMNS = tuple(f"capability_{bit}" for bit in range(len(CAPABILITIES)))


def accounts(narrow: ibis.Table) -> pa.Table:
    """Return one row per account: totals and first-seen attributes.

    `instant` orders accounts by their first exchanges; `NAME_step` is the step in which an
    attribute was first carried, null where it never was.
    """
    firsts = {name: _first_seen(name) for name in STANDING_COLUMNS}
    shown = {f"{name}_step": _.step.min(where=_[name] != 0) for name in STANDING_COLUMNS}
    expression = narrow.group_by("account").agg(
        exchanges=_.count(),
        instant=_instant().min(),
        first_seen=_.timestamp.min(),
        last_seen=_.timestamp.max(),
        input_tokens=_.input_tokens.sum(),
        output_tokens=_.output_tokens.sum(where=_.output_tokens >= 0).coalesce(0),
        **firsts,
        **shown,
    )
    return expression.to_pyarrow()


def _instant() -> ibis.Value:
    """Return the moment of an exchange, with a draw that tells those of one microsecond apart."""
    draws = ibis.literal(_DRAWS, "int64")
    return _.timestamp * draws + _.draw % draws


def _first_seen(column: str) -> ibis.Value:
    """Return the value of an account's first exchange that has one.

    Of exchanges of one instant the one with the smallest draw counts, then the one with
    the smallest value. All three make up one number, the order of which leaves no tie:
    engines break ties each in its own way. Only decimals are wide enough on all of them.
    """
    instant = _instant().cast("decimal(38, 0)")
    order = instant * ibis.literal(1 << 64, "decimal(38, 0)") + _[column].cast("decimal(38, 0)")
    return _[column].argmin(order, where=_[column] != 0).coalesce(0)


def account_steps(narrow: ibis.Table, step_hours: int) -> pa.Table:
    """Return one row per account and step: what was asked, and how.

    `first_turns` counts exchanges without earlier turns; `minute` is the minute of the step
    of one exchange, and `signs` are those of one prompt, picked without regard to what they say.
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
        signs=_.signs.argmin(_.draw, where=_.signs != 0).coalesce(0),
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


CARRIED = (
    "account",
    "step",
    "timestamp",
    "draw",
    "later_turn",
    "output_tokens",
    "input_tokens",
    "capabilities",
)
"""What is counted of an exchange that carries a value."""


def carried_values(narrow: ibis.Table, name: str) -> ibis.Table:
    """Return the exchanges that carry a value in a column.

    Parameters:
        narrow: The narrow table.
        name: Of `VALUE_COLUMNS`.

    Returns:
        An expression with the columns `CARRIED`, column (place in `VALUE_COLUMNS`), and hash.
    """
    return narrow.filter(narrow[name] != 0).select(
        *CARRIED, column=ibis.literal(VALUE_COLUMNS.index(name), "int64"), hash=narrow[name]
    )


def shared_values(carried: ibis.Table) -> pa.Table:
    """Return the values that at least two accounts used.

    Parameters:
        carried: From `carried_values`.

    Returns:
        Columns column, hash and first: the moment of the first exchange that carried it.
    """
    shared = carried.group_by("column", "hash").agg(
        first=_instant().min(), low=_.account.min(), high=_.account.max()
    )
    return shared.filter(_.low != _.high).select("column", "hash", "first").to_pyarrow()


def value_uses(carried: ibis.Table, values: pa.Table) -> pa.Table:
    """Return who used which value, and when.

    Parameters:
        carried: From `carried_values`.
        values: Columns column, hash and value: the number of each value that is asked for.

    Returns:
        Columns account, value, step and `USE_COUNTS`: one row per account, value and step.
    """
    rows = carried.inner_join(ibis.memtable(values), ["column", "hash"])
    return rows.group_by("account", "value", "step").agg(**_use_counts()).to_pyarrow()


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


SENT = ("account", "timestamp", "limited")
"""What is looked at of an exchange that carries a request."""


def shared_requests(narrow: ibis.Table) -> ibis.Table:
    """Return the exchanges with requests that several accounts sent.

    Parameters:
        narrow: The narrow table.

    Returns:
        An expression with the columns account, timestamp, limited, and request: the hash of a
        last turn with all earlier ones.
    """
    requests = narrow.filter(_.exact != 0).select(*SENT, request=_.exact ^ _.prefix)
    passed_on = (
        requests.group_by("request")
        .agg(low=_.account.min(), high=_.account.max())
        .filter(_.low != _.high)
    )
    return requests.semi_join(passed_on, "request")


def first_sendings(requests: ibis.Table) -> pa.Table:
    """Return when each account first sent each request.

    What an account sends again, be it after a refusal, does not count.

    Parameters:
        requests: As from `shared_requests`.

    Returns:
        Columns request, account, and sent: twice the microseconds since 1970, and one more if
        the exchange was turned away.
    """
    sent = _.timestamp * ibis.literal(2, "int64") + _.limited.cast("int64")
    return requests.group_by("request", "account").agg(sent=sent.min()).to_pyarrow()


def new_prompts(narrow: ibis.Table, past: ibis.Table | None = None) -> pa.Table:
    """Return how many prompts each account sent for the first time, per step.

    Parameters:
        narrow: The narrow table.
        past: Columns account and exact; what an account sent among these is not new.
    """
    firsts = narrow.group_by("account", "exact").agg(step=_.step.min())
    if past is not None:
        firsts = firsts.anti_join(past, ["account", "exact"])
    return firsts.group_by("account", "step").agg(new_prompts=_.count()).to_pyarrow()


def conversations(narrow: ibis.Table) -> pa.Table:
    """Return how many conversations each account had, per step in which it had one."""
    held = narrow.filter(_.conversation != 0).select("account", "step", "conversation").distinct()
    return held.group_by("account", "step").agg(conversations=_.count()).to_pyarrow()


def models(narrow: ibis.Table) -> pa.Table:
    """Return exchanges per account and model, and the first step of its use."""
    use = narrow.group_by("account", "model")
    return use.agg(exchanges=_.count(), first=_.step.min()).to_pyarrow()


def new_models(narrow: ibis.Table, released: Mapping[int, int], steps: int) -> pa.Table:
    """Return exchanges per account, new model and step.

    Parameters:
        narrow: The narrow table.
        released: Model -> step in which it came out.
        steps: After it came out, that are looked at.
    """
    fresh = pa.table({"model": list(released), "released": list(released.values())}, _RELEASED)
    rows = narrow.inner_join(ibis.memtable(fresh), "model")
    use = rows.filter(_.step < _.released + steps).group_by("account", "model", "step")
    return use.agg(exchanges=_.count()).to_pyarrow()


_RELEASED = pa.schema([("model", pa.int64()), ("released", pa.int64())])


def programs(narrow: ibis.Table) -> pa.Table:
    """Return how alike the programs behind each account's exchanges are.

    A program is a combination of request settings, client among them, and system prompt.

    Returns:
        Columns account, exchanges, and alike: ordered pairs of different exchanges of the
        account that come from one program.
    """
    sent = narrow.group_by("account", "parameters", "system").agg(exchanges=_.count())
    alike = (_.exchanges * (_.exchanges - 1)).sum()
    return sent.group_by("account").agg(exchanges=_.exchanges.sum(), alike=alike).to_pyarrow()


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

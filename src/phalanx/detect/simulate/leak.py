"""The leak test: can any single field tell campaign accounts from honest ones?

A benchmark in which one field alone gives the label away measures nothing. So each field
is turned into numbers for every account, and the area under the ROC curve (AUC) of each
number is computed, in whichever direction separates better. A value of 0.5 is no leak.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import rankdata

from phalanx.errors import InputError
from phalanx.logs.schema import NATIVE_COLUMNS

_NUMERIC = (
    "input_tokens", "output_tokens", "status", "temperature", "top_p", "max_tokens", "n",
    "logprobs", "stream",
)  # fmt: skip
_TEXTS = ("prompt", "system_prompt", "response")
_TIMES = ("timestamp", "account_created_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoding:
    """One way to turn a field into a number for each account."""

    field: str
    expression: str


def leak_test(exchanges: pa.Table, labels: pa.Table) -> dict[str, float]:
    """Measure how well each field alone separates campaign accounts.

    Parameters:
        exchanges: Exchanges in native columns.
        labels: `account_id`, `campaign` (null for honest accounts), `traffic_class`.

    Returns:
        Field -> AUC in [0.5, 1], the best of these encodings for each account, none of
        which looks at the labels:

        - numbers and flags: mean, spread, share of nulls;
        - categories: mean logarithm of how many accounts share the value, number of
          distinct values, share of nulls;
        - texts: mean length, spread of the length, distinct share, share of nulls;
        - `timestamp`: first, last, mean hour, spread of the hour, active days;
          `account_created_at`: the time, its hour, accounts created within the same hour;
        - `account_id`: number of exchanges; `exchange_id`: length.

    Raises:
        InputError: If the labels name fewer than one account of either kind.
    """
    names = [name for name in exchanges.column_names if name in NATIVE_COLUMNS]
    encodings = [encoding for name in names for encoding in _encodings(name)]
    table = _encoded(exchanges, labels, names, encodings)
    positive = table.column("harvest").to_numpy().astype(np.bool_)
    if not 0 < positive.sum() < len(positive):
        message = (
            f"the labels give {int(positive.sum())} campaign accounts among {len(positive)} with "
            "exchanges; expected at least one of each kind"
        )
        raise InputError(message)
    worst: dict[str, float] = {}
    for at, encoding in enumerate(encodings):
        values = table.column(f"c{at}").cast(pa.float64()).fill_null(-1e18)
        area = _auc(values.to_numpy(), positive)
        worst[encoding.field] = max(worst.get(encoding.field, 0.5), area)
    return worst


def _encoded(
    exchanges: pa.Table, labels: pa.Table, names: list[str], encodings: list[_Encoding]
) -> pa.Table:
    """Compute every encoding for every account, and whether it belongs to a campaign."""
    joins = " ".join(
        f'LEFT JOIN (SELECT "{name}" AS v, ln(count(DISTINCT account_id)) AS f FROM log '
        f'GROUP BY 1) AS f_{name} ON log."{name}" = f_{name}.v'
        for name in names
        if _is_category(name)
    )
    columns = ", ".join(f"{item.expression} AS c{at}" for at, item in enumerate(encodings))
    query = (
        f"SELECT any_value(truth.campaign) IS NOT NULL AS harvest, {columns} FROM log "  # noqa: S608  (native column names only)
        f"JOIN truth ON truth.account_id = log.account_id {joins} GROUP BY log.account_id"
    )
    with duckdb.connect() as connection:
        connection.register("log", exchanges)
        connection.register("truth", labels.select(["account_id", "campaign"]))
        return connection.sql(query).to_arrow_table()


def _is_category(name: str) -> bool:
    return name not in {*_NUMERIC, *_TEXTS, *_TIMES, "account_id", "exchange_id"}


def _encodings(name: str) -> list[_Encoding]:
    """Return the encodings of one column."""
    column = f'log."{name}"'
    absent = f"avg(({column} IS NULL)::INT)"
    if name == "account_id":
        found = ["count(*)"]
    elif name == "exchange_id":
        found = [f"avg(length({column}))"]
    elif name == "timestamp":
        hour = f"(epoch({column}) % 86400)"
        found = [
            f"epoch(min({column}))", f"epoch(max({column}))", f"avg({hour})", f"stddev({hour})",
            f"count(DISTINCT epoch({column})::BIGINT // 86400)",
        ]  # fmt: skip
    elif name == "account_created_at":
        found = [f"epoch(any_value({column}))", f"epoch(any_value({column})) % 86400", absent]
    elif name in _NUMERIC:
        number = f"({column})::DOUBLE"
        found = [f"avg({number})", f"stddev({number})", absent]
    elif name in _TEXTS:
        length = f"length({column})"
        distinct = f"count(DISTINCT {column}) / count(*)"
        found = [f"avg({length})", f"stddev({length})", distinct, absent]
    else:
        found = [f"avg(f_{name}.f)", f"count(DISTINCT {column})", absent]
    return [_Encoding(field=name, expression=expression) for expression in found]


def _auc(values: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve, in the better direction."""
    ranks = rankdata(values)
    hits = int(positive.sum())
    area = (ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * (len(values) - hits))
    return float(max(area, 1.0 - area))

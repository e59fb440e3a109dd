"""The leak test: can any single field tell campaign accounts from honest ones?

A benchmark in which one field alone gives the label away measures nothing. So each field
is turned into numbers for every account, and the area under the ROC curve (AUC) of each
number is computed, in whichever direction separates better. A value of 0.5 is no leak.
"""

from __future__ import annotations

import ibis
import numpy as np
import pyarrow as pa
from ibis import _
from numpy.typing import NDArray
from scipy.stats import rankdata

from phalanx.errors import InputError
from phalanx.logs.schema import NATIVE_COLUMNS

_NUMBERS = frozenset(
    {
        "input_tokens", "output_tokens", "status", "temperature", "top_p", "max_tokens", "n",
        "logprobs", "stream",
    }
)  # fmt: skip
_TEXTS = frozenset({"prompt", "system_prompt", "response"})
_ABSENT = -1e18


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
        - texts: mean length, spread of the length, share of distinct texts, share of nulls;
        - `timestamp`: first, last, mean and spread of the time of day, active days;
        - `account_created_at`: the time, its time of day, how many accounts were created in
          the same hour, share of nulls;
        - `account_id`: number of exchanges; `exchange_id`: mean length.

    Raises:
        InputError: If there are no campaign accounts or no honest ones with exchanges.
    """
    exchanges = _in_seconds(exchanges)
    connection = ibis.duckdb.connect()
    harvest = dict(
        zip(
            labels.column("account_id").to_pylist(),
            labels.column("campaign").is_valid().to_pylist(),
            strict=True,
        )
    )
    worst: dict[str, float] = {}
    for name in exchanges.column_names:
        if name not in NATIVE_COLUMNS:
            continue
        log = ibis.memtable(exchanges.select(sorted({"account_id", name})))
        table = connection.to_pyarrow(_encoded(log, name))
        accounts = table.column("account").to_pylist()
        positive = np.array([harvest.get(account, False) for account in accounts], dtype=np.bool_)
        if not 0 < positive.sum() < len(positive):
            message = (
                f"the labels give {int(positive.sum())} campaign accounts among {len(positive)} "
                "with exchanges; expected at least one of each kind"
            )
            raise InputError(message, next_step="Pass the labels of this log.")
        values = (table.column(at).cast(pa.float64()) for at in range(1, table.num_columns))
        worst[name] = max(_auc(value.fill_null(_ABSENT).to_numpy(), positive) for value in values)
    connection.disconnect()
    return worst


def _encoded(log: ibis.Table, name: str) -> ibis.Table:
    """Return the encodings of one field: a row for each account, its name first."""
    if name == "timestamp":
        return _times(log)
    if name == "account_created_at":
        return _births(log)
    absent = log[name].isnull().cast("float64").mean()
    if name == "account_id":
        encodings = {"volume": log.count()}
    elif name == "exchange_id":
        encodings = {"length": log[name].length().mean()}
    elif name in _NUMBERS:
        number = log[name].cast("float64")
        encodings = {"mean": number.mean(), "spread": number.std(), "absent": absent}
    elif name in _TEXTS:
        length = log[name].length().cast("float64")
        distinct = log[name].nunique() / log.count()
        encodings = {
            "mean": length.mean(), "spread": length.std(), "distinct": distinct, "absent": absent,
        }  # fmt: skip
    else:
        return _categories(log.select(account="account_id", value=name))
    return log.group_by(account=_.account_id).agg(**encodings)


def _in_seconds(exchanges: pa.Table) -> pa.Table:
    """Turn times into whole seconds, which need no care about zones and engines."""
    for name in ("timestamp", "account_created_at"):
        if name in exchanges.column_names:
            seconds = exchanges.column(name).cast(pa.timestamp("s", tz="UTC"), safe=False)
            at = exchanges.column_names.index(name)
            exchanges = exchanges.set_column(at, name, seconds.cast(pa.int64()))
    return exchanges


def _times(log: ibis.Table) -> ibis.Table:
    """Encode the times of exchanges."""
    seconds = log.timestamp
    clock = (seconds % 86_400).cast("float64")
    return log.group_by(account=_.account_id).agg(
        first=seconds.min(),
        last=seconds.max(),
        clock=clock.mean(),
        spread=clock.std(),
        days=(seconds // 86_400).nunique(),
    )


def _births(log: ibis.Table) -> ibis.Table:
    """Encode the creation of accounts."""
    seconds = log.account_created_at
    born = log.select(account="account_id", value=seconds // 3600)
    own = log.group_by(account=_.account_id).agg(born=seconds.min(), clock=(seconds % 86_400).min())
    return own.join(_categories(born), "account")


def _categories(pairs: ibis.Table) -> ibis.Table:
    """Encode a category by how many accounts share it."""
    counted = pairs.group_by(["account", "value"]).agg(rows=_.count())
    popular = counted.group_by("value").agg(sharing=_.count())
    joined = counted.left_join(popular, "value")
    return joined.group_by("account").agg(
        popularity=(_.rows * _.sharing.cast("float64").ln()).sum() / _.rows.sum(),
        distinct=_.value.count(),
        absent=_.value.isnull().ifelse(_.rows, 0).sum() / _.rows.sum(),
    )


def _auc(values: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve, in the better direction."""
    ranks = rankdata(values)
    hits = int(positive.sum())
    area = (ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * (len(values) - hits))
    return float(max(area, 1.0 - area))

"""A model release in an honest log: everybody tries the new model, newcomers register.

It is the hardest common cause that a provider itself makes. Strangers register in the same
hours, send the public benchmarks on the same day, and ask for the same new model.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NEW_MODEL = "atlas-large-5"

_HOUR_US = 3_600_000_000
_RELEASE_SHARE = 0.4
"""Share of the log's span after which the release comes."""

_SWITCHING_SHARE = 0.6
_SWITCH_HOURS = 36.0
_NEWCOMER_SHARE = 0.12
_BIRTH_HOURS = 8.0
_TRIAL_HOURS = 6.0
_TRIAL_SHARE = 0.05
_BENCHMARK_SHARE = 0.5
_BENCHMARK_CLASS = "evaluation"


def with_release(exchanges: pa.Table, labels: pa.Table, seed: int) -> pa.Table:
    """Change an honest log as a model release would.

    Of the accounts that declare no organisation, some register in the hours after it. Some
    conversations of later days, and half of what benchmarks were run, are had on the day of
    release instead. Most accounts turn to the new model within days.

    Parameters:
        exchanges: In native columns.
        labels: Traffic class of each account.
        seed: Of all choices.

    Returns:
        The log in order of time; what newcomers sent before they registered is left out.
    """
    rng = np.random.default_rng(seed)
    account = pc.index_in(exchanges["account_id"], labels["account_id"]).to_numpy()
    time_us = exchanges["timestamp"].cast(pa.int64()).to_numpy()
    release_us = int(time_us.min() + _RELEASE_SHARE * (time_us.max() - time_us.min()))
    accounts = labels.num_rows
    declared = np.zeros(accounts, dtype=np.bool_)
    declared[account[np.asarray(exchanges["organisation"].is_valid())]] = True

    conversation = _numbers(exchanges["conversation_id"], account)
    begins = np.full(conversation.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(begins, conversation, time_us)
    begin_us = begins[conversation]
    benchmarks = np.array(labels["traffic_class"].to_pylist())[account] == _BENCHMARK_CLASS
    moved = rng.random(begins.size)[conversation] < np.where(
        benchmarks, _BENCHMARK_SHARE, _TRIAL_SHARE
    )
    moved &= begin_us > release_us
    trial_us = release_us + _hours(rng, _TRIAL_HOURS, begins.size)[conversation]
    moved_us = np.where(moved, time_us - begin_us + trial_us, time_us)

    newcomer = (rng.random(accounts) < _NEWCOMER_SHARE) & ~declared
    born_us = release_us + _hours(rng, _BIRTH_HOURS, accounts)
    switch_us = release_us + _hours(rng, _SWITCH_HOURS, accounts)
    switching = rng.random(accounts) < _SWITCHING_SHARE
    new_model = moved | (switching[account] & (moved_us > switch_us[account]))
    created = exchanges["account_created_at"].cast(pa.int64()).fill_null(0).to_numpy()
    created = np.where(newcomer[account], born_us[account], created)
    missing = np.asarray(exchanges["account_created_at"].is_null()) & ~newcomer[account]
    instant = exchanges.schema.field("timestamp").type
    columns = {
        "timestamp": pa.array(moved_us).cast(instant),
        "model": pc.if_else(pa.array(new_model), NEW_MODEL, exchanges["model"]),
        "account_created_at": pa.array(created, mask=missing).cast(instant),
    }
    for name, values in columns.items():
        exchanges = exchanges.set_column(exchanges.schema.get_field_index(name), name, values)
    kept = np.flatnonzero(~newcomer[account] | (moved_us >= born_us[account]))
    return exchanges.take(pa.array(kept[np.argsort(moved_us[kept], kind="stable")]))


def _numbers(column: pa.ChunkedArray, account: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number conversations; an exchange without one is a conversation of its own."""
    codes = column.combine_chunks().dictionary_encode().indices
    known = codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    alone = known.max(initial=-1) + 1 + np.arange(account.size)
    return np.unique(np.where(known >= 0, known, alone), return_inverse=True)[1].astype(np.int64)


def _hours(rng: np.random.Generator, mean: float, size: int) -> NDArray[np.int64]:
    return (rng.exponential(mean, size) * _HOUR_US).astype(np.int64)

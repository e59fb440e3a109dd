"""Splink: Fellegi and Sunter's record linkage on the standing fields of parties.

Accounts are records; pairs that share a blocking key are compared field by field, the weights
come from expectation maximisation without labels, with term frequencies, so that common values
weigh less; pairs above a probability are joined into clusters.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from peers.observed import Observed, observe
from peers.peer import Peer, Scored, by_size, learns_nothing

_FIELDS = {
    "payment_fingerprint": "payment",
    "email_domain": "email",
    "client_subnet": "subnet",
    "asn": "network",
    "country": "country",
    "tls_fingerprint": "tls",
    "user_agent": "agent",
}
"""Column of the log -> field of a record."""

_BLOCKS = (
    ("payment",),
    ("subnet",),
    ("email", "created"),
    ("tls", "agent", "created"),
    ("network", "created", "agent"),
)
"""Fields that a pair must share to be compared at all."""


def _read(path: Path) -> Observed:
    return observe(path, (*_FIELDS, "account_created_at"))


def _records(view: Observed, evening: int) -> pa.Table:
    """Return one record a party: the first value that it showed until an evening."""
    columns: dict[str, pa.Array] = {"unique_id": pa.array(np.arange(view.parties))}
    named = {**_FIELDS, "account_created_at": "created"}
    for column, field in named.items():
        values = view.values[column]
        rows = np.flatnonzero((view.day <= evening) & (values >= 0))
        parties, first = np.unique(view.party[view.account[rows]], return_index=True)
        shown = np.full(view.parties, -1, dtype=np.int64)
        shown[parties] = values[rows[first]]
        columns[field] = pa.array(shown, mask=shown < 0)
    return pa.table(columns)


@lru_cache(maxsize=1)
def _pairs(
    view: Observed, evening: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the compared pairs with their match probabilities; settings differ only later."""
    records = _records(view, evening)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Splink warns of fields that a rule leaves untrained
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on
        from splink.comparison_library import ExactMatch

        fields = [name for name in records.column_names if name != "unique_id"]
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=[
                ExactMatch(name).configure(term_frequency_adjustments=True) for name in fields
            ],
            blocking_rules_to_generate_predictions=[block_on(*block) for block in _BLOCKS],
            retain_matching_columns=False,
            # More iterations drive the weight of a value that matches never share to zero.
            max_iterations=5,
        )
        linker = Linker(DuckDBAPI().register(records), settings, log_level="ERROR")
        linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
        for rule in (block_on("email", "created"), block_on("subnet")):
            linker.training.estimate_parameters_using_expectation_maximisation(
                rule, max_pairs=2e6, record_sample_proportion=1.0
            )
        predicted = linker.inference.predict(threshold_match_probability=0.5)
        found: pa.Table = predicted.as_pyarrow_table()  # type: ignore[no-untyped-call]
    return (
        found["unique_id_l"].to_numpy(),
        found["unique_id_r"].to_numpy(),
        pc.cast(found["match_probability"], pa.float64()).to_numpy(),
    )


def _judge(view: Observed, _model: None, setting: float, evenings: Sequence[int]) -> list[Scored]:
    scored = []
    for evening in evenings:
        left, right, probability = _pairs(view, evening)
        kept = probability >= setting
        graph = sparse.coo_array(
            (np.ones(int(kept.sum()), np.int8), (left[kept], right[kept])),
            shape=(view.parties, view.parties),
        )
        label = connected_components(graph, directed=False)[1].astype(np.int64)
        scored.append(by_size(label[view.party], view.party))
    return scored


PEER = Peer[Observed, float, None](
    name="Splink",
    source="Splink 5, Fellegi and Sunter 1969",
    unit="groups",
    note="standing fields of parties, day of creation among them",
    settings=(0.5, 0.9, 0.99, 0.999),
    evenings="last",
    read=_read,
    learn=learns_nothing,
    judge=_judge,
)

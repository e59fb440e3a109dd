"""What a scan leaves in a store for the next one, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.detect.aggregates import Aggregates
from phalanx.detect.narrow import EXCERPT, MICROSECONDS_PER_HOUR, Names
from phalanx.detect.population import Population
from phalanx.detect.replay import ReplayState
from phalanx.detect.track_table import replay_state, track_table
from phalanx.errors import VerificationError
from phalanx.logs.engine.memory import Memory
from phalanx.store import Draft, Manifest, Store

ROWS = "rows.parquet"
"""The narrow table of a scan's exchanges."""

ADDED = ("steps", "values", "uses", "models", "new_models", "sendings")
"""Counts of which each scan keeps what it added."""

_NAMES = pa.schema([("what", pa.string()), ("hash", pa.int64()), ("text", pa.string())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the scans so far left."""

    manifest: Manifest
    """Of the last one."""

    aggregates: Aggregates
    names: Names
    party_of_account: npt.NDArray[np.int64]
    """As the replay knew them."""

    state: ReplayState
    rows: tuple[Path, ...]
    """Narrow tables of the exchanges of all scans."""


def load(store: Store, manifests: tuple[Manifest, ...], step_hours: int) -> Kept:
    """Read what earlier scans kept.

    Parameters:
        store: Open.
        manifests: Of all its scans, at least one.
        step_hours: Length of the steps.

    Raises:
        VerificationError: If a file is missing, changed, or not what a scan keeps.
    """
    last = manifests[-1]
    try:
        accounts = store.read(last, "accounts.parquet")
        aggregates = Aggregates(
            accounts=accounts.drop_columns("party"),
            **{
                name: pa.concat_tables([store.read(m, f"{name}.parquet") for m in manifests])
                for name in ADDED
            },
        )
        width = step_hours * MICROSECONDS_PER_HOUR
        first_step = int(accounts["first_seen"].to_numpy().min() // width)
        return Kept(
            manifest=last,
            aggregates=aggregates,
            names=_names([store.read(m, "names.parquet") for m in manifests]),
            party_of_account=accounts["party"].to_numpy(),
            state=replay_state(
                store.read(last, "tracks.parquet"),
                store.read(last, "parties.parquet")["text"].to_numpy(),
                last.last_step - first_step,
                last.formed_step - first_step,
            ),
            rows=tuple(store.path(m, ROWS) for m in manifests),
        )
    except (KeyError, TypeError, ValueError, pa.ArrowException) as error:
        message = f"{store.place.folder}: not what a scan keeps ({type(error).__name__}: {error})"
        raise VerificationError(message, next_step="Scan the log into a new store.") from error


def write(
    draft: Draft, added: Aggregates, names: Names, population: Population, state: ReplayState
) -> None:
    """Write what the next scan needs; the narrow table is there already.

    Parameters:
        draft: Of the scan.
        added: What it counted.
        names: What it learned of names.
        population: At its end.
        state: At its end.
    """
    party = pa.array(population.parties.of_account)
    draft.write("accounts.parquet", added.accounts.append_column("party", party))
    for name in ADDED:
        draft.write(f"{name}.parquet", getattr(added, name))
    draft.write("names.parquet", _table(names))
    draft.write("tracks.parquet", track_table(state))
    draft.write("parties.parquet", pa.table({"text": state.texts}))


def joined(earlier: Names, later: Names) -> Names:
    """Return the names of both, whichever came first."""
    memory = Memory()
    for names in (earlier, later):
        for what, values in _by_kind(names):
            memory.add(what, values.keys(), values.values())
    return Names.of(memory)


def news(earlier: Names, later: Names) -> Names:
    """Return the names of `later` that `earlier` does not have, or has differently."""
    return Names(
        {
            what: {h: t for h, t in values.items() if earlier.values[what].get(h) != t}
            for what, values in later.values.items()
        },
        {h: t for h, t in later.excerpts.items() if earlier.excerpts.get(h) != t},
    )


def _by_kind(names: Names) -> list[tuple[str, Mapping[int, str]]]:
    return [*names.values.items(), (EXCERPT, names.excerpts)]


def _table(names: Names) -> pa.Table:
    parts = _by_kind(names)
    return pa.table(
        {
            "what": [what for what, values in parts for _ in values],
            "hash": [code for _, values in parts for code in values],
            "text": [text for _, values in parts for text in values.values()],
        },
        schema=_NAMES,
    )


def _names(parts: Sequence[pa.Table]) -> Names:
    memory = Memory()
    for part in parts:
        for what in part["what"].unique().to_pylist():
            rows = part.filter(pc.equal(part["what"], what))
            memory.add(what, rows["hash"].to_pylist(), rows["text"].to_pylist())
    return Names.of(memory)

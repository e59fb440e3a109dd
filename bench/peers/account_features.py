"""The account features that the scan computes, as a matrix for outlier detectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phalanx.detect.narrow import Narrowing, narrow
from phalanx.detect.population import COUNT_COLUMNS, Population, build_population
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.engine import DuckDBEngine

HOURS_OF_A_DAY = 24
"""Peers look at each day as a whole."""


@dataclass(frozen=True, eq=False)
class ScannedAccounts:
    """Accounts with what the scan counts of them."""

    population: Population
    rows: int

    @property
    def accounts(self) -> tuple[str, ...]:
        """Accounts of the log."""
        return self.population.account_names

    @property
    def days(self) -> int:
        """Days of the log."""
        return self.population.days

    @property
    def party(self) -> NDArray[np.int64]:
        """Declared party of each account."""
        return self.population.parties.of_account

    def features(self, evening: int) -> NDArray[np.float64]:
        """Return volumes as logarithms and everything else per exchange, until an evening.

        Returns:
            Shape (parties, features).
        """
        activity = self.population.activity
        totals = {name: activity.total(name, 0, evening) for name in COUNT_COLUMNS}
        exchanges = np.maximum(totals["exchanges"], 1.0)
        rows = slice(0, activity.starts[evening + 1])
        active = np.bincount(activity.party[rows], minlength=activity.parties)
        columns = [np.log1p(totals["exchanges"]), np.log1p(totals["exchanges"] / (active + 1.0))]
        for name in COUNT_COLUMNS:
            if name in {"words", "input_tokens", "output_tokens"}:
                columns.append(np.log1p(np.maximum(totals[name], 0.0) / exchanges))
            elif name != "exchanges":
                columns.append(totals[name] / exchanges)
        return np.stack(columns, axis=1).astype(np.float64)


def read_scanned(path: Path) -> ScannedAccounts:
    """Read a log and aggregate it as the scan does."""
    log = open_log(path, ReadOptions())
    with DuckDBEngine(memory_limit_bytes=1_500_000_000, threads=2) as engine:
        table, names = narrow(
            engine, log, Narrowing(key=None, keep_excerpts=False, step_hours=HOURS_OF_A_DAY)
        )
        return ScannedAccounts(build_population(table, names, {}, HOURS_OF_A_DAY), log.rows)


def honest_parties(view: ScannedAccounts, honest: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the parties all of whose accounts are honest."""
    dishonest = np.zeros(view.population.parties.count, dtype=bool)
    dishonest[view.party[~honest]] = True
    return ~dishonest

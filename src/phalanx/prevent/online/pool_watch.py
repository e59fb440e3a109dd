"""A pool between two scans: its accounts since the scan that listed it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence import mean
from phalanx.prevent.online.reference import pool_log10_e_of
from phalanx.prevent.online.statistics import ANSWERS, STATISTICS, SUMS, WEIGHTS


@dataclass(frozen=True, slots=True)
class PoolWatch:
    """The accounts of a pool, as they were listed, and what they did since.

    An account that has not answered counts as one that came beyond nobody: evidence then never
    falls as more is seen.
    """

    name: str
    scan: int
    """That listed it."""

    after_us: int
    """From when on answers count, in microseconds since 1970."""

    accounts: tuple[str, ...]
    place: Mapping[str, int]
    """Account -> its row."""

    sums: npt.NDArray[np.float32]
    """Shape (accounts, SUMS)."""

    rank: npt.NDArray[np.uint8]
    """As `Rows.rank`, shape (accounts, statistics)."""

    @property
    def answers(self) -> int:
        """Return how many were seen."""
        return int(self.sums[:, ANSWERS].sum())

    def evidence(self, log_p: npt.NDArray[np.float64]) -> tuple[float, Mapping[str, float]]:
        """Return the evidence against honest use, log10, and that of each statistic.

        Parameters:
            log_p: Natural logarithm of the p-value at each rank, the last one 0.
        """
        of_each = [
            pool_log10_e_of(float(total), len(self.accounts))
            for total in log_p[self.rank].sum(axis=0)
        ]
        return mean(of_each, WEIGHTS.tolist()), dict(zip(STATISTICS, of_each, strict=True))


def watch_of(name: str, scan: int, after_us: int, accounts: Sequence[str], ranks: int) -> PoolWatch:
    """Return the watch of a pool of which nothing was seen yet.

    Parameters:
        name: As the store has it.
        scan: That listed it.
        after_us: Until when the scan had counted.
        accounts: At least one.
        ranks: Largest values that the reference holds of each statistic.

    Examples:
        >>> watch = watch_of("pool-1", 3, 0, ["a", "b"], ranks=2)
        >>> log_p = np.array([-5.0, -3.0, 0.0])
        >>> watch.evidence(log_p)[0] < 0
        True
        >>> watch.rank[:] = 0
        >>> round(watch.evidence(log_p)[0], 2)
        1.23
    """
    count = len(accounts)
    return PoolWatch(
        name,
        scan,
        after_us,
        tuple(accounts),
        {account: place for place, account in enumerate(accounts)},
        np.zeros((count, SUMS), dtype=np.float32),
        np.full((count, len(STATISTICS)), ranks, dtype=np.uint8),
    )


def account_evidence(
    rank: npt.NDArray[np.uint8], log10_of_rank: npt.NDArray[np.float64]
) -> tuple[float, Mapping[str, float]]:
    """Return the evidence of one account, log10, and that of each statistic.

    Parameters:
        rank: Of each statistic.
        log10_of_rank: What each rank earns, from `phalanx.evidence.bet_on_levels`.
    """
    of_each = log10_of_rank[rank]
    known = {
        name: float(value)
        for name, value in zip(STATISTICS, of_each, strict=True)
        if math.isfinite(value)
    }
    if not known:
        return -math.inf, known
    return mean(of_each.tolist(), WEIGHTS.tolist()), known

"""The first queries of each busy account, as vectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from peers.embedding import embed
from peers.observed import Observed, observe

_SAMPLE = 4_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Queries:
    """Vectors of the first queries of each account that has enough of them."""

    accounts: tuple[str, ...]
    party: NDArray[np.int64]
    days: int
    rows: int
    starts: NDArray[np.int64]
    """Where the queries of each account start; accounts with too few have none."""

    vectors: NDArray[np.float32]
    day: NDArray[np.int64]
    """Day of each query, rising within an account."""

    sample_account: NDArray[np.int64]
    """Account of each query of a blind sample of all traffic."""

    sample: NDArray[np.float32]
    """Vectors of that sample."""

    def of(self, account: int) -> slice:
        """Return where the queries of an account are."""
        return slice(int(self.starts[account]), int(self.starts[account + 1]))

    def until(self, account: int, evening: int) -> int:
        """Return how many queries an account had sent until an evening."""
        return int(np.searchsorted(self.day[self.of(account)], evening, side="right"))


def read_queries(path: Path, *, least: int, most: int) -> Queries:
    """Read and embed.

    Parameters:
        path: Of the log.
        least: Queries that an account needs.
        most: Queries of each account that are kept, the first ones.
    """
    observed = observe(path, texts=True)
    if observed.texts is None:
        message = "texts were asked for"
        raise RuntimeError(message)
    rows, starts = _first_of_each(observed, least, most)
    drawn = np.random.default_rng(0).permutation(observed.rows)[:_SAMPLE]
    return Queries(
        accounts=observed.accounts,
        party=observed.party,
        days=observed.days,
        rows=observed.rows,
        starts=starts,
        vectors=embed(observed.texts.take(pa.array(rows))),
        day=observed.day[rows],
        sample_account=observed.account[drawn],
        sample=embed(observed.texts.take(pa.array(drawn))),
    )


def _first_of_each(
    observed: Observed, least: int, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows that are kept, account by account, and where each account starts."""
    order = np.argsort(observed.account, kind="stable")
    count = np.bincount(observed.account, minlength=len(observed.accounts))
    begin = np.concatenate([[0], np.cumsum(count)[:-1]])
    kept = np.where(count >= least, np.minimum(count, most), 0)
    starts = np.concatenate([[0], np.cumsum(kept)])
    place = np.arange(starts[-1]) - np.repeat(starts[:-1], kept) + np.repeat(begin, kept)
    return order[place], starts

"""Exchanges as columns: who, when, and which text by which seeds."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanges:
    """Exchanges in the order in which they were drawn: turns of a conversation are neighbours."""

    account: NDArray[np.int64]
    """Row of the account."""

    time_us: NDArray[np.int64]
    """Microseconds since 1970."""

    skeleton: NDArray[np.int64]
    """Position of the prompt's skeleton in the book."""

    wording: NDArray[np.uint64]
    """Seed of what the template fixes."""

    seed: NDArray[np.uint64]
    """Seed of what differs between exchanges."""

    conversation: NDArray[np.uint64]
    """Seed of the conversation; 0 where the prompt is plain text."""

    turn: NDArray[np.int64]
    """Turn in the conversation, from 0; the turns before it are the rows before it."""

    output_median: NDArray[np.float64]
    """Median length of such a response, in tokens."""

    output_spread: NDArray[np.float64]
    """Standard deviation of the logarithm of that length."""

    user_agent: NDArray[np.int64]
    """Client of this exchange; -1 for the account's."""

    harvest: NDArray[np.bool_]
    """Whether it belongs to a campaign's own work (not to cover traffic)."""

    corpus: NDArray[np.int64]
    """Row of the corpus that gives the prompt; -1 for the grammar."""

    status: NDArray[np.int64]
    """Status of the answer; 0 where it is drawn when the exchange is written."""

    repeats: NDArray[np.int64]
    """How many rows before it the exchange stands whose prompt it sends again; 0 for none."""

    def __len__(self) -> int:
        """Return how many exchanges there are."""
        return len(self.account)


_TYPES = {
    "account": np.int64,
    "time_us": np.int64,
    "skeleton": np.int64,
    "wording": np.uint64,
    "seed": np.uint64,
    "conversation": np.uint64,
    "turn": np.int64,
    "output_median": np.float64,
    "output_spread": np.float64,
    "user_agent": np.int64,
    "harvest": np.bool_,
    "corpus": np.int64,
    "status": np.int64,
    "repeats": np.int64,
}


def concatenated(parts: list[Exchanges]) -> Exchanges:
    """Return all parts as one; no part gives no exchange."""
    columns = {
        item.name: np.concatenate(
            [np.zeros(0, dtype=_TYPES[item.name]), *(getattr(part, item.name) for part in parts)]
        )
        for item in fields(Exchanges)
    }
    return Exchanges(**columns)

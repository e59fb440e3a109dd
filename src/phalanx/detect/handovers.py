"""Requests that one party sent soon after another, and which of the two was turned away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.evidence import Items, OddsTest, weigh_odds

SOON_SECONDS = 60
"""Longest time between the two sendings."""

_SECOND = 1_000_000
_HOUR = 3_600 * _SECOND
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Handovers:
    """One row per request that went from one party to another, ordered by the first party.

    Two sendings of one request make a row if they are the first of two parties, at most
    `SOON_SECONDS` apart. Of each party and hour one row counts at most: refusals come in
    bursts, and a burst is one piece of news.
    """

    starts: npt.NDArray[np.int64]
    """Where the rows of each first party start, shape (parties + 1,)."""

    second: npt.NDArray[np.int64]
    """Party that sent the request second, shape (rows,)."""

    first_turned_away: npt.NDArray[np.bool_]
    second_turned_away: npt.NDArray[np.bool_]

    day: npt.NDArray[np.int64]
    """UTC day of the second sending since 1970."""

    step: npt.NDArray[np.int64]
    """Step of the second sending."""

    public_step: npt.NDArray[np.int64]
    """Step in which a third party sent the request too, after which the row no longer counts."""

    def test(self, groups: Sequence[npt.NDArray[np.int64]], step: int) -> list[OddsTest]:
        """Test on each group of parties whether what follows a refusal is no chance.

        Null hypothesis: the parties are operated apart. What one of them sends then does not
        depend on whether another was turned away: of all requests that a member shared with
        one other party, a member, its refusals on one day fall on those that it sent first
        as they fall on those that it sent second.

        Parameters:
            groups: Members of each group; groups may overlap.
            step: Last step that is known.
        """
        known = (self.step <= step) & (step < self.public_step)
        inside = np.zeros(self.starts.size - 1, dtype=np.bool_)
        parts: list[tuple[npt.NDArray[np.int64], ...]] = []
        for number, members in enumerate(groups):
            inside[members] = True
            lengths = self.starts[members + 1] - self.starts[members]
            first = np.repeat(members, lengths)
            skipped = np.repeat(self.starts[members] - (np.cumsum(lengths) - lengths), lengths)
            rows = np.arange(first.size) + skipped
            kept = known[rows] & inside[self.second[rows]]
            parts.append((np.full(int(kept.sum()), number), first[kept], rows[kept]))
            inside[members] = False
        empty = np.zeros(0, dtype=np.int64)
        group, first, rows = (
            np.concatenate(part) for part in zip((empty, empty, empty), *parts, strict=True)
        )
        # Each row is an item of either party: of the first kind for the one that sent first.
        party = np.concatenate([first, self.second[rows]])
        days = int(self.day.max(initial=0)) + 1
        items = Items(
            group=np.tile(group, 2),
            stratum=np.unique(party * days + np.tile(self.day[rows], 2), return_inverse=True)[1],
            is_first=np.arange(2 * rows.size) < rows.size,
            marked=np.concatenate([self.first_turned_away[rows], self.second_turned_away[rows]]),
        )
        return weigh_odds(items, len(groups))


def find_handovers(sendings: pa.Table, parties: int, step_us: int, first_step: int) -> Handovers:
    """Find the requests that went from one party to another.

    Parameters:
        sendings: As `tables.first_sendings` returns them.
        parties: Number of parties.
        step_us: Length of a step in microseconds.
        first_step: Steps since 1970 before step 0.

    Examples:
        >>> second = 2_000_000
        >>> sendings = pa.table({"request": [7, 7, 8, 8, 8], "party": [1, 0, 0, 1, 2],
        ...     "sent": [1, 3 * second, 0, 90 * second, 95 * second]})
        >>> found = find_handovers(sendings, 3, 3_600_000_000, 0)
        >>> found.starts.tolist(), found.second.tolist(), found.first_turned_away.tolist()
        ([0, 0, 1, 1], [0], [True])
    """
    request, party, sent = (
        sendings[name].to_numpy().astype(np.int64) for name in ("request", "party", "sent")
    )
    order = np.lexsort((party, sent, request))
    request, party, sent = request[order], party[order], sent[order]
    heads = np.flatnonzero(np.diff(request, prepend=request[:1] - 1) != 0)
    sizes = np.diff(np.append(heads, request.size))
    heads, sizes = heads[sizes > 1], sizes[sizes > 1]
    time = sent // 2
    gap = time[heads + 1] - time[heads]
    soon = (gap > 0) & (gap <= SOON_SECONDS * _SECOND)
    heads, sizes = heads[soon], sizes[soon]
    never = np.iinfo(np.int64).max
    third = time[np.minimum(heads + 2, max(time.size - 1, 0))] // step_us - first_step
    public = np.where(sizes > 2, third, never)
    heads, public = _one_an_hour(heads, public, party, time)
    by_party = np.lexsort((time[heads], party[heads]))
    heads, public = heads[by_party], public[by_party]
    turned_away = sent % 2 == 1
    return Handovers(
        starts=np.searchsorted(party[heads], np.arange(parties + 1)),
        second=party[heads + 1],
        first_turned_away=turned_away[heads],
        second_turned_away=turned_away[heads + 1],
        day=time[heads + 1] // _DAY,
        step=time[heads + 1] // step_us - first_step,
        public_step=public,
    )


def _one_an_hour(
    heads: npt.NDArray[np.int64],
    public: npt.NDArray[np.int64],
    party: npt.NDArray[np.int64],
    time: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Keep the rows that are the first of both their parties in an hour.

    Which is first depends on times only, never on who was turned away.
    """
    order = np.lexsort((party[heads], time[heads]))
    heads, public = heads[order], public[order]
    both = np.stack([party[heads], party[heads + 1]], axis=1).ravel()
    hours = np.repeat(time[heads] // _HOUR, 2)
    is_first = np.zeros(both.size, dtype=np.bool_)
    width = int(hours.max(initial=0)) + 1
    is_first[np.unique(both * width + hours, return_index=True)[1]] = True
    kept = is_first.reshape(-1, 2).all(axis=1)
    return heads[kept], public[kept]

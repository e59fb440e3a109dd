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

    Of each party the first sending of a request counts, so that what it sends again does
    not. Two of these at most `SOON_SECONDS` apart, with no third as near to either, make a
    row: what a crowd sends at once says nothing of any two. Of each party and hour one row
    counts at most: refusals come in bursts, and a burst is one piece of news.
    """

    starts: npt.NDArray[np.int64]
    """Where the rows of each first party start, shape (parties + 1,)."""

    second: npt.NDArray[np.int64]
    """Party that sent the request second, shape (rows,)."""

    first_turned_away: npt.NDArray[np.bool_]
    second_turned_away: npt.NDArray[np.bool_]

    day: npt.NDArray[np.int64]
    """UTC day of the first sending since 1970."""

    step: npt.NDArray[np.int64]
    """Step in which it was known that no third sending followed."""

    def test(self, groups: Sequence[npt.NDArray[np.int64]], step: int) -> list[OddsTest]:
        """Test on each group of parties whether what follows a refusal is no chance.

        Null hypothesis: the parties are operated apart. What one of them sends then does not
        depend on whether another was turned away. So of the requests that a member shared with
        another in one day, its refusals fall on those that it sent first as they fall on
        those that it sent second. How often it is refused, how popular a request is and who
        sends when may be as they like: all of these are conditioned on.

        Parameters:
            groups: Members of each group; groups may overlap.
            step: Last step that is known.
        """
        if not groups:
            return []
        members = np.concatenate(groups)
        owner = np.repeat(np.arange(len(groups)), [each.size for each in groups])
        lengths = self.starts[members + 1] - self.starts[members]
        first, group = np.repeat(members, lengths), np.repeat(owner, lengths)
        skipped = self.starts[members] - (np.cumsum(lengths) - lengths)
        rows = np.arange(first.size) + np.repeat(skipped, lengths)
        parties = self.starts.size - 1
        kept = self.step[rows] <= step
        kept &= np.isin(group * parties + self.second[rows], owner * parties + members)
        group, first, rows = group[kept], first[kept], rows[kept]
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


def find_handovers(
    sendings: pa.Table, of_account: npt.NDArray[np.int64], step_us: int, first_step: int
) -> Handovers:
    """Find the requests that went from one party to another.

    Parameters:
        sendings: As `tables.first_sendings` returns them.
        of_account: Party of each account.
        step_us: Length of a step in microseconds.
        first_step: Steps since 1970 before step 0.

    Examples:
        >>> second = 2_000_000
        >>> sendings = pa.table({"request": [7, 7, 8, 8, 8], "account": [1, 0, 0, 1, 2],
        ...     "sent": [1, 3 * second, 0, 90 * second, 95 * second]})
        >>> found = find_handovers(sendings, np.arange(3), 3_600_000_000, 0)
        >>> found.starts.tolist(), found.second.tolist(), found.first_turned_away.tolist()
        ([0, 0, 1, 1], [0], [True])
    """
    request, account, sent = (
        sendings[name].to_numpy().astype(np.int64) for name in ("request", "account", "sent")
    )
    parties = int(of_account.max(initial=-1)) + 1
    party = of_account[account]
    order = np.lexsort((sent, party, request))
    request, party, sent = request[order], party[order], sent[order]
    # Of the accounts of one party the one that sent first counts.
    own = (np.diff(request, prepend=-1) != 0) | (np.diff(party, prepend=-1) != 0)
    own[:1] = True
    request, party, sent = request[own], party[own], sent[own]
    order = np.lexsort((party, sent, request))
    request, party, sent = request[order], party[order], sent[order]
    time, turned_away = sent // 2, sent % 2 == 1
    gap = np.diff(time)
    near = (np.diff(request) == 0) & (gap <= SOON_SECONDS * _SECOND)
    apart = ~np.concatenate([[False], near, [False]])
    first = np.flatnonzero(near & apart[:-2] & apart[2:] & (gap > 0))
    first = first[_one_an_hour(party[first], party[first + 1], time[first])]
    first = first[np.lexsort((time[first], party[first]))]
    return Handovers(
        starts=np.searchsorted(party[first], np.arange(parties + 1)),
        second=party[first + 1],
        first_turned_away=turned_away[first],
        second_turned_away=turned_away[first + 1],
        day=time[first] // _DAY,
        step=(time[first + 1] + SOON_SECONDS * _SECOND) // step_us - first_step,
    )


def _one_an_hour(
    first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], time: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Mark the rows that are the earliest of both their parties in an hour.

    Which is the earliest depends on times only, never on who was turned away.
    """
    in_time = np.lexsort((second, first, time))
    parties = np.stack([first, second], axis=1)[in_time].ravel()
    hours = np.repeat(time[in_time] // _HOUR, 2)
    cells = parties * (int(hours.max(initial=0)) + 1) + hours
    earliest = np.zeros(cells.size, dtype=np.bool_)
    earliest[np.unique(cells, return_index=True)[1]] = True
    marked = np.empty(first.size, dtype=np.bool_)
    marked[in_time] = earliest.reshape(-1, 2).all(axis=1)
    return marked

"""How parties use what they share with their own group and hardly anyone else does.

A pool that sells part of its accounts, or hides its harvest among ordinary traffic, looks
ordinary as a whole. The part that its accounts share with each other is the part that
one operator wrote. So that part is compared: a group's own content with the own content
of other communities of texts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from phalanx.detect.groups import is_own
from phalanx.detect.links import MISSING
from phalanx.detect.shared_use import SharedUse
from phalanx.detect.tables import USE_COUNTS

MINIMUM_OWN_EXCHANGES = 10
"""Exchanges with own content below which a party's use of it is not known."""

LONG_ANSWER_TOKENS = 600.0
"""Mean length of the answers that counts as full-length output."""

SCORES = np.array([[3.0, 3.0, 4.0, 1.0, 0.0], [3.0, 3.0, 4.0, 1.0, 3.0]])
"""Weights of never continued, answer longer than question, elicitation, targeted capability
and full-length output; each score gives an e-value, and they are averaged."""

_PRIOR = np.array([0.5, 0.5, 0.0, 0.0])
_PRIOR_EXCHANGES = 2.0
_SHARES = ("first_turns", "long_outputs", "elicitation", "targeted")


@dataclass(frozen=True, slots=True)
class OwnUse:
    """Use of own content: `exchanges` of shape (parties,), `scores` (parties, scores)."""

    exchanges: npt.NDArray[np.float64]
    """Weight of the shares: an exchange counts once for each value of its content."""

    scores: npt.NDArray[np.float64]


def own_use(counts: npt.NDArray[np.float64]) -> OwnUse:
    """Score counts of the exchanges with own content.

    Shares are drawn towards one half (habits) or none (requests) by two exchanges, so that
    few exchanges prove little.

    Parameters:
        counts: Columns as `USE_COUNTS`, shape (parties, 6).

    Examples:
        >>> use = own_use(np.array([[98.0, 98, 98, 98, 0, 98_000], [0, 0, 0, 0, 0, 0]]))
        >>> use.scores.round(2).tolist()
        [[9.86, 12.86], [3.0, 3.0]]
    """
    exchanges = counts[:, USE_COUNTS.index("exchanges")]
    known = counts[:, [USE_COUNTS.index(name) for name in _SHARES]]
    shares = (known + _PRIOR * _PRIOR_EXCHANGES) / (exchanges + _PRIOR_EXCHANGES)[:, None]
    tokens = counts[:, USE_COUNTS.index("output_tokens")] / np.maximum(exchanges, 1.0)
    full = np.minimum(tokens / LONG_ANSWER_TOKENS, 1.0)
    return OwnUse(exchanges, np.column_stack([shares, full]) @ SCORES.T)


class OwnContent:
    """Which values are whose own, as known at one moment.

    Parameters:
        content: Who used which value.
        owner: Community of texts that each value belongs to, `MISSING` for none, (values,).
        users: Parties that used each value so far, (values,).
        communities: Community of each party, `MISSING` for none, (parties,).
    """

    def __init__(
        self,
        content: SharedUse,
        owner: npt.NDArray[np.int64],
        users: npt.NDArray[np.int64],
        communities: npt.NDArray[np.int64],
    ) -> None:
        """Keep what was found; nothing is counted yet."""
        self._content, self._owner, self._users = content, owner, users
        self._communities = communities
        self._is_first = content.is_first()
        self._rows = np.column_stack([content.value, content.step])
        self._counts = np.column_stack([content.counts[name] for name in USE_COUNTS])

    def of_parties(self, first: int, last: int) -> OwnUse:
        """Return how each party uses the own content of its community in some steps."""
        counts = _of_communities(
            self._content.starts, self._rows, self._counts,
            (self._communities, self._owner), (first, last),
        )  # fmt: skip
        return own_use(counts)

    def of_group(self, members: npt.NDArray[np.int64], first: int, last: int) -> OwnUse:
        """Return how the members of a group use the group's own content in some steps.

        A value is the group's own where at least three members have used it, and they are
        the majority of its users.

        Returns:
            One entry per member.
        """
        content = self._content
        rows = content.rows_of(members)
        seen = self._is_first[rows] & (content.step[rows] <= last)
        inside = np.bincount(content.value[rows[seen]], minlength=self._users.size)
        own = is_own(inside, np.maximum(self._users, inside))
        member = np.repeat(
            np.arange(members.size), content.starts[members + 1] - content.starts[members]
        )
        counted = (
            (content.step[rows] >= first) & (content.step[rows] <= last) & own[content.value[rows]]
        )
        rows, member = rows[counted], member[counted]
        return own_use(
            np.column_stack(
                [
                    np.bincount(member, weights=column, minlength=members.size)
                    for column in self._counts[rows].T
                ]
            )
        )


@numba.njit(cache=True, nogil=True)
def _of_communities(
    starts: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int32],
    counts: npt.NDArray[np.float32],
    labels: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    span: tuple[int, int],
) -> npt.NDArray[np.float64]:
    """Sum the counts of each party over values (first column of `rows`) of its community."""
    communities, owner = labels
    sums = np.zeros((starts.size - 1, counts.shape[1]))
    for party in range(starts.size - 1):
        community = communities[party]
        if community == MISSING:
            continue
        for row in range(starts[party], starts[party + 1]):
            value, step = rows[row]
            if span[0] <= step <= span[1] and owner[value] == community:
                for column in range(counts.shape[1]):
                    sums[party, column] += counts[row, column]
    return sums

"""What was turned away moments ago, and by whom: a pool of accounts sends it again from another.

Entries lie in groups of four by the hash of what was sent; a new one takes the place of the oldest
of its group. So memory is bounded, and whoever floods the table only loses old entries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from phalanx.prevent.state.layout import Table

WINDOW_US = 60_000_000
"""For so long what was turned away is remembered."""

WAYS = 4
ENTRIES = 65_536
"""Of a table, unless it is said otherwise."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """The table. What is in the arrays changes; the arrays stay."""

    content: npt.NDArray[np.uint64]
    """Shape (groups, 4); so are the others."""

    account: npt.NDArray[np.uint64]
    """First half of the account's identity."""

    organisation: npt.NDArray[np.uint64]
    """Hash of its declared owner; 0 where it declared none."""

    at_us: npt.NDArray[np.int64]
    """By the clock of the state; -1 for a free place."""

    overwritten: npt.NDArray[np.int64]
    """Entries that made room while they still counted, shape (1,)."""

    @property
    def table(self) -> Table:
        """Return the arrays together, as kernels take them."""
        return self.content, self.account, self.organisation, self.at_us, self.overwritten

    def remember(self, content: int, account: int, organisation: int, now_us: int) -> None:
        """Keep what was turned away."""
        remember_in(
            self.content, self.account, self.organisation, self.at_us, self.overwritten,
            np.uint64(content), np.uint64(account), np.uint64(organisation), now_us,
        )  # fmt: skip

    def continues(self, content: int, account: int, organisation: int, now_us: int) -> bool:
        """Tell whether somebody else was turned away with the same within the last minute.

        Two accounts that declare the same owner are nobody else to each other.
        """
        return bool(
            continued_in(
                self.content, self.account, self.organisation, self.at_us,
                np.uint64(content), np.uint64(account), np.uint64(organisation), now_us,
            )
        )  # fmt: skip


def nothing_turned_away(entries: int = ENTRIES) -> TurnedAway:
    """Return a table that remembers nothing.

    Parameters:
        entries: A power of two, at least 4.

    Raises:
        ValueError: If it is none.

    Examples:
        >>> table = nothing_turned_away()
        >>> table.remember(content=7, account=1, organisation=0, now_us=0)
        >>> [table.continues(7, account, 0, now_us=1_000_000) for account in (1, 2)]
        [False, True]
    """
    if entries < WAYS or entries & (entries - 1):
        message = "a table has a power of two of entries"
        raise ValueError(message)
    shape = (entries // WAYS, WAYS)
    content, account, organisation = (np.zeros(shape, dtype=np.uint64) for _ in range(3))
    at_us = np.full(shape, -1, dtype=np.int64)
    return TurnedAway(content, account, organisation, at_us, np.zeros(1, dtype=np.int64))


@numba.njit(cache=True, nogil=True)
def remember_in(
    contents: npt.NDArray[np.uint64],
    accounts: npt.NDArray[np.uint64],
    organisations: npt.NDArray[np.uint64],
    at_us: npt.NDArray[np.int64],
    overwritten: npt.NDArray[np.int64],
    content: np.uint64,
    account: np.uint64,
    organisation: np.uint64,
    now_us: int,
) -> None:
    """Keep what was turned away; see `TurnedAway.remember`."""
    group = np.int64(content & np.uint64(contents.shape[0] - 1))
    chosen = 0
    for way in range(WAYS):
        if contents[group, way] == content and accounts[group, way] == account:
            chosen = way
            break
        if at_us[group, way] < at_us[group, chosen]:
            chosen = way
    is_other = contents[group, chosen] != content or accounts[group, chosen] != account
    if is_other and at_us[group, chosen] >= 0 and now_us - at_us[group, chosen] <= WINDOW_US:
        overwritten[0] += 1
    contents[group, chosen] = content
    accounts[group, chosen] = account
    organisations[group, chosen] = organisation
    at_us[group, chosen] = now_us


@numba.njit(cache=True, nogil=True)
def continued_in(
    contents: npt.NDArray[np.uint64],
    accounts: npt.NDArray[np.uint64],
    organisations: npt.NDArray[np.uint64],
    at_us: npt.NDArray[np.int64],
    content: np.uint64,
    account: np.uint64,
    organisation: np.uint64,
    now_us: int,
) -> bool:
    """Tell whether somebody else was turned away; see `TurnedAway.continues`."""
    group = np.int64(content & np.uint64(contents.shape[0] - 1))
    for way in range(WAYS):
        if (
            at_us[group, way] >= 0
            and contents[group, way] == content
            and accounts[group, way] != account
            and now_us - at_us[group, way] <= WINDOW_US
            and (organisation == 0 or organisations[group, way] != organisation)
        ):
            return True
    return False

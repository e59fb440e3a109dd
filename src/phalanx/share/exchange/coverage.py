"""Whether a record of who carries what is that of the scan: which accounts it speaks of.

What only accounts of a campaign carry is told of it. A record that was made for the campaign alone
says so of everything, down to the card that an honest account shares. So it has to speak of the
others as it does of the campaign.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from phalanx.share.exchange.seen import Membership

LEAST_RATIO = 0.5
"""Share of the others that have a row, over the share of listed accounts that do, at least. In
some logs who pays has a card and the rest have none; half leaves room for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Of how many accounts a record has a row."""

    listed: int
    """Accounts of campaigns that are told to others."""

    listed_known: int
    """Of these, with a row."""

    others: int
    """All other accounts of the scan."""

    others_known: int
    strangers: int
    """Accounts with a row that the scan does not know."""

    @property
    def is_of_the_scan(self) -> bool:
        """Whether it speaks of any account of the scan."""
        return self.listed_known + self.others_known > 0

    @property
    def is_whole(self) -> bool:
        """Whether it speaks of the others as it does of the listed, by `LEAST_RATIO`."""
        # Of fractions, multiplied out: either may be of no accounts at all.
        return self.others_known * self.listed >= LEAST_RATIO * self.listed_known * self.others


def coverage_of(
    recorded: Iterable[str], scanned: Iterable[str], membership: Membership
) -> Coverage:
    """Compare the accounts of a record with those of a scan.

    Parameters:
        recorded: Accounts that have a row, in clear.
        scanned: All accounts of the scan, as it names them.
        membership: Of accounts in the campaigns that are told.

    Examples:
        >>> found = coverage_of(["a", "x"], ["a", "b"], Membership({"a": "c1"}, list))
        >>> found.listed_known, found.others_known, found.strangers, found.is_whole
        (1, 0, 1, False)
    """
    known, every = frozenset(membership.hide(sorted(set(recorded)))), frozenset(scanned)
    listed = every & membership.of_name.keys()
    others = every - listed
    return Coverage(
        listed=len(listed),
        listed_known=len(listed & known),
        others=len(others),
        others_known=len(others & known),
        strangers=len(known - every),
    )

"""Which grants cover an account at a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from phalanx.model.grant import Grant


@dataclass(frozen=True, slots=True)
class GrantIndex:
    """Grants by the accounts and organisations that they name."""

    by_account: Mapping[str, tuple[Grant, ...]]
    by_organisation: Mapping[str, tuple[Grant, ...]]

    def covering(self, account: str, organisation: str | None, now: datetime) -> tuple[Grant, ...]:
        """Return the grants that cover a request, in the order in which they were given.

        Parameters:
            account: That sends it.
            organisation: Its declared owner; None if it declared none.
            now: With a time zone. A grant covers from its start until its end, that included, as in
                a scan.
        """
        named = self.by_account.get(account, ())
        if organisation is not None:
            named += self.by_organisation.get(organisation, ())
        if not named:
            return ()
        found = {
            each.grant_id: each for each in named if each.valid_from <= now <= each.valid_until
        }
        return tuple(found.values())


def grant_index(grants: Iterable[Grant]) -> GrantIndex:
    """Return grants by whom they name.

    Examples:
        >>> from datetime import UTC
        >>> grant = Grant(
        ...     grant_id="g1", purpose="evaluation", accounts=("a",), issued_by="counsel",
        ...     valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        ...     valid_until=datetime(2026, 12, 31, tzinfo=UTC),
        ... )
        >>> index = grant_index([grant])
        >>> [bool(index.covering("a", None, datetime(year, 6, 1, tzinfo=UTC)))
        ...  for year in (2026, 2027)]
        [True, False]
    """
    by_account: dict[str, list[Grant]] = defaultdict(list)
    by_organisation: dict[str, list[Grant]] = defaultdict(list)
    for grant in grants:
        for account in grant.accounts:
            by_account[account].append(grant)
        for organisation in grant.organisations:
            by_organisation[organisation].append(grant)
    return GrantIndex(
        {name: tuple(held) for name, held in by_account.items()},
        {name: tuple(held) for name, held in by_organisation.items()},
    )

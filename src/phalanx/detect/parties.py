"""Declared parties: accounts that say that they belong together are one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_ACCOUNT = "account"
_KINDS = ("party:", "organisation:", "account:")


@dataclass(frozen=True, slots=True)
class Parties:
    """Which party each account belongs to."""

    of_account: npt.NDArray[np.int64]
    """Party index of each account, shape (accounts,)."""

    names: tuple[str, ...]
    """Name of each party, no two alike: the organisation's, or that of its only account."""

    first_account: npt.NDArray[np.int64]
    """Index of the earliest account of each party, shape (parties,)."""

    sizes: npt.NDArray[np.int64]
    """Accounts of each party, shape (parties,)."""

    by_party: npt.NDArray[np.int64]
    """Account indices ordered by party, then by first exchange, shape (accounts,)."""

    starts: npt.NDArray[np.int64]
    """Where each party starts in `by_party`, shape (parties + 1,)."""

    @property
    def count(self) -> int:
        """Number of parties."""
        return len(self.names)


def declare_parties(
    accounts: tuple[str, ...],
    organisations: tuple[str | None, ...],
    first_seen: npt.NDArray[np.int64],
    declared: Mapping[str, str],
) -> Parties:
    """Collapse accounts into declared parties.

    Parameters:
        accounts: Account names.
        organisations: Declared organisation of each account, or null.
        first_seen: Time of the first exchange of each account, shape (accounts,).
        declared: Account -> party, from a party file; overrides the organisation.

    Returns:
        Parties in the order of their first accounts. An account that calls itself like a party
        is none.

    Examples:
        >>> parties = declare_parties(("a", "b", "c"), (None, "o", "o"), np.array([1, 3, 2]), {})
        >>> parties.names, parties.of_account.tolist(), parties.first_account.tolist()
        (('a', 'organisation:o'), [0, 1, 1], [0, 2])
        >>> declare_parties(("a", "organisation:o"), ("o", None), np.array([1, 2]), {}).names
        ('organisation:o', 'account:organisation:o')
    """
    number: dict[tuple[str, str], int] = {}
    of_account = np.zeros(len(accounts), dtype=np.int64)
    for row, (account, organisation) in enumerate(zip(accounts, organisations, strict=True)):
        party = declared.get(account)
        owner = (
            ("party", party)
            if party is not None
            else ("organisation", organisation)
            if organisation
            else (_ACCOUNT, account)
        )
        of_account[row] = number.setdefault(owner, len(number))
    # Python's strings: those of numpy lose what they end with when it is NUL.
    names = tuple(_name(kind, name) for kind, name in number)
    order = np.lexsort((first_seen, of_account))
    starts = np.searchsorted(of_account[order], np.arange(len(names) + 1))
    return Parties(
        of_account,
        names,
        order[starts[:-1]],
        np.bincount(of_account, minlength=len(names)),
        order,
        starts,
    )


def _name(kind: str, name: str) -> str:
    """Write a party's kind before its name; before an account's only if it reads like a kind."""
    plain = kind == _ACCOUNT and not name.startswith(_KINDS)
    return name if plain else f"{kind}:{name}"

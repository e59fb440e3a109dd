"""Grants are consulted before anyone is called a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from phalanx.detect.config import ScanConfig
from phalanx.detect.facts import instant
from phalanx.detect.narrow import Names
from phalanx.detect.population import Population
from phalanx.logs.pseudonym import pseudonym
from phalanx.model import Grant, GroupFacts


@dataclass(frozen=True, slots=True)
class Coverage:
    """What grants say about one group."""

    grant_ids: tuple[str, ...]
    """Grants that cover at least one member for the whole time, in order."""

    accounts: frozenset[str]
    """Members that they cover."""

    complete: bool
    """Whether no member is left. One authorised account must not hide a campaign: a grant that
    covers only some members authorises nobody else."""


@dataclass(frozen=True, slots=True)
class GrantBook:
    """Grants, looked up among the accounts of the log."""

    named: Mapping[str, frozenset[str]]
    """Grant -> accounts of the log that it names, in their own right or by organisation."""

    grants: tuple[Grant, ...]

    def coverage(self, facts: GroupFacts) -> Coverage:
        """Say which members of a group are covered from their first exchange to their last.

        Parameters:
            facts: The group.
        """
        used: set[str] = set()
        covered: set[str] = set()
        for grant in self.grants:
            for member in facts.members:
                if member.account_id in self.named[grant.grant_id] and _spans(
                    grant, member.first_seen, member.last_seen
                ):
                    used.add(grant.grant_id)
                    covered.add(member.account_id)
        everyone = {member.account_id for member in facts.members}
        return Coverage(tuple(sorted(used)), frozenset(covered), bool(used) and covered == everyone)

    def covering(self, population: Population) -> list[list[str]]:
        """Return the grants that cover each account from its first exchange to its last.

        Parameters:
            population: First and last exchange of each account.
        """
        seen = self._seen(population)
        return [
            [
                grant.grant_id
                for grant in self.grants
                if account in self.named[grant.grant_id] and _spans(grant, *seen[account])
            ]
            for account in population.account_names
        ]

    def notes(self, population: Population) -> dict[str, int]:
        """Return what the owner of the grants should know: who is not covered, and why.

        Parameters:
            population: First and last exchange of each account.

        Returns:
            Note -> how many accounts it is about; 1 where it is about none.
        """
        seen = self._seen(population)
        notes: dict[str, int] = {}
        for grant in self.grants:
            named = self.named[grant.grant_id]
            if not named:
                notes[f"grant {grant.grant_id}: names no account of this log"] = 1
            outside = sum(not _spans(grant, *seen[account]) for account in named)
            if outside:
                notes[
                    f"grant {grant.grant_id}: account used outside its time, "
                    f"{grant.valid_from:%Y-%m-%d} to {grant.valid_until:%Y-%m-%d}, not covered"
                ] = outside
        return notes

    def _seen(self, population: Population) -> dict[str, tuple[datetime, datetime]]:
        """Return the first and last exchange of each account that a grant names."""
        named = frozenset[str]().union(*self.named.values())
        rows = zip(
            population.account_names,
            population.accounts["first_seen"].to_pylist(),
            population.accounts["last_seen"].to_pylist(),
            strict=True,
        )
        return {
            name: (instant(first), instant(last)) for name, first, last in rows if name in named
        }


def look_up(config: ScanConfig, population: Population, names: Names) -> GrantBook:
    """Find whom the grants of a configuration name.

    Parameters:
        config: Its grants name accounts and organisations as they stand in the log.
        population: The accounts of the log.
        names: What hashes of organisations stood for.
    """
    if not config.grants:
        return GrantBook({}, ())
    key = config.pseudonym_key

    def hidden(column: str, value: str) -> str:
        return value if key is None else pseudonym(key, column, value)

    organisation_of = {
        name: names.values["organisation"].get(int(code))
        for name, code in zip(
            population.account_names, population.accounts["organisation"].to_numpy(), strict=True
        )
    }
    named: dict[str, frozenset[str]] = {}
    for grant in config.grants:
        accounts = {hidden("account_id", account) for account in grant.accounts}
        organisations = {hidden("organisation", name) for name in grant.organisations}
        found = {
            account
            for account, organisation in organisation_of.items()
            if account in accounts or organisation in organisations
        }
        named[grant.grant_id] = named.get(grant.grant_id, frozenset()) | found
    return GrantBook(named, config.grants)


def _spans(grant: Grant, first: datetime, last: datetime) -> bool:
    return grant.valid_from <= first and last <= grant.valid_until

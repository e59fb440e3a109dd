"""Grants are consulted before anyone is called a campaign."""

from __future__ import annotations

from datetime import datetime

from phalanx.detect.config import ScanConfig
from phalanx.detect.narrow import Names
from phalanx.detect.population import Population
from phalanx.logs.pseudonym import pseudonym
from phalanx.model import Grant, GroupFacts


def grants_of(
    facts: GroupFacts, config: ScanConfig, population: Population, names: Names
) -> tuple[str, ...]:
    """Return the grants that together cover every member for the whole time, or none.

    A grant that covers only some members authorises nobody else: one authorised account
    must not hide a campaign.

    Parameters:
        facts: The group.
        config: Its grants name accounts and organisations as they stand in the log.
        population: To look up the organisations of members.
        names: What hashes stood for.
    """
    if not config.grants:
        return ()
    key = config.pseudonym_key

    def hidden(column: str, value: str) -> str:
        return value if key is None else pseudonym(key, column, value)

    organisation_of = {
        name: names.values["organisation"].get(int(code))
        for name, code in zip(
            population.account_names, population.accounts["organisation"].to_numpy(), strict=True
        )
    }
    used: set[str] = set()
    covered: set[str] = set()
    for grant in config.grants:
        accounts = {hidden("account_id", account) for account in grant.accounts}
        organisations = {hidden("organisation", name) for name in grant.organisations}
        for member in facts.members:
            named = member.account_id in accounts or (
                organisation_of[member.account_id] in organisations
            )
            if named and _spans(grant, member.first_seen, member.last_seen):
                used.add(grant.grant_id)
                covered.add(member.account_id)
    everyone = {member.account_id for member in facts.members}
    return tuple(sorted(used)) if covered == everyone else ()


def _spans(grant: Grant, first: datetime, last: datetime) -> bool:
    return grant.valid_from <= first and last <= grant.valid_until

"""A group of a scan, whichever of the lists it stands in."""

from __future__ import annotations

from collections.abc import Iterator

from phalanx.detect.result import ScanResult
from phalanx.model import (
    AuthorisedGroup,
    Campaign,
    NotJudged,
    SuspiciousParty,
    UndeclaredPool,
)

Group = Campaign | AuthorisedGroup | UndeclaredPool | SuspiciousParty | NotJudged

KINDS: dict[type, str] = {
    Campaign: "campaign",
    AuthorisedGroup: "authorised group",
    UndeclaredPool: "undeclared pool",
    SuspiciousParty: "suspicious party",
    NotJudged: "not judged",
}
"""What a group of each list is called."""


def groups_of(result: ScanResult) -> Iterator[Group]:
    """Yield the groups of all lists, campaigns first."""
    yield from result.campaigns
    yield from result.authorised
    yield from result.undeclared_pools
    yield from result.suspicious_parties
    yield from result.not_judged


def group_id(group: Group) -> str:
    """Return the identifier of a group, whatever its list."""
    match group:
        case Campaign():
            return group.campaign_id
        case SuspiciousParty():
            return group.party_id
        case _:
            return group.group_id


def accounts_of(group: Group) -> Iterator[str]:
    """Yield the accounts of a group."""
    if isinstance(group, NotJudged):
        yield from group.accounts
    else:
        yield from (member.account_id for member in group.facts.members)

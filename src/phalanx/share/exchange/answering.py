"""Answering: what a receiver found of another's campaign, as an opinion and a sighting.

Each member decides alone. On what its answer rests is one of few words in its own audit log, and
not in what it sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import pyarrow as pa

from phalanx.errors import InputError
from phalanx.share.exchange.building import Prepared
from phalanx.share.exchange.house import House
from phalanx.share.exchange.standing import standing
from phalanx.share.gate.audit import PROGRAM
from phalanx.share.wire import OpinionValue, opinion, sighting

Ground = Literal["own-scan", "own-review", "own-appeal"]
"""On what an answer rests: a scan of the member's logs, a person's review, an appeal."""

GROUNDS: tuple[Ground, ...] = get_args(Ground)

_WIDE = frozenset({"network", "domain"})
_ACCOUNTS = pa.schema(
    [
        ("account_id", pa.string()),
        ("campaign_id", pa.string()),
        ("exchanges", pa.int64()),
        ("first_seen", pa.timestamp("us", tz="UTC")),
        ("last_seen", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenHere:
    """What a member saw of a campaign itself."""

    exchanges: int
    """Of the accounts that match it, at least 1; leaves as a bucket."""

    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a member says of another's campaign."""

    campaign: str
    """Its identifier."""

    value: OpinionValue
    ground: Ground
    seen: SeenHere | None = None
    explanation: str = ""
    """In words; goes through the gate."""


def objects_of(answer: Answer, house: House) -> tuple[Prepared, ...]:
    """Return the objects of an answer.

    Parameters:
        answer: What is said.
        house: The member.

    Raises:
        InputError: If the campaign is not held, or is the member's own.
    """
    with house.folder.writing() as connection:
        held = {each.id: each for each in standing(connection, house.pinned).of("campaign")}
    campaign = held.get(answer.campaign)
    if campaign is None or campaign.member == house.member:
        whose = "your own" if campaign else "not among those that stand"
        message = f"{answer.campaign[:100]}: the campaign is {whose}"
        raise InputError(message, next_step="Name one of those that `phalanx share pull` lists.")
    by = house.authorship()
    items = [opinion(answer.value, answer.campaign, by, answer.explanation)]
    if answer.seen is not None:
        seen = answer.seen
        items.append(sighting(answer.campaign, seen.exchanges, seen.first_seen, seen.last_seen, by))
    return tuple(Prepared(item=item) for item in items)


def note(house: House, answer: Answer, evidence: str = "") -> None:
    """Note in the audit log what was answered, and on what ground of the member's own.

    Parameters:
        house: The member.
        answer: What is said.
        evidence: SHA-256 of the scan that it rests on; empty where it rests on none.
    """
    said = {
        "object": answer.campaign,
        "action": f"opinion: {answer.value}",
        "reason": answer.ground,
    }
    facts = {**said, **({"evidence": evidence} if evidence else {})}
    house.audit.append(house.now, "received", PROGRAM, facts)


def seen_by_scan(
    matches: pa.Table, accounts: pa.Table, campaign: str, hidden: dict[str, str]
) -> SeenHere | None:
    """Return what a scan of the member's logs saw of a campaign, or nothing.

    An account was seen in it if it matches the campaign, and the scan listed it in a campaign of
    its own: the list of another is no finding. Networks and mail domains do not count, in which
    accounts of anybody are.

    Parameters:
        matches: In `ALLIANCE_SCHEMA`, of the same logs.
        accounts: `accounts.parquet` of the scan.
        campaign: Identifier of the other's campaign.
        hidden: Account in clear -> name in the scan.

    Raises:
        InputError: If the table of accounts is not what a scan writes.
    """
    matching = {
        hidden[row["account_id"]]
        for row in matches.to_pylist()
        if row["campaign"] == campaign and row["kind"] not in _WIDE and row["account_id"] in hidden
    }
    found = [
        row
        for row in _accounts(accounts).to_pylist()
        if row["account_id"] in matching and row["campaign_id"] is not None
    ]
    if any(row[name] is None for row in found for name in _ACCOUNTS.names):
        raise _no_accounts()
    if not found:
        return None
    return SeenHere(
        exchanges=sum(row["exchanges"] for row in found),
        first_seen=min(row["first_seen"] for row in found),
        last_seen=max(row["last_seen"] for row in found),
    )


def _accounts(table: pa.Table) -> pa.Table:
    """Return the columns that are read, in their types, whatever else the table holds."""
    try:
        return table.select(_ACCOUNTS.names).cast(_ACCOUNTS)
    except (KeyError, pa.ArrowException) as error:
        raise _no_accounts() from error


def _no_accounts() -> InputError:
    message = "accounts.parquet of the scan is not what a scan writes"
    return InputError(message, next_step="Run the scan again into a new folder.")

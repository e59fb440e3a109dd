"""What the logs show of campaigns: where their accounts came from, and nobody else did.

The logs are read twice, batch by batch. The first time only exchanges of campaigns count; the
second time tells which of the places found so others use too. So memory holds what belongs to
campaigns, however long the logs are.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from phalanx.share.exchange.found import SeenPlace
from phalanx.share.wire import Address, AutonomousSystem, Domain, observable

FEWEST_ACCOUNTS = 2
"""Of a campaign, on a place that is told: one account at home is a person at home."""

_INSIDE = tuple(
    ipaddress.ip_network(each)
    for each in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8",
        "169.254.0.0/16", "224.0.0.0/4", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8",
    )
)  # fmt: skip
"""Addresses that say nothing outside of one house."""

_INSIDE_SYSTEMS = (range(64_512, 65_535), range(4_200_000_000, 4_294_967_295))
"""Numbers of autonomous systems for private use (RFC 6996)."""

_COLUMNS = ("client_ip", "client_subnet", "email_domain", "asn")
Batches = Callable[[], Iterable[pa.RecordBatch]]
"""Opens the logs anew, identifiers in clear."""


@dataclass(slots=True)
class _Use:
    """Use of one value by one campaign."""

    accounts: set[str]
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """Which campaign each account of a log belongs to, asked for once."""

    of_name: Mapping[str, str]
    """Name in the scan -> campaign."""

    hide: Callable[[list[str]], list[str | None]]
    """From names in the log to names in the scan."""

    _known: dict[str, str] = field(default_factory=dict)

    def campaigns(self, accounts: pa.Array) -> pa.Array:
        """Return the campaign of each row; empty for accounts of none."""
        encoded = accounts.dictionary_encode()
        found = self.campaigns_of(encoded.dictionary.to_pylist())
        return pa.array(found, pa.string()).take(encoded.indices)

    def campaigns_of(self, accounts: list[str]) -> list[str]:
        """Return the campaign of each account; empty for accounts of none."""
        new = [name for name in accounts if name not in self._known]
        for name, hidden in zip(new, self.hide(new), strict=True):
            self._known[name] = self.of_name.get(hidden or "", "")
        return [self._known[name] for name in accounts]


def places_of(batches: Batches, membership: Membership) -> dict[str, tuple[SeenPlace, ...]]:
    """Return for each campaign the places that only its accounts came from.

    Parameters:
        batches: The logs.
        membership: Whose accounts are whose.

    Returns:
        Campaign -> places with at least `FEWEST_ACCOUNTS` accounts: addresses, networks from which
        at least two addresses came, domains of e-mail addresses, autonomous systems.
    """
    uses: dict[tuple[str, str], dict[str, _Use]] = defaultdict(dict)
    for batch in batches():
        campaigns = membership.campaigns(batch.column("account_id"))
        rows = pc.not_equal(campaigns, "")
        if not pc.any(rows).as_py():
            continue
        _count(batch.filter(rows), campaigns.filter(rows), uses)
    for key in [key for key, use in uses.items() if _is_private(use)]:
        del uses[key]
    for key in list(_used_by_others(batches(), membership, uses)):
        uses.pop(key, None)
    found: dict[str, list[SeenPlace]] = defaultdict(list)
    for (column, value), by_campaign in sorted(uses.items()):
        ((campaign, use),) = by_campaign.items()
        part = _part(column, value)
        if part is not None:
            found[campaign].append(
                SeenPlace(
                    part=part,
                    accounts=len(use.accounts),
                    first_seen=use.first_seen,
                    last_seen=use.last_seen,
                )
            )
    return {campaign: _without_single(places) for campaign, places in found.items()}


def _count(
    batch: pa.RecordBatch, campaigns: pa.Array, uses: dict[tuple[str, str], dict[str, _Use]]
) -> None:
    for column in _COLUMNS:
        rows = pa.table(
            {
                "value": batch.column(column),
                "campaign": campaigns,
                "account": batch.column("account_id"),
                "at": batch.column("timestamp"),
            }
        ).filter(pc.is_valid(batch.column(column)))
        grouped = rows.group_by(["value", "campaign", "account"]).aggregate(
            [("at", "min"), ("at", "max")]
        )
        for row in grouped.to_pylist():
            by_campaign = uses[column, row["value"]]
            use = by_campaign.get(row["campaign"])
            if use is None:
                by_campaign[row["campaign"]] = _Use({row["account"]}, row["at_min"], row["at_max"])
            else:
                use.accounts.add(row["account"])
                use.first_seen = min(use.first_seen, row["at_min"])
                use.last_seen = max(use.last_seen, row["at_max"])


def _is_private(use: Mapping[str, _Use]) -> bool:
    """Tell whether several campaigns came from there, or too few accounts of one."""
    return len(use) > 1 or any(len(each.accounts) < FEWEST_ACCOUNTS for each in use.values())


def _used_by_others(
    batches: Iterable[pa.RecordBatch],
    membership: Membership,
    uses: Mapping[tuple[str, str], object],
) -> Iterator[tuple[str, str]]:
    wanted = {
        column: pa.array([value for of, value in uses if of == column], pa.string())
        for column in _COLUMNS
    }
    for batch in batches if uses else ():
        rows = pc.equal(membership.campaigns(batch.column("account_id")), "")
        others = batch.filter(rows)
        for column, values in wanted.items():
            met = others.column(column).filter(pc.is_in(others.column(column), values))
            yield from ((column, value) for value in met.unique().to_pylist())


def _part(column: str, value: str) -> Address | AutonomousSystem | Domain | None:
    """Return a place as it goes over the wire; nothing for what is none, or is not public."""
    part: Address | AutonomousSystem | Domain
    try:
        if column == "asn":
            part = AutonomousSystem(number=int(value.upper().removeprefix("AS")))
            if any(part.number in each for each in _INSIDE_SYSTEMS):
                return None
        elif column == "email_domain":
            part = Domain(value=value.lower())
        else:
            part = Address(value=value)
        if isinstance(part, Address) and _is_inside_a_house(value):
            return None
        observable(part)
    except ValueError:
        return None
    return part


def _is_inside_a_house(value: str) -> bool:
    network = ipaddress.ip_network(value)
    return any(network.overlaps(each) for each in _INSIDE if each.version == network.version)


def _without_single(places: list[SeenPlace]) -> tuple[SeenPlace, ...]:
    """Leave out networks that say no more than one address in them does."""
    singles = [
        ipaddress.ip_address(each.part.value)
        for each in places
        if isinstance(each.part, Address) and "/" not in each.part.value
    ]
    kept = []
    for each in places:
        if isinstance(each.part, Address) and "/" in each.part.value:
            network = ipaddress.ip_network(each.part.value)
            inside = sum(single in network for single in singles)
            if inside == 1:
                continue
        kept.append(each)
    return tuple(kept)

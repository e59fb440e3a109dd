"""Indicators of other providers that match where a request comes from, or whose account it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

from phalanx.sketches.templates.list_file import USED_VERDICTS
from phalanx.sketches.templates.list_rows import list_parts

_COLUMNS = ("kind", "value", "epoch", "campaign", "indicator", "confidence", "verdict",
            "valid_from", "valid_until")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Indicator:
    """A line of the match list that is no template."""

    indicator: str
    campaign: str
    kind: str
    confidence: int
    """0 to 100, as its author says."""

    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Indicators:
    """The match list, templates left out, for lookups."""

    exact: Mapping[tuple[str, int, str], tuple[Indicator, ...]] = field(default_factory=dict)
    """Kind, epoch (0 where it has none) and value -> indicators."""

    networks: Mapping[tuple[int, int], Mapping[int, tuple[Indicator, ...]]] = field(
        default_factory=dict
    )
    """Version of IP and length of the prefix -> first bits -> indicators."""

    def of_address(self, address: IPv4Address | IPv6Address) -> Iterator[Indicator]:
        """Yield the indicators of an address and of the networks that it lies in."""
        yield from self.exact.get(("address", 0, str(address)), ())
        bits = int(address)
        for (version, prefix), held in self.networks.items():
            if version == address.version:
                yield from held.get(bits >> (address.max_prefixlen - prefix), ())

    def of_value(self, kind: str, value: str, epoch: int = 0) -> Iterator[Indicator]:
        """Yield the indicators of a blinded fingerprint, a domain, or a system (`AS64500`)."""
        yield from self.exact.get((kind, epoch, value), ())


def surest(found: Iterator[Indicator], now: datetime) -> Indicator | None:
    """Return the indicator that counts now and is vouched for most; none where none counts.

    Parameters:
        found: In any order.
        now: With a time zone. An indicator counts from its start until before its end.
    """
    valid = [each for each in found if each.valid_from <= now < each.valid_until]
    return max(valid, key=lambda each: (each.confidence, each.indicator), default=None)


def address_of(text: str | None) -> IPv4Address | IPv6Address | None:
    """Return the address that a gateway names; none where it is none.

    Examples:
        >>> str(address_of("::ffff:192.0.2.1")), address_of("unknown")
        ('192.0.2.1', None)
    """
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def read_indicators(path: Path) -> Indicators:
    """Read what is no template on a match list; what most members call wrong is passed over.

    Parameters:
        path: `match_list.parquet`, as `phalanx share pull` writes it.

    Raises:
        InputError: If it cannot be read, or is no match list.
    """
    exact: dict[tuple[str, int, str], list[Indicator]] = defaultdict(list)
    networks: dict[tuple[int, int], dict[int, list[Indicator]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for table in list_parts(path, _COLUMNS):
        for row in table.to_pylist():
            if row["value"] is None or row["verdict"] not in USED_VERDICTS:
                continue
            found = Indicator(
                row["indicator"], row["campaign"], row["kind"], int(row["confidence"] or 0),
                row["valid_from"], row["valid_until"],
            )  # fmt: skip
            if row["kind"] == "network" and "/" in row["value"]:
                network = ip_network(row["value"], strict=False)
                bits = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
                networks[network.version, network.prefixlen][bits].append(found)
            else:
                exact[row["kind"], row["epoch"] or 0, row["value"]].append(found)
    return Indicators(
        {key: tuple(held) for key, held in exact.items()},
        {key: {bits: tuple(each) for bits, each in held.items()} for key, held in networks.items()},
    )

"""Matching: a member's own logs and records held against the match list, batch by batch.

Nothing leaves, but blinded identifiers to the key server. A match is a lead and no verdict: the
scan weighs it with everything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phalanx.errors import InputError, reason_of
from phalanx.owned import written_whole
from phalanx.share.blinding.carriers import Identifiers
from phalanx.share.blinding.identifiers import KINDS

ALLIANCE_SCHEMA = pa.schema(
    [
        ("account_id", pa.string()),
        ("campaign", pa.string()),
        ("kind", pa.string()),
        ("matches", pa.int64()),
        ("first_seen", pa.timestamp("us", tz="UTC")),
        ("last_seen", pa.timestamp("us", tz="UTC")),
    ]
)
"""Columns of `alliance.parquet`: one row for each account, campaign and kind of match."""

_BY_COLUMN = {"client_ip": "address", "email_domain": "domain", "asn": "network"}
_MOMENT = pa.timestamp("us", tz="UTC")
_MET_SCHEMA = pa.schema(
    [
        ("code", pa.int32()),
        ("campaign", pa.string()),
        ("kind", pa.string()),
        ("valid_from", _MOMENT),
        ("valid_until", _MOMENT),
    ]
)
_FIELDS = tuple(_MET_SCHEMA.names[1:])

Key = tuple[str, str, str]
"""Account, campaign, kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of a campaign, for a time."""

    campaign: str
    kind: str
    valid_from: datetime
    valid_until: datetime


@dataclass(slots=True)
class Met:
    """How often, and when."""

    matches: int
    first_seen: datetime | None = None
    last_seen: datetime | None = None


class TemplateMatcher(Protocol):
    """Finds the templates that prompts were made from."""

    def campaigns_of(self, prompts: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Return pairs: the row of a prompt, and a campaign that has its template."""


@dataclass(slots=True)
class Matches:
    """All matches found so far."""

    found: dict[Key, Met] = field(default_factory=dict)

    def identifiers(self, pairs: Iterable[Key]) -> None:
        """Add accounts that carry what a campaign does."""
        for key in pairs:
            self.found.setdefault(key, Met(1))

    def exchanges(self, rows: pa.Table) -> None:
        """Add exchanges.

        Parameters:
            rows: Columns `account_id`, `campaign`, `kind`, `timestamp`, one row an exchange and
                campaign.
        """
        grouped = rows.group_by(["account_id", "campaign", "kind"]).aggregate(
            [("timestamp", "count"), ("timestamp", "min"), ("timestamp", "max")]
        )
        for row in grouped.to_pylist():
            key = (row["account_id"], row["campaign"], row["kind"])
            count, first, last = (row[f"timestamp_{of}"] for of in ("count", "min", "max"))
            met = self.found.setdefault(key, Met(0, first, last))
            met.matches += count
            met.first_seen = min(met.first_seen or first, first)
            met.last_seen = max(met.last_seen or last, last)

    def table(self) -> pa.Table:
        """Return the matches in `ALLIANCE_SCHEMA`, ordered by account."""
        rows = [
            {
                "account_id": account, "campaign": campaign, "kind": kind, "matches": met.matches,
                "first_seen": met.first_seen, "last_seen": met.last_seen,
            }
            for (account, campaign, kind), met in sorted(self.found.items())
        ]  # fmt: skip
        return pa.Table.from_pylist(rows, schema=ALLIANCE_SCHEMA)


def in_force(matches: pa.Table, now: datetime) -> pa.Table:
    """Return the rows of a match list that are not over.

    Parameters:
        matches: In `LIST_SCHEMA`, as old as the last pull.
        now: When.
    """
    return matches.filter(pc.greater(matches.column("valid_until"), pa.scalar(now)))


def epochs_in(matches: pa.Table) -> frozenset[int]:
    """Return the epochs in which a match list holds tokens of identifiers."""
    rows = pc.is_in(matches.column("kind"), pa.array(list(KINDS)))
    return frozenset(matches.filter(rows).column("epoch").unique().to_pylist())


def match_identifiers(
    matches: pa.Table,
    identifiers: Identifiers,
    tokens: Mapping[tuple[str, str], str],
    epoch: int,
    found: Matches,
) -> None:
    """Find accounts that carry what a campaign does.

    Parameters:
        matches: The match list.
        identifiers: The member's records.
        tokens: Kind and value in clear -> token of the epoch.
        epoch: Of the tokens.
        found: Is added to.
    """
    chosen = matches.filter(pc.equal(matches.column("epoch"), epoch))
    campaigns: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in chosen.select(["kind", "value", "campaign"]).to_pylist():
        campaigns[row["kind"], row["value"]].add(row["campaign"])
    for (kind, value), token in tokens.items():
        for campaign in campaigns.get((kind, token), ()):
            accounts = identifiers.carriers[kind, value]
            found.identifiers((account, campaign, kind) for account in accounts)


class LogMatcher:
    """Holds batches of a log against places and templates of a match list.

    Parameters:
        matches: The match list.
        templates: Finds templates; null where there are none to find.
    """

    def __init__(self, matches: pa.Table, templates: TemplateMatcher | None = None) -> None:
        """Prepare the look-up of places."""
        self._templates = templates
        self._places: dict[str, list[Place]] = defaultdict(list)
        kinds = pa.array(sorted({"network", *_BY_COLUMN.values()}))
        places = matches.filter(pc.is_in(matches.column("kind"), kinds))
        for row in places.select(["value", *_FIELDS]).to_pylist():
            self._places[row.pop("value")].append(Place(**row))
        networks = (value for value in self._places if "/" in value)
        self._lengths = {
            version: sorted({n.prefixlen for n in map(ip_network, several) if n.version == version})
            for several in [list(networks)]
            for version in (4, 6)
        }

    def match(self, batch: pa.RecordBatch, found: Matches) -> None:
        """Add the matches of a batch in `EXCHANGE_SCHEMA`, identifiers in clear."""
        for column in _BY_COLUMN:
            found.exchanges(self._met_in(batch, column))
        if self._templates is not None:
            rows, campaigns = self._templates.campaigns_of(batch.column("prompt"))
            kinds = pa.repeat("template", len(rows))
            found.exchanges(_exchanges(batch, rows, campaigns, kinds))

    def _met_in(self, batch: pa.RecordBatch, column: str) -> pa.Table:
        """Return the exchanges whose cell is a place of the list, at a time when it is one."""
        encoded = batch.column(column).dictionary_encode()
        met = [(code, place) for code, value in enumerate(encoded.dictionary.to_pylist())
               for place in self._places_of(column, value)]  # fmt: skip
        cells = pa.table(
            {
                "code": encoded.indices,
                "row": pa.array(range(batch.num_rows), pa.int64()),
                "at": batch.column("timestamp"),
            }
        )
        places = pa.Table.from_pylist(
            [{"code": code, **{n: getattr(place, n) for n in _FIELDS}} for code, place in met],
            schema=_MET_SCHEMA,
        )
        found = cells.join(places, "code", join_type="inner")
        # A place belongs to a campaign for a time only: then it is somebody else's.
        at = found.column("at")
        is_begun = pc.greater_equal(at, found.column("valid_from"))
        found = found.filter(pc.and_(is_begun, pc.less(at, found.column("valid_until"))))
        return _exchanges(batch, *map(found.column, ("row", "campaign", "kind")))

    def _places_of(self, column: str, value: str) -> Iterator[Place]:
        if column == "client_ip":
            yield from self._places.get(value, ())
            for length in self._lengths[6 if ":" in value else 4]:
                network = str(ip_network(f"{value}/{length}", strict=False))
                yield from self._places.get(network, ())
        elif column == "asn":
            yield from self._places.get(f"AS{value.upper().removeprefix('AS')}", ())
        else:
            yield from self._places.get(value.lower(), ())


def _exchanges(
    batch: pa.RecordBatch, rows: pa.Array, campaigns: pa.Array, kinds: pa.Array
) -> pa.Table:
    """Return exchanges of a batch; each counts once for a campaign and kind.

    Parameters:
        batch: They are of.
        rows: Of each.
        campaigns: Likewise.
        kinds: Likewise.
    """
    named = pa.table({"row": rows, "campaign": campaigns, "kind": kinds})
    once = named.group_by(["row", "campaign", "kind"]).aggregate([])
    where = once.column("row").combine_chunks()
    return pa.table(
        {
            "account_id": batch.column("account_id").take(where),
            "campaign": once.column("campaign"),
            "kind": once.column("kind"),
            "timestamp": batch.column("timestamp").take(where),
        }
    )


def write_matches(table: pa.Table, path: Path) -> None:
    """Write matches, whole or not at all, for the owner alone.

    Raises:
        InputError: If they cannot be written.
    """
    try:
        with written_whole(path) as aside:
            pq.write_table(table, aside, compression="zstd")
    except OSError as error:
        message = f"{path}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name another path with --output.") from error

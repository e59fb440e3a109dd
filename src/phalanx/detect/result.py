"""What a scan returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import escape

import pyarrow as pa

from phalanx.detect.config import SettingsFile
from phalanx.model import (
    AuthorisedGroup,
    Campaign,
    MixedAccount,
    NotJudged,
    SuspiciousParty,
    UndeclaredPool,
)

SCHEMA_VERSION = "2.4"
"""Version of `campaigns.json`; a field may be added within a major version."""

LOOK_SCHEMA = pa.schema(
    [
        ("track", pa.int64()),
        ("route", pa.string()),
        ("formed_at", pa.timestamp("us", tz="UTC")),
        ("opening_parties", pa.int64()),
        (
            "marks",
            pa.struct(
                [
                    ("campaign", pa.string()),
                    ("log_ratio_apart", pa.float64()),
                    ("log_ratio_honest", pa.float64()),
                    ("held_share", pa.float64()),
                    ("read_from", pa.list_(pa.string())),
                ]
            ),
        ),
        ("looked_at", pa.timestamp("us", tz="UTC")),
        ("parties", pa.int64()),
        ("log10_e_apart", pa.float64()),
        ("log10_e_honest", pa.float64()),
        ("log10_e_of_rules", pa.map_(pa.string(), pa.float64())),
    ]
)
"""Columns of `looks.parquet`; a question that was not asked is null. `marks` is
what marks of other providers said of the group when it was opened, null where that is nothing."""

GROUP_SCHEMA = pa.schema(
    [
        ("track", pa.int64()),
        ("route", pa.string()),
        ("formed_at", pa.timestamp("us", tz="UTC")),
        ("parties", pa.list_(pa.list_(pa.string()))),
        ("log10_e_apart", pa.float64()),
        ("log10_e_of_sources", pa.map_(pa.string(), pa.float64())),
        ("log10_e_honest", pa.float64()),
    ]
)
"""Columns of `groups.parquet`; `parties` holds the accounts of each, `log10_e_of_sources` what each
source adds to the evidence against "operated apart", which counts all but the strongest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """How much was read, and what the error control rests on."""

    exchanges: int
    accounts: int
    parties: int
    rejected_rows: int
    days: int
    """UTC days that the log touches."""

    step_ends: tuple[datetime, ...]
    """When each step of the replay was over, in order; each began where the one before ended."""

    groups_opened: int
    """Groups ever opened: the number of hypotheses that e-BH counts."""

    reference_parties: int
    """Parties that could serve as honest reference on the last day."""

    reachable_log10_e: float
    """Largest e-value against honest use that this reference allows."""

    first_exchange: datetime | None
    last_exchange: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalState:
    """Whether a signal could be computed on this log."""

    rule_id: str
    name: str
    enabled: bool
    reason: str
    """Empty when enabled; else the columns or settings that were missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """All that is needed to repeat a scan."""

    phalanx_version: str
    versions: Mapping[str, str]
    """Versions of the libraries that numbers depend on."""

    engine: str
    parameters: Mapping[str, object]
    started_at: datetime
    stage_seconds: Mapping[str, float]
    inputs: Mapping[str, str]
    """SHA-256 of each input file, or `frame` for tables in memory."""

    columns: tuple[str, ...]
    """Optional columns that the log carried."""

    rejects: Mapping[str, int]
    """Rejected rows per reason."""

    notes: Mapping[str, int] = field(default_factory=dict)
    """What was mended, left empty or passed over without losing a row -> how often."""

    warnings: tuple[str, ...] = ()
    """Notes that say that part of the input was not used."""

    readers: Mapping[str, str] = field(default_factory=dict)
    """Input -> format that it was read as."""

    files: tuple[SettingsFile, ...] = ()
    """Files that settings were read from."""

    prices_usd_per_million_tokens: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Price list in force: model name or glob -> (input, output)."""

    default_prices: bool = False
    """Whether nobody gave that list, so that costs are at a guess."""

    key_id: str
    """Identifier of the pseudonym key; never the key. Empty for clear identifiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """Campaigns and everything beside them.

    Every opened group is in exactly one list, or mostly about accounts of campaigns: groups about
    the same accounts become one.
    """

    campaigns: tuple[Campaign, ...]
    authorised: tuple[AuthorisedGroup, ...]
    undeclared_pools: tuple[UndeclaredPool, ...]
    suspicious_parties: tuple[SuspiciousParty, ...]
    not_judged: tuple[NotJudged, ...]
    false_discovery_rate: float
    """The rate that `campaigns` was held to by e-BH."""

    population: Population
    signals: tuple[SignalState, ...]
    run: RunRecord
    accounts: pa.Table = field(repr=False)
    """One row per account: counts, habits, shared values, `campaign_id`, `group_id`, `confidence`
    and what it is made of."""

    links: pa.Table = field(repr=False)
    """One row per link inside a group: accounts `a` and `b`, `group_id`, `family`,
    `rule_id`, `value`, `sharing_parties`, `log_likelihood_ratio` (natural logarithm)."""

    daily: pa.Table = field(repr=False)
    """One row per UTC day: `day`, `exchanges`, `accounts`, `campaign_exchanges`."""

    mixed_accounts: tuple[MixedAccount, ...] = ()
    """Accounts that many principals seem to use, those that mix most first; held to the same rate
    by Benjamini-Hochberg. They may stand in groups as well."""

    looks: pa.Table = field(default_factory=LOOK_SCHEMA.empty_table, repr=False)
    """One row per look at each group that was ever opened: what each family said. Empty for a
    scan that an earlier version wrote."""

    groups: pa.Table = field(default_factory=GROUP_SCHEMA.empty_table, repr=False)
    """One row per group that was tested, listed or not, with its accounts and the evidence of one
    look at the end of the log. Empty unless the scan was asked for it (`for_pool`)."""

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(campaign.campaign_id)}</td>"
            f"<td>{len(campaign.facts.members):,}</td><td>{campaign.facts.exchanges:,}</td>"
            f"<td>{campaign.judgement.log10_e:.1f}</td>"
            f"<td>{_minute(campaign.judgement.discovered_at)}</td></tr>"
            for campaign in self.campaigns
        )
        beside = ", ".join(
            f"{len(found):,} {_noun(len(found), noun)}{more}"
            for found, noun, more in (
                (self.undeclared_pools, "undeclared pool", ""),
                (self.not_judged, "group", " not judged"),
            )
        )
        return (
            f"<p><b>{len(self.campaigns)}</b> {_noun(len(self.campaigns), 'campaign')} among "
            f"{self.population.accounts:,} {_noun(self.population.accounts, 'account')}; "
            f"expected share of false ones at most {100 * self.false_discovery_rate:.3g} %. "
            f"Besides: {beside}.</p><table><thead><tr><th>campaign</th>"
            "<th>accounts</th><th>exchanges</th><th>log10 e</th><th>discovered</th></tr>"
            f"</thead><tbody>{rows}</tbody></table>"
        )


def _noun(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"


def _minute(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"

"""What a page about one account says: counts and recomputed evidence, nobody else's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Literal

ListName = Literal[
    "campaign", "authorised", "undeclared_pool", "suspicious_party", "not_judged", "none"
]
"""Lists of a scan; `none` where nothing was found."""

Weight = Literal["counted", "left out, strongest source", "did not suffice", "context"]
"""What a line of evidence did in the judgement."""

APPEAL_SCHEMA: Literal["phalanx.appeal/1"] = "phalanx.appeal/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """Share of one habit among the exchanges of the account's party."""

    name: str
    share: float
    reference_median: float | None
    """Median of honest parties of like volume; null where too few could be compared."""

    reference_below: float | None
    """Share of these parties that have less of it; null as above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedValue:
    """How common a value of the account is. The value itself is not said."""

    rule_id: str
    name: str
    others: int | None
    """Other parties of the log that show the same; null where the account shows none."""

    showing: int
    """Parties of the log that show any value of this kind."""

    others_in_group: int | None
    """Other parties of its listed group that show the same; null where it is in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMark:
    """A mark of a campaign that another provider shared. It is no evidence."""

    campaign: str
    """Identifier of the shared campaign."""

    kind: str
    """What the mark was read from."""

    matches: int
    """Exchanges that match it; 1 for an identifier."""

    others: int
    """Other accounts of the log that carry a mark of the same campaign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the log holds of the account."""

    first_seen: datetime
    last_seen: datetime
    active_days: int
    """UTC days with an exchange."""

    exchanges: int
    input_tokens: int
    output_tokens: int
    accounts_of_party: int
    """Accounts that declare to belong together with it, itself among them."""

    habits: tuple[Habit, ...]
    """Over the whole log; empty where there were too few exchanges to know."""

    compared_parties: int
    """Reference parties of like volume."""

    values: tuple[SharedValue, ...]
    marks: tuple[SeenMark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """On which list the account stands, and as what."""

    list_name: ListName
    """The gravest."""

    also: tuple[ListName, ...]
    """Further lists that it stands on."""

    group_id: str | None = None
    """Null where the group is the account's own party, or there is none."""

    accounts: int = 0
    """Accounts of the listed group."""

    tested_parties: int = 0
    """Parties of the group that was tested, of which the listed one may be a part."""

    role: str | None = None
    confidence: float | None = None
    """Posterior probability that the account belongs to the group."""

    log10_e_apart: float | None = None
    """Null where that question was not asked, as for one party alone."""

    log10_e_honest: float | None = None
    """Null where use was not examined."""

    level_apart_log10_e: float | None = None
    """What the first had to reach for this list."""

    level_honest_log10_e: float | None = None
    """What the second had to reach for the list of campaigns (of parties, for one party)."""

    formed_at: datetime | None = None
    discovered_at: datetime | None = None
    reason: str = ""
    """Why a group was not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedEvidence:
    """One line of evidence on the group."""

    rule_id: str
    name: str
    source: str
    log10_e: float
    weight: Weight
    observation: str
    sample_size: int
    reference_size: int
    null_hypothesis: str
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """The judgement computed again without some evidence."""

    removed: tuple[str, ...]
    """Rules that are taken out of the group's evidence and of the account's membership."""

    log10_e_apart: float
    log10_e_honest: float | None
    """Of the group that carries the judgement; null where use would not have been examined."""

    confidence: float | None
    """Membership without them; null where none was recorded."""

    listed_as: ListName
    """If the groups had formed all the same."""

    listed_as_if_unformed: ListName
    """If no group had formed that a removed link helped to form."""

    by_another_group: bool
    """Whether the group that carries the judgement no longer gets that far, and another group of
    parties that this account is in still does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallestSets:
    """The fewest links without which the account leaves a list."""

    leaves: Literal["campaigns", "every list"]
    sets: tuple[Counterfactual, ...]
    """All sets of the smallest size; empty where no set of links suffices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutAccount:
    """Evidence against "operated apart" on the listed parties at the end of the log."""

    log10_e_with: float
    log10_e_without: float
    """The same without the account's party."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """The counterfactuals of one group, from the evidence that its scan recorded."""

    as_recorded: Counterfactual
    without_link: tuple[Counterfactual, ...]
    without_source: tuple[Counterfactual, ...]
    """For sources with several links only."""

    without_use: Counterfactual | None
    """If the use were shown to be honest; null where it did not count."""

    smallest: tuple[SmallestSets, ...]
    without_account: WithoutAccount | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """All that one account may be told about its scan."""

    schema: Literal["phalanx.appeal/1"]
    account_id: str
    """As it stands in the scan: a pseudonym, unless identifiers were kept in clear."""

    key_id: str
    """Key of the pseudonyms; empty for identifiers in clear."""

    phalanx_version: str
    scanned_at: datetime
    first_exchange: datetime | None
    last_exchange: datetime | None
    days: int
    """UTC days of the log."""

    parties: int
    """Parties of the log."""

    groups_opened: int
    reference_parties: int
    false_discovery_rate: float
    seen: Seen
    placing: Placing
    evidence: tuple[CountedEvidence, ...]
    recomputed: Recomputed | None
    """Null where no link counted: on no list, one party alone, or not judged."""

    log10_e_one_operator: float | None
    """Evidence against honest use if the whole group declared to be one operator."""

    grant_ids: tuple[str, ...]
    """Grants that cover the account for all its exchanges."""

    def _repr_html_(self) -> str:
        placing = self.placing
        listed = placing.list_name.replace("_", " ")
        group = f" ({escape(placing.group_id)})" if placing.group_id else ""
        rows = "".join(
            f"<tr><td>{escape(', '.join(case.removed))}</td><td>{case.log10_e_apart:.1f}</td>"
            f"<td>{escape(case.listed_as.replace('_', ' '))}</td></tr>"
            for case in (self.recomputed.without_link if self.recomputed else ())
        )
        table = (
            "<table><thead><tr><th>without</th><th>log10 e, apart</th><th>listed as</th></tr>"
            f"</thead><tbody>{rows}</tbody></table>"
            if rows
            else ""
        )
        return (
            f"<p><code>{escape(self.account_id)}</code>: <b>{escape(listed)}</b>{group}, "
            f"{self.seen.exchanges:,} exchanges on {self.seen.active_days} days.</p>{table}"
        )

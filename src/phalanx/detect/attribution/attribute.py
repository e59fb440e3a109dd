"""Attribution of all listed groups of a scan; the whole population is looked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import ibis
import numpy as np
import numpy.typing as npt

from phalanx.detect.attribution.carried import (
    ASN,
    BIRTH,
    BIRTH_HOURS,
    EMAIL,
    PARAMETERS,
    PAYMENT,
    SUBNET,
    SYSTEM_PROMPT,
    TEMPLATE,
    TLS,
    Carried,
    Family,
    Links,
    linked,
    standing,
)
from phalanx.detect.attribution.comparison import (
    FAMILY_OF,
    Shown,
    Weeks,
    compare_hours,
    compare_values,
    seen_share,
)
from phalanx.detect.attribution.features import GroupMeasurer
from phalanx.detect.attribution.grade import final_grade, graded_comparison, is_name
from phalanx.detect.attribution.hours import FEWEST_PICKS, HOURS, hours_of, picked_hours
from phalanx.detect.attribution.kinds import KINDS, judge, published_table
from phalanx.detect.attribution.roles import hash_text, related_groups, roles_of
from phalanx.detect.attribution.targets import Targets, targets_of
from phalanx.detect.attribution.text_use import TEXT_COLUMNS, used_by, users_of
from phalanx.detect.config import ScanConfig
from phalanx.detect.facts import masked
from phalanx.detect.groups import MINIMUM_USERS
from phalanx.detect.narrow import Names
from phalanx.detect.population import EPOCH, Population
from phalanx.model import ActorProfile, Attribution, ProfileComparison, TraitComparison

MOST_TEXTS = 64
"""Texts of each family of a group that are looked up among all parties, most shared first."""

_ATTRIBUTES: Mapping[Family, str] = {
    PARAMETERS: "parameters",
    TLS: "tls",
    PAYMENT: "payment",
    EMAIL: "email",
    SUBNET: "subnet",
    ASN: "asn",
}
"""Family -> attribute of the population."""

_NAMED = {TLS, PAYMENT, EMAIL, SUBNET}
"""Families whose values the scan can name; of the others only hashes are kept."""

_MICROSECONDS_PER_BIRTH = BIRTH_HOURS * 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGroup:
    """A group that a scan lists."""

    group_id: str
    members: npt.NDArray[np.int64]
    """Its parties."""

    coverage: npt.NDArray[np.float64]
    """Share of each member's exchanges in the group's own content."""

    log10_e_apart: float


@dataclass(frozen=True, kw_only=True)
class Attributor:
    """Attributes the listed groups of one scan."""

    population: Population
    narrow: ibis.Table
    names: Names
    config: ScanConfig
    groups: Sequence[ListedGroup]

    def attributions(self) -> dict[str, Attribution]:
        """Return the attribution of each group, by its identifier."""
        if not self.groups:
            return {}
        links = self._links
        related = related_groups(
            [group.group_id for group in self.groups], links, self._carried, self._unlisted
        )
        comparisons = self._compare()
        measurer = GroupMeasurer(
            self.population, self.narrow, [group.members for group in self.groups]
        )
        found = {}
        for number, group in enumerate(self.groups):
            table = published_table()
            hypotheses, features = judge(
                measurer.measure(group.members, group.coverage), self._priors, table
            )
            roles = roles_of(
                links[number], self._carried, group.members, self._accounts, self._text
            )
            grade, reason, named = final_grade(comparisons[number], hypotheses, roles)
            found[group.group_id] = Attribution(
                grade=grade,
                reason=reason,
                named=named,
                roles=roles,
                related=related[number],
                hypotheses=hypotheses,
                features=features,
                tempering=table.tempering,
                contamination=table.contamination,
                hours_of_week=_shares(self._weeks[number].group),
                profiles=comparisons[number],
            )
        return found

    @cached_property
    def _priors(self) -> dict[str, float]:
        """Fill up the given priors: what they leave is shared by the kinds that were not named."""
        given = self.config.priors
        rest = [kind for kind in KINDS if kind not in given]
        left = max(0.0, 1.0 - sum(given.values())) / max(len(rest), 1)
        prior = {kind: given.get(kind, left) for kind in KINDS}
        return {kind: share / sum(prior.values()) for kind, share in prior.items()}

    @cached_property
    def _unlisted(self) -> npt.NDArray[np.bool_]:
        """Parties that stand in no listed group."""
        alone = np.ones(self.population.parties.count, dtype=np.bool_)
        for group in self.groups:
            alone[group.members] = False
        return alone

    @cached_property
    def _targets(self) -> list[dict[str, Targets]]:
        return [targets_of(profile, self.config.pseudonym_key) for profile in self.config.profiles]

    @cached_property
    def _carried(self) -> dict[Family, Carried]:
        """Who carries what, in all families."""
        population = self.population
        found = {
            family: standing(family, population.attributes[name])
            for family, name in _ATTRIBUTES.items()
        }
        found[BIRTH] = standing(BIRTH, population.attributes["created"] // _MICROSECONDS_PER_BIRTH)
        for family in (TEMPLATE, SYSTEM_PROMPT):
            found[family] = self._texts(family)
        return found

    def _texts(self, family: Family) -> Carried:
        """Look up the texts that groups share, and those of profiles, among all parties."""
        column = TEXT_COLUMNS[family.name]
        everyone = np.unique(np.concatenate([group.members for group in self.groups]))
        rows = used_by(self.narrow, self.population, column, everyone)
        party, value = rows["party"].to_numpy(), rows["value"].to_numpy()
        wanted = [_most_shared(value[np.isin(party, group.members)]) for group in self.groups]
        wanted += [each[family.name].hashes for each in self._targets if family.name in each]
        use = users_of(self.narrow, self.population, column, np.concatenate(wanted))
        return Carried(family, use.party, use.value, use.writers)

    @cached_property
    def _links(self) -> list[Links]:
        return [
            {family: linked(carried, group.members) for family, carried in self._carried.items()}
            for group in self.groups
        ]

    def _compare(self) -> list[tuple[ProfileComparison, ...]]:
        """Compare every profile with every group, best match first."""
        profiles = self.config.profiles
        number = max(1, len(profiles) * len(self.groups))
        found: list[list[ProfileComparison]] = [[] for _ in self.groups]
        for profile, targets in zip(profiles, self._targets, strict=True):
            for comparisons, group, traits in zip(
                found, self.groups, self._traits(profile, targets), strict=True
            ):
                comparisons.append(
                    graded_comparison(
                        profile, traits, number, group.log10_e_apart, self._active(group.members)
                    )
                )
        return [
            tuple(
                sorted(
                    comparisons,
                    key=lambda each: (
                        not is_name(each.grade), -each.log10_likelihood_ratio, each.name
                    ),
                )
            )
            for comparisons in found
        ]  # fmt: skip

    def _traits(
        self, profile: ActorProfile, targets: Mapping[str, Targets]
    ) -> list[list[TraitComparison]]:
        """Compare the traits of one profile with each group."""
        found: list[list[TraitComparison]] = [[] for _ in self.groups]
        for name, wanted in targets.items():
            family = FAMILY_OF[name]
            shares = [seen_share(links, family, wanted) for links in self._links]
            shown = Shown(self._carried[family], shares, self._unlisted)
            for number, traits in enumerate(found):
                traits.append(compare_values(wanted, shown, number))
        if profile.hours_of_week:
            for traits, week in zip(found, self._weeks, strict=True):
                traits.append(compare_hours(profile, week))
        return found

    @cached_property
    def _weeks(self) -> list[Weeks]:
        """Return the hours of each group beside those of unlisted parties."""
        party, hour = picked_hours(self.population)
        own = self._unlisted[party]
        picks = np.bincount(party[own], minlength=self._unlisted.size)
        place = np.cumsum(picks >= FEWEST_PICKS) - 1
        kept = own & (picks[party] >= FEWEST_PICKS)
        rows = int(np.count_nonzero(picks >= FEWEST_PICKS))
        cells = np.bincount(place[party[kept]] * HOURS + hour[kept], minlength=rows * HOURS)
        parties = cells.reshape(rows, HOURS).astype(np.float64)
        return [Weeks(hours_of((party, hour), group.members), parties) for group in self.groups]

    def _active(self, parties: npt.NDArray[np.int64]) -> tuple[date, date]:
        """Return the first and the last day of some parties."""
        own = np.isin(self.population.parties.of_account, parties)
        first, last = (
            self.population.accounts[name].to_numpy()[own] for name in ("first_seen", "last_seen")
        )
        return _day(int(first.min())), _day(int(last.max()))

    def _accounts(self, parties: npt.NDArray[np.int64]) -> tuple[str, ...]:
        declared = self.population.parties
        return tuple(
            self.population.account_names[int(account)]
            for party in parties
            for account in declared.by_party[declared.starts[party] : declared.starts[party + 1]]
        )

    def _text(self, family: Family, value: int) -> str:
        """Write a value: its name, its masked text, its time, or its hash."""
        if family == BIRTH:
            return (EPOCH + timedelta(hours=BIRTH_HOURS * value)).isoformat(timespec="minutes")
        if family == TEMPLATE and value in self.names.excerpts:
            return masked(self.names.excerpts[value])
        if family in _NAMED and value in self.names.values[_ATTRIBUTES[family]]:
            return self.names.values[_ATTRIBUTES[family]][value]
        return hash_text(value)


def _day(microseconds: int) -> date:
    return (EPOCH + timedelta(microseconds=microseconds)).date()


def _shares(counts: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple((counts / max(counts.sum(), 1.0)).round(5).tolist())


def _most_shared(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the values that most members use, at least three; each member stands in once."""
    found, users = np.unique(values, return_counts=True)
    order = np.argsort(-users, kind="stable")[:MOST_TEXTS]
    return found[order][users[order] >= MINIMUM_USERS]

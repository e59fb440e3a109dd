"""Which list an account would stand on if some evidence did not count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from phalanx.detect.appeals.docket import GRAVITY, Docket, Reach, source_of
from phalanx.detect.appeals.membership import confidence_without
from phalanx.detect.appeals.result import (
    Counterfactual,
    ListName,
    Recomputed,
    SmallestSets,
    WithoutAccount,
)
from phalanx.detect.appeals.tables import AccountRow
from phalanx.detect.thresholds import CONFIDENT
from phalanx.errors import InputError
from phalanx.evidence import NOT_ASKED

_MOST_RULES = 14
"""All sets of links are tried, so there may not be many."""


@dataclass(frozen=True, slots=True)
class Case:
    """One listed account and the groups that it is in."""

    row: AccountRow
    list_name: ListName
    """`campaign`, `authorised` or `undeclared_pool`."""

    lead: int
    """The group that carries the judgement."""

    docket: Docket

    @property
    def tracks(self) -> tuple[int, ...]:
        """All groups that the account's party is in, the one that was judged first."""
        others = (track for track in self.row.tracks if track != self.lead)
        return (self.lead, *others)

    @property
    def rules(self) -> tuple[str, ...]:
        """Links that count for its groups or its membership, in order.

        Raises:
            InputError: If there are more than a scan has.
        """
        odds = self.row.membership_log_odds
        standing = {rule for rule, value in odds.items() if value is not None and "-" in rule}
        rules = self.docket.rules(self.tracks) | standing
        if len(rules) > _MOST_RULES:
            message = f"looks.parquet: {len(rules)} links on one account, at most {_MOST_RULES}"
            raise InputError(message, next_step="Pass the folder that a scan wrote.")
        return tuple(sorted(rules))

    def without(self, removed: Sequence[str]) -> Counterfactual:
        """Judge it again without some links.

        Parameters:
            removed: Rules.
        """
        gone = frozenset(removed)
        confidence = confidence_without(self.row.membership_log_odds, gone)
        formed = self.docket.judge(self.tracks, gone)
        unformed = self.docket.judge(self.tracks, gone, unformed=True)
        return Counterfactual(
            removed=tuple(removed),
            log10_e_apart=formed.log10_e_apart,
            log10_e_honest=None if formed.log10_e_honest == NOT_ASKED else formed.log10_e_honest,
            confidence=confidence,
            listed_as=self._listed(formed.reach, confidence),
            listed_as_if_unformed=self._listed(unformed.reach, confidence),
            by_another_group=not formed.by_first,
        )

    def _listed(self, reach: Reach, confidence: float | None) -> ListName:
        """Return the list; taking evidence out puts nobody on a graver one than it stands on."""
        if confidence is not None and confidence < CONFIDENT:
            return "none"
        now: Reach = "undeclared_pool" if self.list_name == "undeclared_pool" else "campaign"
        least = min(reach, now, key=GRAVITY.index)
        return self.list_name if least == now else least


def recompute(case: Case) -> Recomputed:
    """Judge an account without each link, each source, its use, and find the smallest sets.

    Parameters:
        case: The account.
    """
    by_source = defaultdict(list)
    for rule in case.rules:
        by_source[source_of(rule)].append(rule)
    recorded = case.without(())
    with_all, without_it = case.row.log10_e_apart_with, case.row.log10_e_apart_without
    return Recomputed(
        as_recorded=recorded,
        without_link=tuple(case.without((rule,)) for rule in case.rules),
        without_source=tuple(case.without(some) for some in by_source.values() if len(some) > 1),
        without_use=None if case.list_name == "undeclared_pool" else _without_use(recorded),
        smallest=tuple(_smallest(case)),
        without_account=None
        if with_all is None or without_it is None
        else WithoutAccount(log10_e_with=with_all, log10_e_without=without_it),
    )


def _without_use(recorded: Counterfactual) -> Counterfactual:
    """A campaign whose use is honest is operated together and no more."""
    return Counterfactual(
        removed=("PHX-D020",),
        log10_e_apart=recorded.log10_e_apart,
        log10_e_honest=None,
        confidence=recorded.confidence,
        listed_as="undeclared_pool",
        listed_as_if_unformed="undeclared_pool",
        by_another_group=False,
    )


def _smallest(case: Case) -> Iterator[SmallestSets]:
    """Find the fewest links without which the account leaves each list that it stands on."""
    every_list = _first_size(case, {"campaign", "authorised", "undeclared_pool"})
    if case.list_name != "undeclared_pool":
        campaigns = _first_size(case, {"campaign", "authorised"})
        if campaigns != every_list:
            yield SmallestSets(leaves="campaigns", sets=campaigns)
    yield SmallestSets(leaves="every list", sets=every_list)


def _first_size(case: Case, kept: set[str]) -> tuple[Counterfactual, ...]:
    for size in range(1, len(case.rules) + 1):
        judged = (case.without(some) for some in combinations(case.rules, size))
        found = tuple(one for one in judged if one.listed_as not in kept)
        if found:
            return found
    return ()

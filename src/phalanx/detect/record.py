"""The last stage: from the replay to a `ScanResult`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import ibis
import pyarrow as pa

from phalanx.detect.account_details import account_details
from phalanx.detect.account_table import Listing, account_table, daily_table
from phalanx.detect.attribution import Attributor, ListedGroup
from phalanx.detect.config import ScanConfig
from phalanx.detect.facts import FactFinder, instant
from phalanx.detect.grants import GrantBook
from phalanx.detect.honest import HarvestLikeUse, reachable_pool_log10_e
from phalanx.detect.lines import evidence_lines
from phalanx.detect.link_table import link_table
from phalanx.detect.look_table import look_table
from phalanx.detect.mixture import find_mixtures, mixed_accounts
from phalanx.detect.narrow import Names
from phalanx.detect.population import Population
from phalanx.detect.replay import Replay
from phalanx.detect.response import estimate_harm, recommend_actions
from phalanx.detect.result import Population as PopulationRecord
from phalanx.detect.result import RunRecord, ScanResult, SignalState
from phalanx.detect.rules import all_rules
from phalanx.detect.signals.known_sets import KnownSets
from phalanx.detect.single import single_parties
from phalanx.detect.tables import programs
from phalanx.detect.track import Track
from phalanx.detect.verdicts import Verdict, sort_tracks
from phalanx.evidence import LINKED_LOG10_E, NOT_ASKED, reachable_log10_e
from phalanx.model import (
    Attribution,
    AuthorisedGroup,
    Campaign,
    GroupFacts,
    Judgement,
    NotJudged,
    UndeclaredPool,
)

_ALWAYS_THERE = ("timestamp", "model", "prompt")
_READ_PROMPTS = frozenset({HarvestLikeUse.rule_id})
"""Rules that say nothing without prompts, beside those that need no other column."""


@dataclass(frozen=True, slots=True)
class Recording:
    """All that the record is made of."""

    population: Population
    replay: Replay
    names: Names
    grants: GrantBook
    config: ScanConfig
    columns: frozenset[str]
    """Optional columns that the log carried."""

    has_prompts: bool
    """Whether any exchange has a prompt that is not empty."""

    narrow: ibis.Table
    """The narrow table, for what only listed groups are asked."""

    model_use: pa.Table
    openings: Callable[[pa.Table], pa.Table]


def record(recording: Recording, run: RunRecord, rows: int, rejected: int) -> ScanResult:
    """Sort groups into lists and describe them.

    Parameters:
        recording: What was computed.
        run: How it was computed.
        rows: Exchanges that were counted.
        rejected: Rows that could not be used.
    """
    population, replay = recording.population, recording.replay
    mixture = find_mixtures(
        population,
        programs(recording.narrow),
        recording.config.false_discovery_rate,
    )
    finder = FactFinder(
        population, recording.names, recording.model_use, recording.openings, mixture.listed
    )
    sorting = sort_tracks(replay.tracks, replay)
    verdicts = (*sorting.campaigns, *sorting.pools)
    templates = iter(finder.templates([verdict.members for verdict in verdicts]))
    names = iter(_names(verdicts, population))
    listings: list[Listing] = []
    campaigns: list[Campaign] = []
    authorised: list[AuthorisedGroup] = []
    for verdict in sorting.campaigns:
        name = f"campaign-{next(names)}"
        campaign, is_authorised = _campaign(recording, finder, verdict, name, next(templates))
        if is_authorised:
            authorised.append(
                AuthorisedGroup(
                    group_id=campaign.campaign_id,
                    facts=campaign.facts,
                    judgement=campaign.judgement,
                    grant_ids=campaign.grants,
                )
            )
        else:
            campaigns.append(campaign)
        verdict_name = "authorised" if is_authorised else "campaign"
        listings.append(Listing(campaign.campaign_id, verdict_name, campaign.facts, verdict))
    pools = []
    for verdict in sorting.pools:
        facts = _facts(recording, finder, verdict, next(templates))
        pool_id = f"pool-{next(names)}"
        judgement = _judgement(finder, verdict)
        pools.append(UndeclaredPool(group_id=pool_id, facts=facts, judgement=judgement))
        listings.append(Listing(pool_id, "undeclared_pool", facts, verdict))
    attributions = _attribute(recording, listings)
    campaigns = [_attributed(item, attributions[item.campaign_id]) for item in campaigns]
    authorised = [_attributed(item, attributions[item.group_id]) for item in authorised]
    pools = [_attributed(item, attributions[item.group_id]) for item in pools]
    reference = replay.reference_size()
    not_judged = tuple(
        _not_judged(recording, finder, track, reference) for track in sorting.undecided
    )
    campaigns.sort(key=lambda campaign: (-campaign.judgement.log10_e, campaign.campaign_id))
    details = account_details(replay, [x.verdict for x in listings], recording.grants)
    accounts = account_table(population, recording.names, listings, details | mixture.columns())
    return ScanResult(
        campaigns=tuple(campaigns),
        authorised=tuple(authorised),
        undeclared_pools=tuple(pools),
        suspicious_parties=single_parties(
            population, replay, finder, recording.config.false_discovery_rate
        ),
        not_judged=not_judged,
        false_discovery_rate=recording.config.false_discovery_rate,
        population=PopulationRecord(
            exchanges=rows,
            accounts=len(population.account_names),
            parties=population.parties.count,
            rejected_rows=rejected,
            days=population.days,
            step_ends=tuple(population.end_of(step) for step in range(population.steps)),
            groups_opened=len(replay.tracks),
            reference_parties=reference,
            reachable_log10_e=reachable_log10_e(reference),
            first_exchange=instant(int(population.accounts["first_seen"].to_numpy().min())),
            last_exchange=instant(int(population.accounts["last_seen"].to_numpy().max())),
        ),
        signals=_signals(
            recording.columns,
            has_prompts=recording.has_prompts,
            knows_sets=bool(recording.config.known_corpora),
        ),
        run=run,
        accounts=accounts,
        mixed_accounts=mixed_accounts(mixture, accounts),
        links=link_table(
            [(x.group_id, x.verdict.members) for x in listings], replay.moment, recording.names
        ),
        daily=daily_table(population, finder, listings),
        looks=look_table(replay.tracks, population),
    )


Judged = TypeVar("Judged", Campaign, AuthorisedGroup, UndeclaredPool)


def _attributed(group: Judged, attribution: Attribution) -> Judged:
    return replace(group, judgement=replace(group.judgement, attribution=attribution))


def _attribute(recording: Recording, listings: Sequence[Listing]) -> dict[str, Attribution]:
    """Say who may stand behind each listed group."""
    groups = [
        ListedGroup(
            group_id=listing.group_id,
            members=listing.verdict.members,
            coverage=recording.replay.coverage(listing.verdict.members)[listing.verdict.members],
            log10_e_apart=listing.verdict.lead.log10_e_apart,
        )
        for listing in listings
    ]
    return Attributor(
        population=recording.population,
        narrow=recording.narrow,
        names=recording.names,
        config=recording.config,
        groups=groups,
    ).attributions()


def _campaign(
    recording: Recording,
    finder: FactFinder,
    verdict: Verdict,
    name: str,
    templates: tuple[str, ...],
) -> tuple[Campaign, bool]:
    """Describe a campaign, and say whether grants cover all of it."""
    facts = _facts(recording, finder, verdict, templates)
    judgement = _judgement(finder, verdict)
    coverage = recording.grants.coverage(facts)
    campaign = Campaign(
        campaign_id=name,
        facts=facts,
        judgement=judgement,
        harm=estimate_harm(facts, recording.config.prices_usd_per_million_tokens),
        actions=recommend_actions(facts, judgement, coverage.accounts),
        grants=coverage.grant_ids,
        granted_accounts=len(coverage.accounts),
    )
    return campaign, coverage.complete


def _facts(
    recording: Recording, finder: FactFinder, verdict: Verdict, templates: tuple[str, ...]
) -> GroupFacts:
    return finder.facts(
        verdict.members,
        verdict.confidence,
        recording.replay.coverage(verdict.members)[verdict.members],
        verdict.lead.formed_step,
        templates,
    )


def _judgement(finder: FactFinder, verdict: Verdict) -> Judgement:
    track = verdict.lead
    discovered = [t.discovered_step for t in verdict.tracks if t.discovered_step is not None]
    end_of = finder.population.end_of
    found = min(discovered, default=None)
    return Judgement(
        log10_e=_if_asked(track.log10_e),
        log10_e_apart=track.log10_e_apart,
        log10_e_honest=_if_asked(track.log10_e_honest),
        threshold_log10_e=track.threshold,
        formed_at=end_of(min(t.formed_step for t in verdict.tracks)),
        discovered_at=None if found is None else end_of(found),
        served_before_discovery=None
        if found is None
        else finder.exchanges_until(verdict.members, found),
        evidence=evidence_lines(track),
        use_examined=track.log10_e_honest != NOT_ASKED,
        track=track.number,
        split_from_parties=verdict.split_from_parties,
        log10_e_one_operator=None if track.honest is None else track.honest.log10_e_one_operator,
    )


def _not_judged(
    recording: Recording, finder: FactFinder, track: Track, reference_size: int
) -> NotJudged:
    population = recording.population
    accounts = finder.accounts_of(track.members)
    if track.honest is None:
        reachable = reachable_pool_log10_e(track.members.size, reference_size)
    else:
        reachable = track.honest.reachable_log10_e
    if track.log10_apart == [NOT_ASKED]:
        reason = "formed at the very end of the log: nothing later to test it on"
        level, apart, honest = 0.0, 0.0, 0.0
    else:
        level, apart = track.threshold, track.log10_e_apart
        honest = _if_asked(track.log10_e_honest)
        reason = _why_undecided(level, apart, honest, reachable)
    return NotJudged(
        group_id=f"group-{track.number:05d}",
        accounts=tuple(population.account_names[int(a)] for a in accounts),
        reason=reason,
        reachable_log10_e=reachable,
        log10_e_apart=apart,
        log10_e_honest=honest,
        apart_examined=track.log10_apart != [NOT_ASKED],
        use_examined=track.log10_e_honest != NOT_ASKED,
    )


def _if_asked(log10_e: float) -> float:
    """Return the evidence, or none (e = 1) where the question was never asked."""
    return 0.0 if log10_e == NOT_ASKED else log10_e


def _why_undecided(level: float, apart: float, honest: float, reachable: float) -> str:
    """Say what is missing; the level is infinite where the parties were never linked."""
    if level == float("inf"):
        return (
            f"not shown to be operated together: 10^{apart:.1f} is the evidence, and "
            f"10^{LINKED_LOG10_E:.1f} is needed before use is examined"
        )
    if honest >= level:
        return f"evidence for one operator does not suffice: 10^{apart:.1f}"
    if reachable < level:
        return (
            f"reference too small: members above all of it would reach 10^{reachable:.1f}, "
            f"and 10^{level:.1f} is needed"
        )
    return f"evidence against honest use does not suffice: 10^{honest:.1f} of 10^{level:.1f} needed"


def _names(verdicts: Sequence[Verdict], population: Population) -> list[str]:
    """Name groups so that they keep their names while their accounts are replaced.

    A group is called after the one of its tracks that was discovered first: when that was
    formed, and of which accounts. Neither changes any more. Of several groups that hold one
    track, as the operators of a split group do, the one with the earliest party is first.
    """
    names = [""] * len(verdicts)
    taken: dict[int, int] = {}
    for place in sorted(range(len(verdicts)), key=lambda place: verdicts[place].members.min()):
        tracks = sorted(verdicts[place].tracks, key=_discovered_first)
        track = next((t for t in tracks if t.number not in taken), tracks[0])
        taken[track.number] = again = taken.get(track.number, -1) + 1
        first = population.parties.first_account[track.opening]
        accounts = sorted(population.account_names[int(account)] for account in first)
        formed = population.end_of(track.formed_step).isoformat()
        text = "\n".join([track.route, formed, str(again), *accounts])
        names[place] = hashlib.sha256(text.encode()).hexdigest()[:12]
    return names


def _discovered_first(track: Track) -> tuple[bool, int, int]:
    discovered = track.discovered_step
    return (discovered is None, discovered or 0, track.number)


def _signals(
    columns: frozenset[str], *, has_prompts: bool, knows_sets: bool
) -> tuple[SignalState, ...]:
    states = []
    for rule in all_rules():
        reason = ""
        if not has_prompts and (rule.rule_id in _READ_PROMPTS or rule.columns == ("prompt",)):
            reason = "every prompt in the log is empty"
        elif rule.rule_id == KnownSets.rule_id and not knows_sets:
            reason = "no sketch of a known set was given"
        elif not any(c in columns or c in _ALWAYS_THERE for c in rule.columns):
            reason = "the log carries none of: " + ", ".join(rule.columns)
        states.append(
            SignalState(rule_id=rule.rule_id, name=rule.name, enabled=not reason, reason=reason)
        )
    return tuple(states)

"""The last stage: from the replay to a `ScanResult`."""

from __future__ import annotations

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
from phalanx.detect.group_names import names_of
from phalanx.detect.group_table import group_table
from phalanx.detect.judgements import judgement_of, not_judged_group
from phalanx.detect.link_table import link_table
from phalanx.detect.look_table import look_table
from phalanx.detect.mixture import find_mixtures, mixed_accounts
from phalanx.detect.narrow import Names
from phalanx.detect.population import Population
from phalanx.detect.replay import Replay
from phalanx.detect.response import estimate_harm, recommend_actions
from phalanx.detect.result import GROUP_SCHEMA, RunRecord, ScanResult
from phalanx.detect.result import Population as PopulationRecord
from phalanx.detect.signal_states import signal_states
from phalanx.detect.single import single_parties
from phalanx.detect.tables import programs
from phalanx.detect.verdict import Verdict
from phalanx.detect.verdicts import sort_tracks
from phalanx.evidence import reachable_log10_e
from phalanx.model import (
    Attribution,
    AuthorisedGroup,
    Campaign,
    GroupFacts,
    UndeclaredPool,
)


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
    names = iter(names_of(verdicts, population))
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
        judgement = judgement_of(finder, verdict)
        pools.append(UndeclaredPool(group_id=pool_id, facts=facts, judgement=judgement))
        listings.append(Listing(pool_id, "undeclared_pool", facts, verdict))
    attributions = _attribute(recording, listings)
    campaigns = [_attributed(item, attributions[item.campaign_id]) for item in campaigns]
    authorised = [_attributed(item, attributions[item.group_id]) for item in authorised]
    pools = [_attributed(item, attributions[item.group_id]) for item in pools]
    reference = replay.reference_size()
    not_judged = tuple(not_judged_group(finder, track, reference) for track in sorting.undecided)
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
        signals=signal_states(
            recording.columns,
            has_prompts=recording.has_prompts,
            knows_sets=bool(recording.config.known_corpora),
            knows_marks=recording.config.alliance is not None,
        ),
        run=run,
        accounts=accounts,
        mixed_accounts=mixed_accounts(mixture, accounts),
        links=link_table(
            [(x.group_id, x.verdict.members) for x in listings], replay.moment, recording.names
        ),
        daily=daily_table(population, finder, listings),
        looks=look_table(replay.tracks, population),
        groups=(
            group_table(replay, population)
            if recording.config.for_pool
            else GROUP_SCHEMA.empty_table()
        ),
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
    judgement = judgement_of(finder, verdict)
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

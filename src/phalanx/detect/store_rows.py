"""What the database of a store says about groups."""

from __future__ import annotations

from phalanx.detect.population import Population
from phalanx.detect.replay import Replay
from phalanx.detect.result import ScanResult
from phalanx.model import AuthorisedGroup, Campaign, UndeclaredPool
from phalanx.store import GroupRow, ListedGroup


def group_rows(replay: Replay, population: Population) -> list[GroupRow]:
    """Return a row for each group ever opened, with its evidence so far."""
    followed = {number for tracks in replay.alive.values() for number in tracks}
    return [
        GroupRow(
            number=track.number,
            route=track.route,
            formed_at=population.end_of(track.formed_step),
            discovered_at=None
            if track.discovered_step is None
            else population.end_of(track.discovered_step),
            is_followed=track.number in followed,
            parties=track.members.size,
            looks=len(track.log10_apart),
            log10_e_apart=track.log10_e_apart,
            log10_e_honest=track.log10_e_honest,
        )
        for track in replay.tracks
    ]


def listed_groups(result: ScanResult) -> list[ListedGroup]:
    """Return a row for each group that a scan lists, members included."""
    named: list[tuple[str, str, Campaign | AuthorisedGroup | UndeclaredPool]] = [
        *((c.campaign_id, "campaign", c) for c in result.campaigns),
        *((g.group_id, "authorised", g) for g in result.authorised),
        *((g.group_id, "undeclared_pool", g) for g in result.undeclared_pools),
    ]
    return [
        ListedGroup(
            campaign_id=name,
            verdict=verdict,
            formed_at=group.judgement.formed_at,
            discovered_at=group.judgement.discovered_at,
            log10_e=group.judgement.log10_e,
            exchanges=group.facts.exchanges,
            accounts=tuple(member.account_id for member in group.facts.members),
        )
        for name, verdict, group in named
    ]

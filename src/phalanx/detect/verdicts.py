"""From tracked groups to the five lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from phalanx.detect.alliance.weighing import favour_of
from phalanx.detect.apart import LASTING, combine
from phalanx.detect.blocks import without_honest_blocks
from phalanx.detect.groups import COMMON_ONE_IN, MINIMUM_USERS, Incidence
from phalanx.detect.habits import KNOWN_SETS
from phalanx.detect.links import MISSING, STANDING_FAMILIES
from phalanx.detect.membership import (
    COVERAGE_EDGES,
    KNOWN_EDGES,
    Core,
    membership,
    over_sources,
    prior_log_odds,
    share_log_ratio,
    standing_log_ratios,
)
from phalanx.detect.operators import operator_links, operators_among, split_operators
from phalanx.detect.replay import Replay
from phalanx.detect.route import BY_CONTENT, BY_MARKS
from phalanx.detect.thresholds import CONFIDENT, STILL_LOG10_E
from phalanx.detect.track import Track, decide, weights_of
from phalanx.detect.verdict import Verdict
from phalanx.evidence import e_benjamini_hochberg, favoured_first

_FEWEST_PARTIES = 2


@dataclass(frozen=True, slots=True)
class Sorting:
    """Where each tracked group went."""

    campaigns: tuple[Verdict, ...]
    pools: tuple[Verdict, ...]
    undecided: tuple[Track, ...]


def sort_tracks(tracks: Sequence[Track], replay: Replay) -> Sorting:
    """Sort tracked groups by e-BH: both nulls rejected, only `apart` rejected, neither.

    Parameters:
        tracks: All groups ever opened.
        replay: At its last step.
    """
    settings, moment = replay.settings, replay.moment
    favour = favour_of(tracks)
    is_campaign = decide(tracks, settings.false_discovery_rate, favour).rejected
    _note_levels_without_marks(tracks if favour else (), settings.false_discovery_rate)
    weights, apart = weights_of(tracks), np.array([track.log10_e_apart for track in tracks])
    if favour:
        apart, weights = favoured_first(apart, weights, favour)
    pool_list = e_benjamini_hochberg(apart, settings.false_discovery_rate, weights)
    is_pool, levels = pool_list.rejected, pool_list.threshold_log10_e
    level_of = {track.number: float(level) for track, level in zip(tracks, levels, strict=True)}
    found = [t for t, yes in zip(tracks, is_campaign, strict=True) if yes]
    links = operator_links(moment)
    campaigns = [
        verdict
        for merger in _merged(found, moment.population.parties.count)
        for verdict in _verdicts(merger, replay, links)
        if is_still_unlike(verdict, replay)
    ]
    campaigns = _disjoint(campaigns, moment.population.parties.count)
    campaigns = [
        verdict
        for verdict in without_honest_blocks(by_operator(campaigns, links, replay), replay)
        if is_still_unlike(verdict, replay)
    ]
    taken = np.zeros(moment.population.parties.count, dtype=np.bool_)
    for verdict in campaigns:
        taken[verdict.members] = True
    linked = [
        t
        for t, campaign, pool in zip(tracks, is_campaign, is_pool, strict=True)
        if pool and not campaign and 2 * np.count_nonzero(taken[t.members]) < t.members.size
    ]
    pools = [
        verdict
        for merger in _merged(linked, moment.population.parties.count)
        for verdict in _verdicts(merger, replay, links)
    ]
    pools = [
        verdict
        for verdict in _disjoint(pools, moment.population.parties.count)
        if is_still_linked(verdict, replay, level_of[verdict.lead.number])
    ]
    listed = {id(t) for verdict in (*campaigns, *pools) for t in verdict.tracks}
    undecided = [
        t
        for t in tracks
        if id(t) not in listed and 2 * np.count_nonzero(taken[t.members]) < t.members.size
    ]
    return Sorting(tuple(campaigns), tuple(pools), tuple(undecided))


def _note_levels_without_marks(tracks: Sequence[Track], false_discovery_rate: float) -> None:
    """Say of each group that marks did not form what its level would be without them."""
    own = [track for track in tracks if track.route not in BY_MARKS]
    levels = decide(own, false_discovery_rate).threshold_log10_e if own else ()
    for track, level in zip(own, levels, strict=True):
        track.threshold_without_marks = float(level) if np.isfinite(level) else None


def _disjoint(verdicts: Sequence[Verdict], parties: int) -> list[Verdict]:
    """Leave each party in the verdict that is surest of it; drop what becomes too small."""
    surest = np.zeros(parties)
    owner = np.full(parties, MISSING, dtype=np.int64)
    for number, verdict in enumerate(verdicts):
        better = verdict.confidence > surest[verdict.members]
        surest[verdict.members[better]] = verdict.confidence[better]
        owner[verdict.members[better]] = number
    disjoint = []
    for number, verdict in enumerate(verdicts):
        kept = owner[verdict.members] == number
        if np.count_nonzero(kept) >= _FEWEST_PARTIES:
            disjoint.append(verdict.keep(kept))
    return disjoint


def by_operator(verdicts: Sequence[Verdict], links: Incidence, replay: Replay) -> list[Verdict]:
    """Put together what one operator keeps apart, and apart what was only born together.

    One who pays with several cards and registers under several domains is several groups of
    identity, and operators who register in the same hours are one group of birth. Groups that
    content formed are left as they are: content told them apart.

    Parameters:
        verdicts: Listed groups, none of whose parties stands in two.
        links: From `operator_links`.
        replay: At its last step.
    """
    by_content = [verdict for verdict in verdicts if verdict.lead.route in BY_CONTENT]
    others = [verdict for verdict in verdicts if verdict.lead.route not in BY_CONTENT]
    if len(others) < 2:
        return list(verdicts)
    parties = replay.moment.population.parties.count
    members = np.concatenate([verdict.members for verdict in others])
    source = np.repeat(np.arange(len(others)), [verdict.members.size for verdict in others])
    operator = operators_among(links, parties, members, replay.settings.seed)[members]
    # Who shares nothing stays with most of its group, and a group that shares nothing by itself.
    own = int(operator.max(initial=MISSING)) + 1 + np.arange(len(others))
    shares = operator != MISSING
    counts = np.zeros((len(others), int(own[-1]) + 1), dtype=np.int64)
    np.add.at(counts, (source[shares], operator[shares]), 1)
    home = np.where(counts.any(axis=1), counts.argmax(axis=1), own)[source]
    operator = np.where(shares, operator, home)
    np.add.at(counts, (source[~shares], home[~shares]), 1)
    together = Verdict(
        (),
        members,
        np.concatenate([verdict.confidence for verdict in others]),
        np.concatenate([verdict.grounds for verdict in others]),
    )
    regrouped = []
    for number in np.unique(operator):
        rows = np.flatnonzero(operator == number)
        rows = rows[np.argsort(-together.confidence[rows], kind="stable")]
        if rows.size < _FEWEST_PARTIES:
            continue
        given = counts[:, number]
        mostly = np.flatnonzero(2 * given > counts.sum(axis=1)).tolist()
        first = int(given.argmax())
        ordered = [first, *(place for place in mostly if place != first)]
        tracks = {track.number: track for place in ordered for track in others[place].tracks}
        is_part = others[first].is_part or np.count_nonzero(counts[first]) > 1
        regrouped.append(
            replace(together.keep(rows), tracks=tuple(tracks.values()), is_part=bool(is_part))
        )
    return [*by_content, *regrouped]


def _strongest_first(track: Track) -> tuple[bool, float, float, int]:
    return (track.route != "content", -track.log10_e, -track.log10_e_apart, track.number)


def _merged(tracks: Sequence[Track], parties: int) -> list[_Merger]:
    """Put tracks together that are about the same parties.

    Groups formed by content come first: campaigns may share hours and days of birth by
    chance, and then one standing group spans several; it must not make them one.
    """
    mergers: list[_Merger] = []
    for track in sorted(tracks, key=_strongest_first):
        same = [merger for merger in mergers if merger.shares_half(track.members)]
        if not same:
            inside = np.zeros(parties, dtype=np.bool_)
            inside[track.members] = True
            mergers.append(_Merger(inside, [track]))
            continue
        for merger in same:
            merger.tracks.append(track)
        if len(same) == 1 and same[0].alike(track.members):
            same[0].inside[track.members] = True
    return mergers


@dataclass(frozen=True, slots=True)
class _Merger:
    """Tracks about the same parties, while they are being put together."""

    inside: npt.NDArray[np.bool_]
    tracks: list[Track]

    def shares_half(self, members: npt.NDArray[np.int64]) -> bool:
        shared = int(np.count_nonzero(self.inside[members]))
        return bool(2 * shared >= min(members.size, int(np.count_nonzero(self.inside))))

    def alike(self, members: npt.NDArray[np.int64]) -> bool:
        shared = np.count_nonzero(self.inside[members])
        return bool(2 * shared >= members.size + np.count_nonzero(self.inside) - shared)


def _verdicts(merger: _Merger, replay: Replay, links: Incidence) -> list[Verdict]:
    """Split into operators, and keep the members of which the posterior is sure."""
    moment, settings = replay.moment, replay.settings
    union = np.flatnonzero(merger.inside)
    lead = merger.tracks[0].members
    content = _content_log_ratio(replay, lead)
    core = _core(merger)
    verdicts = []
    parties = moment.population.parties.count
    parts = split_operators(links, parties, union, settings.minimum_parties, settings.seed)
    for part in parts:
        own_core = Core(np.intersect1d(part, core.parties), core.fewest_others)
        ratios = standing_log_ratios(moment, STANDING_FAMILIES, part, own_core)
        confidence = membership(content[part], over_sources(ratios, STANDING_FAMILIES), parties)
        prior = np.full(part.size, prior_log_odds(part.size, parties))
        grounds = np.column_stack([prior, content[part], *ratios])
        everyone = Verdict(tuple(merger.tracks), part, confidence, grounds, len(parts) > 1)
        order = np.argsort(-confidence, kind="stable")
        verdicts.append(everyone.keep(order[confidence[order] >= CONFIDENT]))
    return verdicts


def _content_log_ratio(replay: Replay, members: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return what all that a party sends says of its membership."""
    ratio = share_log_ratio(replay.coverage(members), replay.exchanges, members, COVERAGE_EDGES)
    if replay.settings.knows_sets:
        known = replay.use_between(0, replay.moment.step).shares[:, KNOWN_SETS]
        ratio = ratio + share_log_ratio(known, replay.exchanges, members, KNOWN_EDGES)
    return ratio


def _core(merger: _Merger) -> Core:
    """Return the parties that were grouped by content, or else those of the first track.

    A standing value that two parties grouped by content share is news about them. One
    that parties share who were grouped by such values counts only where it is common.
    """
    by_content = [track.members for track in merger.tracks if track.route in BY_CONTENT]
    if by_content:
        return Core(np.unique(np.concatenate(by_content)), 1)
    members = merger.tracks[0].members
    return Core(members, max(MINIMUM_USERS, members.size // COMMON_ONE_IN))


def is_still_linked(verdict: Verdict, replay: Replay, level: float) -> bool:
    """Whether the listed members themselves are shown to be operated together.

    Where they are no longer mostly the tracked group its evidence is about somebody else, and
    they must reach its level by what they share now. This only shortens the list of pools.

    Parameters:
        verdict: A pool.
        replay: At its last step.
        level: log10 of the e-value that put its tracked group on the list.
    """
    if verdict.members.size < replay.settings.minimum_parties:
        return False
    if verdict.evidence_of_parties is None:
        return True
    members = np.sort(verdict.members)
    (lines,) = replay.apart.test([members], LASTING[verdict.lead.route])
    return combine(lines, members.size) >= level


def is_still_unlike(verdict: Verdict, replay: Replay) -> bool:
    """Whether the listed members themselves use the model unlike honest operators.

    A group changes after its discovery. Where the listed members are no longer mostly the
    tracked group, being a part of it or what other campaigns left of it, its evidence is about
    somebody else, and they must reach its level by their own. This only shortens the list of
    campaigns. What the whole group passes around is not public for its parts either: two
    operators that harvest with the same prompts excuse nobody.
    """
    if verdict.members.size < _FEWEST_PARTIES:
        return False
    lead, members = verdict.lead, np.sort(verdict.members)
    needed = STILL_LOG10_E if verdict.evidence_of_parties is None else lead.threshold
    circle = np.union1d(members, lead.members)
    return replay.examine_use(members, circle, lead).log10_e >= needed

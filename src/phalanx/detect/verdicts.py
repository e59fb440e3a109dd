"""From tracked groups to the five lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.detect.groups import ContentHistory
from phalanx.detect.links import MISSING, STANDING_FAMILIES, Evening
from phalanx.detect.membership import content_log_ratio, membership, standing_log_ratio
from phalanx.detect.operators import split_operators
from phalanx.detect.replay import ReplaySettings, Track, decide
from phalanx.evidence import e_benjamini_hochberg

_FEWEST_PARTIES = 2

CONFIDENT = 0.9
"""Posterior probability from which a party is listed as a member of a group."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Tracks that are about the same parties, with the members that are sure."""

    tracks: tuple[Track, ...]
    """The one that named the parties first; it carries the judgement."""

    members: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]

    @property
    def lead(self) -> Track:
        """The track that carries the judgement."""
        return self.tracks[0]


@dataclass(frozen=True, slots=True)
class Sorting:
    """Where each tracked group went."""

    campaigns: tuple[Verdict, ...]
    pools: tuple[Verdict, ...]
    undecided: tuple[Track, ...]


def sort_tracks(
    tracks: Sequence[Track],
    evening: Evening,
    history: ContentHistory,
    exchanges: npt.NDArray[np.float32],
    settings: ReplaySettings,
) -> Sorting:
    """Sort tracked groups by e-BH: both nulls rejected, only `apart` rejected, neither.

    Parameters:
        tracks: All groups ever opened.
        evening: The last evening.
        history: What was sent until then.
        exchanges: Exchanges of each party until then.
        settings: Of the replay.
    """
    weights = np.array([track.opening_size for track in tracks], dtype=np.float64)
    is_campaign = decide(tracks, settings.false_discovery_rate).rejected
    is_pool = e_benjamini_hochberg(
        np.array([track.log10_e_apart for track in tracks]),
        settings.false_discovery_rate,
        weights,
    ).rejected
    found = [t for t, yes in zip(tracks, is_campaign, strict=True) if yes]
    campaigns = [
        verdict
        for merger in _merged(found, evening.population.parties.count)
        for verdict in _verdicts(merger, evening, history, exchanges, settings)
    ]
    campaigns = _disjoint(campaigns, evening.population.parties.count)
    taken = np.zeros(evening.population.parties.count, dtype=np.bool_)
    for verdict in campaigns:
        taken[verdict.members] = True
    linked = [
        t
        for t, campaign, pool in zip(tracks, is_campaign, is_pool, strict=True)
        if pool and not campaign and 2 * np.count_nonzero(taken[t.members]) < t.members.size
    ]
    pools = [
        verdict
        for merger in _merged(linked, evening.population.parties.count)
        for verdict in _verdicts(merger, evening, history, exchanges, settings)
    ]
    pools = _disjoint(pools, evening.population.parties.count)
    listed = {id(t) for verdict in (*campaigns, *pools) for t in verdict.tracks}
    undecided = [
        t
        for t in tracks
        if id(t) not in listed and 2 * np.count_nonzero(taken[t.members]) < t.members.size
    ]
    return Sorting(tuple(campaigns), tuple(pools), tuple(undecided))


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
            disjoint.append(
                Verdict(verdict.tracks, verdict.members[kept], verdict.confidence[kept])
            )
    return disjoint


def _merged(tracks: Sequence[Track], parties: int) -> list[_Merger]:
    """Put tracks together that are about the same parties.

    Two campaigns may send the same public prompts, or share hours and days of birth by
    chance; then one group of either route spans both. Where it covers several discovered
    groups of the other route, those are the campaigns, and it only adds evidence.
    """
    whole = [track for track in tracks if not _spans_several(track, tracks)]
    rest = [track for track in tracks if _spans_several(track, tracks)]
    mergers: list[_Merger] = []
    for track in sorted(whole, key=lambda t: (t.route, -t.log10_e, -t.log10_e_apart, t.number)):
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
    for track in rest:
        for merger in mergers:
            if merger.shares_half(track.members):
                merger.tracks.append(track)
    return mergers


def _spans_several(track: Track, tracks: Sequence[Track]) -> bool:
    """Whether at least two disjoint groups of the other route lie mostly inside."""
    inside: list[npt.NDArray[np.int64]] = []
    for other in tracks:
        shared = np.intersect1d(other.members, track.members)
        if (
            other.route != track.route
            and 2 * shared.size >= other.members.size
            and 4 * shared.size <= 3 * track.members.size
            and not any(np.isin(shared, earlier).any() for earlier in inside)
        ):
            inside.append(shared)
    return len(inside) >= 2


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


def _verdicts(
    merger: _Merger,
    evening: Evening,
    history: ContentHistory,
    exchanges: npt.NDArray[np.float32],
    settings: ReplaySettings,
) -> list[Verdict]:
    """Split into operators, and keep the members of which the posterior is sure."""
    union = np.flatnonzero(merger.inside)
    content = content_log_ratio(history, exchanges, merger.tracks[0].members)
    verdicts = []
    for part in split_operators(evening, union, settings.minimum_parties, settings.seed):
        standing = standing_log_ratio(evening, STANDING_FAMILIES, part)
        confidence = membership(content[part], standing, evening.population.parties.count)
        kept = confidence >= CONFIDENT
        order = np.argsort(-confidence[kept], kind="stable")
        verdicts.append(Verdict(tuple(merger.tracks), part[kept][order], confidence[kept][order]))
    return verdicts

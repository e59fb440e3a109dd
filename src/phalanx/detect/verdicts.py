"""From tracked groups to the five lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.detect.groups import ContentHistory
from phalanx.detect.links import STANDING_FAMILIES, Evening
from phalanx.detect.membership import content_log_ratio, membership, standing_log_ratio
from phalanx.detect.replay import Track, decide
from phalanx.evidence import e_benjamini_hochberg

CONFIDENT = 0.9
"""Posterior probability from which a party is listed as a member of a group."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Tracks that are about the same parties, with the members that are sure."""

    tracks: tuple[Track, ...]
    """Strongest first."""

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
    false_discovery_rate: float,
) -> Sorting:
    """Sort tracked groups by e-BH: both nulls rejected, only `apart` rejected, neither.

    Parameters:
        tracks: All groups ever opened.
        evening: The last evening.
        history: What was sent until then.
        exchanges: Exchanges of each party until then.
        false_discovery_rate: For either list.
    """
    weights = np.array([track.opening_size for track in tracks], dtype=np.float64)
    is_campaign = decide(tracks, false_discovery_rate).rejected
    is_pool = e_benjamini_hochberg(
        np.array([track.log10_e_apart for track in tracks]), false_discovery_rate, weights
    ).rejected
    found = [t for t, yes in zip(tracks, is_campaign, strict=True) if yes]
    campaigns = [
        _verdict(group, evening, history, exchanges)
        for group in _merged(found, evening.population.parties.count)
    ]
    campaigns = [verdict for verdict in campaigns if verdict.members.size >= 2]
    taken = np.zeros(evening.population.parties.count, dtype=np.bool_)
    for verdict in campaigns:
        taken[verdict.members] = True
    linked = [
        t
        for t, campaign, pool in zip(tracks, is_campaign, is_pool, strict=True)
        if pool and not campaign and 2 * np.count_nonzero(taken[t.members]) < t.members.size
    ]
    pools = [
        _verdict(group, evening, history, exchanges)
        for group in _merged(linked, evening.population.parties.count)
    ]
    pools = [verdict for verdict in pools if verdict.members.size >= 2]
    listed = {id(t) for verdict in (*campaigns, *pools) for t in verdict.tracks}
    undecided = [
        t
        for t in tracks
        if id(t) not in listed and 2 * np.count_nonzero(taken[t.members]) < t.members.size
    ]
    return Sorting(tuple(campaigns), tuple(pools), tuple(undecided))


def _merged(tracks: Sequence[Track], parties: int) -> list[list[Track]]:
    """Put tracks together that share most of the smaller one, strongest first."""
    merged: list[tuple[npt.NDArray[np.bool_], list[Track]]] = []
    for track in sorted(tracks, key=lambda t: (-t.log10_e, -t.log10_e_apart, t.number)):
        for inside, group in merged:
            shared = int(np.count_nonzero(inside[track.members]))
            if 2 * shared >= min(track.members.size, int(inside.sum())):
                inside[track.members] = True
                group.append(track)
                break
        else:
            inside = np.zeros(parties, dtype=np.bool_)
            inside[track.members] = True
            merged.append((inside, [track]))
    return [group for _, group in merged]


def _verdict(
    tracks: list[Track],
    evening: Evening,
    history: ContentHistory,
    exchanges: npt.NDArray[np.float32],
) -> Verdict:
    """Keep the members of which the posterior is sure."""
    union = np.unique(np.concatenate([track.members for track in tracks]))
    content = content_log_ratio(history, exchanges, tracks[0].members)[union]
    standing = standing_log_ratio(evening, STANDING_FAMILIES, union)
    confidence = membership(content, standing, evening.population.parties.count)
    kept = confidence >= CONFIDENT
    order = np.argsort(-confidence[kept], kind="stable")
    return Verdict(tuple(tracks), union[kept][order], confidence[kept][order])

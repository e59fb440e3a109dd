"""Blocks of a listed group: members who write from texts of their own.

Whoever wants others accused sends their template among his own traffic, and registers when
they did or goes through their network. Then they are grouped with him, and share what he
shares. But they do not send what he sends besides, and they use the model as honest people
do. So each block must show by itself what the group has shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import mannwhitneyu

from phalanx.detect.groups import Incidence, communities, content_incidence, groups_of
from phalanx.detect.replay import Replay
from phalanx.detect.verdict import Verdict

_HARVESTS_LESS_P = 0.01
"""Level of the rank test on whether a block harvests less than the other members."""

_CLEARLY_LESS = 2 / 3
"""Share of the others' evidence below which a block shows clearly less."""

_NOBODY = np.zeros(0, dtype=np.int64)


def blocks_of(
    members: npt.NDArray[np.int64], texts: Incidence, parties: int, minimum: int, seed: int
) -> list[npt.NDArray[np.int64]]:
    """Tell apart members that share texts mostly with each other.

    Parameters:
        members: Parties of a group.
        texts: Links of all parties to content values.
        parties: Number of parties.
        minimum: Fewest members of a block; those of smaller ones are in none.
        seed: Fixes the result.

    Returns:
        Members of each block, ascending.

    Examples:
        >>> party, value = np.array([[0, 1, 2, 0, 3, 4, 5], [0, 0, 0, 1, 1, 1, 1]])
        >>> texts = Incidence(party, value, np.array([0.8, 1, 1, 0.2, 1, 1, 1]))
        >>> [block.tolist() for block in blocks_of(np.arange(6), texts, 6, 3, 0)]
        [[0, 1, 2], [3, 4, 5]]
    """
    inside = np.zeros(parties, dtype=np.bool_)
    inside[members] = True
    among = inside[texts.party]
    links = Incidence(texts.party[among], texts.value[among], texts.weight[among])
    return groups_of(communities(links, parties, seed), minimum)


def without_honest_blocks(verdicts: Sequence[Verdict], replay: Replay) -> Iterator[Verdict]:
    """Leave out blocks of members who use the model as honest operators do.

    A block that harvests less than the other members do is not what the evidence is about: its
    scores are lower beyond chance (null hypothesis: exchangeable with theirs; rank test of Mann
    and Whitney), and it shows clearly less evidence than the others would at its size, which
    grows with the root of the number of members. It stays only where it reaches the level of a
    campaign by itself. This only shortens lists of members. Members in no block are too few to
    be told apart from the others, and stay.

    Parameters:
        verdicts: Listed groups.
        replay: At its last step.
    """
    settings = replay.settings
    texts = content_incidence(replay.sent, replay.exchanges)
    parties = replay.moment.population.parties.count
    for verdict in verdicts:
        blocks = blocks_of(verdict.members, texts, parties, settings.minimum_parties, settings.seed)
        honest = [
            block
            for block in blocks
            if block.size < verdict.members.size and _is_honest(block, verdict, replay)
        ]
        is_left = ~np.isin(verdict.members, np.concatenate([_NOBODY, *honest]))
        yield verdict if is_left.all() else verdict.keep(np.flatnonzero(is_left))


def _is_honest(block: npt.NDArray[np.int64], verdict: Verdict, replay: Replay) -> bool:
    """Whether a block of members does not show what it must."""
    lead = verdict.lead
    circle = np.union1d(verdict.members, lead.members)
    others = np.setdiff1d(verdict.members, block)
    own, theirs = (replay.harvest_scores(each, circle, lead) for each in (block, others))
    if own.size == 0 or theirs.size == 0:
        return False
    if mannwhitneyu(own, theirs, alternative="less").pvalue > _HARVESTS_LESS_P:
        return False
    shown, by_others = (replay.examine_use(each, circle, lead) for each in (block, others))
    at_its_size = by_others.log10_e * float(np.sqrt(shown.members / by_others.members))
    return shown.log10_e < min(lead.threshold, _CLEARLY_LESS * at_its_size)

"""One replay of an honest log, decided at several levels.

Which groups are formed, and what is found out about them, does not depend on the rate that
the list is held to. So a log is replayed once, and every step is decided at every level.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.aggregates import aggregate
from phalanx.detect.facts import FactFinder
from phalanx.detect.narrow import Narrowing, narrow
from phalanx.detect.population import Population, build_population
from phalanx.detect.replay import Replay
from phalanx.detect.replay_state import ReplaySettings
from phalanx.detect.single import single_parties
from phalanx.detect.tables import openings
from phalanx.detect.track import Track, decide
from phalanx.detect.verdict import Verdict
from phalanx.detect.verdicts import sort_tracks
from phalanx.evidence import LINKED_LOG10_E
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.engine import DuckDBEngine

LEVELS = (0.01, 0.05, 0.1)
"""False discovery rates that are decided at; of an honest log every discovery is false."""

_STEP_HOURS = 6
_MINIMUM_PARTIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """What was found out about one honest group."""

    route: str
    traffic_class: str
    """What most of its accounts ask for."""

    parties: int
    log10_e_apart: float
    """Over the looks; minus infinity where it was never asked for."""

    log10_e_honest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLevel:
    """What was listed at one level."""

    campaigns: tuple[str, ...]
    """Traffic class of each listed campaign, at the end of the log."""

    discovered: tuple[str, ...]
    """Traffic class of each group that was a discovery after some step."""

    pools: tuple[str, ...]
    parties: int
    """Single suspicious parties."""

    nearest_log10: float
    """Largest evidence against honest use of any linked group after any step, less what was
    needed of it then; minus infinity where none was linked and asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HonestReplay:
    """Everything that one honest log gave."""

    exchanges: int
    parties: int
    days: int
    reference: int
    groups: tuple[GroupFigures, ...]
    levels: Mapping[float, AtLevel]
    cpu_seconds: float


def replay_honest(exchanges: pa.Table, labels: pa.Table) -> tuple[HonestReplay, Replay]:
    """Replay an honest log; also return the replay itself, at its last step.

    Parameters:
        exchanges: In native columns.
        labels: Traffic class of each account.
    """
    start = time.process_time()
    class_of = dict(
        zip(labels["account_id"].to_pylist(), labels["traffic_class"].to_pylist(), strict=True)
    )
    with DuckDBEngine(memory_limit_bytes=1_000_000_000, threads=1) as engine:
        kernel = Narrowing(key=None, keep_excerpts=False, step_hours=_STEP_HOURS)
        table, names = narrow(engine, open_log(exchanges, ReadOptions()), kernel)
        aggregates = aggregate(table, _STEP_HOURS)
        population = build_population(aggregates, names, {}, _STEP_HOURS)
        replay = Replay(population, ReplaySettings(LEVELS[0], _MINIMUM_PARTIES, 0, 1, None))
        discovered: dict[float, set[int]] = {level: set() for level in LEVELS}
        nearest = dict.fromkeys(LEVELS, float("-inf"))
        for _ in replay.run():
            for level in LEVELS if replay.tracks else ():
                numbers, slack = _decided(replay.tracks, level)
                discovered[level].update(numbers)
                nearest[level] = max(nearest[level], slack)
        finder = FactFinder(
            population,
            names,
            aggregates.models,
            lambda groups: openings(table, groups),
            np.zeros(len(population.account_names), dtype=np.bool_),
        )
        classes = _Classes(population, class_of)
        levels = {}
        for level in LEVELS:
            replay.settings = replace(replay.settings, false_discovery_rate=level)
            sorting = sort_tracks(replay.tracks, replay)
            levels[level] = AtLevel(
                campaigns=classes.of_verdicts(sorting.campaigns),
                discovered=tuple(
                    classes.most(replay.tracks[n].members) for n in sorted(discovered[level])
                ),
                pools=classes.of_verdicts(sorting.pools),
                parties=len(single_parties(population, replay, finder, level)),
                nearest_log10=nearest[level],
            )
    figures = HonestReplay(
        exchanges=exchanges.num_rows,
        parties=population.parties.count,
        days=population.days,
        reference=replay.reference_size(),
        groups=tuple(
            GroupFigures(
                route=track.route,
                traffic_class=classes.most(track.members),
                parties=track.opening_size,
                log10_e_apart=track.log10_e_apart,
                log10_e_honest=track.log10_e_honest,
            )
            for track in replay.tracks
        ),
        levels=levels,
        cpu_seconds=time.process_time() - start,
    )
    return figures, replay


def _decided(tracks: Sequence[Track], level: float) -> tuple[list[int], float]:
    """Return the discoveries after a step, and how near the nearest linked group came."""
    outcome = decide(tracks, level)
    honest = np.array([track.log10_e_honest for track in tracks])
    linked = np.array([track.log10_e_apart >= LINKED_LOG10_E for track in tracks])
    slack = honest[linked] - outcome.threshold_log10_e[linked]
    return np.flatnonzero(outcome.rejected).tolist(), float(slack.max(initial=float("-inf")))


class _Classes:
    """What parties mostly ask for."""

    def __init__(self, population: Population, class_of: Mapping[str, str]) -> None:
        """Take the class of each party's first account."""
        first = population.parties.first_account
        self._of_party = [class_of[population.account_names[int(account)]] for account in first]

    def most(self, parties: npt.NDArray[np.int64]) -> str:
        """Return the class that most of these parties are of."""
        return Counter(self._of_party[int(party)] for party in parties).most_common(1)[0][0]

    def of_verdicts(self, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
        """Return the class of each listed group."""
        return tuple(self.most(verdict.members) for verdict in verdicts)

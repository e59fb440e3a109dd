"""Single suspicious parties: declared parties whose use alone is unlike honest use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.facts import FactFinder
from phalanx.detect.honest import examine_operator
from phalanx.detect.lines import honest_line
from phalanx.detect.population import Population
from phalanx.detect.replay import Replay
from phalanx.evidence import e_benjamini_hochberg
from phalanx.model import Judgement, SuspiciousParty

BUSIEST = 20
"""Parties that are examined for their volume on the first day alone."""


def examined(population: Population, minimum_accounts: int = 5) -> npt.NDArray[np.int64]:
    """Return the parties that are tested alone, chosen by what the first day shows.

    Declared parties with at least `minimum_accounts` accounts, and the busiest parties.
    Few hypotheses keep the level within reach of the reference.
    """
    end = min(population.steps_per_day, population.steps) - 1
    first_day = population.activity.total("exchanges", 0, end)
    busiest = np.argsort(-first_day, kind="stable")[:BUSIEST]
    declared = np.flatnonzero(population.parties.sizes >= minimum_accounts)
    return np.union1d(declared, busiest[first_day[busiest] > 0])


def single_parties(
    population: Population, replay: Replay, finder: FactFinder, false_discovery_rate: float
) -> tuple[SuspiciousParty, ...]:
    """Test each examined party against honest operators on the days after the first."""
    first, last = population.steps_per_day, population.steps - 1
    if last < first:
        return ()
    candidates = examined(population)
    view = replay.use_between(first, last)
    evidence = [examine_operator(view, int(party), replay.operators) for party in candidates]
    outcome = e_benjamini_hochberg(
        np.array([item.log10_e for item in evidence]), false_discovery_rate
    )
    found = []
    for position in np.flatnonzero(outcome.rejected):
        members = candidates[position : position + 1]
        ones = np.ones(1)
        level = evidence[position].log10_e
        found.append(
            SuspiciousParty(
                party_id=population.parties.names[int(members[0])],
                facts=finder.facts(members, ones, ones, 0, finder.templates([members])[0]),
                judgement=Judgement(
                    log10_e=0.0,
                    log10_e_apart=0.0,
                    log10_e_honest=level,
                    threshold_log10_e=float(outcome.threshold_log10_e[position]),
                    formed_at=population.end_of(first - 1),
                    discovered_at=population.end_of(last),
                    served_before_discovery=finder.exchanges_until(members, last),
                    evidence=(honest_line(evidence[position]),),
                ),
            )
        )
    return tuple(found)

"""Hours of the week, and how likely strangers keep the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from phalanx.detect.attribution.hours import HOURS, picked_hours, rank_among_parties, similarity
from phalanx.detect.population import Population

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday


def test_the_week_begins_on_monday(aggregated: Callable[..., Population]) -> None:
    """An exchange on Tuesday at 15:20 falls into hour 39."""
    times = [START + timedelta(days=1, hours=15, minutes=20), START]
    log = pa.table(
        {
            "timestamp": times,
            "account_id": ["tuesday", "monday"],
            "model": ["m", "m"],
            "prompt": ["a question of six or more words", "another one"],
        }
    )
    population = aggregated(log)
    party, hour = picked_hours(population)
    names = [population.parties.names[p] for p in party]
    assert dict(zip(names, hour.tolist(), strict=True)) == {"tuesday": 39, "monday": 0}


def test_similarity_bears_a_shift_of_an_hour_and_no_more() -> None:
    """A start that moves a little is the same habit; the other half of the day is not."""
    profile = np.zeros(HOURS)
    profile[[9, 33, 57]] = 1 / 3
    weeks = np.vstack([np.roll(profile, shift) for shift in (0, 1, 12)])
    same, later, other = similarity(weeks, profile)
    assert same == 1.0
    assert later > 0.4
    assert other == 0.0


def test_a_group_like_all_others_is_not_near_the_profile() -> None:
    """Ranks of groups that are drawn as parties are lie evenly enough: few are below 0.05."""
    draw = np.random.default_rng(2)
    office = np.tile(np.r_[np.full(8, 0.2), np.full(10, 3.0), np.full(6, 0.6)], 7)
    wants = draw.dirichlet(office, 700)
    parties = np.array([draw.multinomial(20, week) for week in wants[:600]], dtype=np.float64)
    ranks = []
    for number in range(100):
        group = draw.multinomial(400, wants[600 + number % 100]).astype(np.float64)
        ranks.append(rank_among_parties(group, parties, draw.dirichlet(office)))
    assert np.mean(np.array(ranks) <= 0.05) <= 0.05


def test_the_actor_itself_ranks_first() -> None:
    """A group with the hours of the profile is nearer than nearly all parties."""
    draw = np.random.default_rng(3)
    profile = draw.dirichlet(np.full(HOURS, 0.05))
    parties = draw.multinomial(20, np.full(HOURS, 1 / HOURS), 300).astype(np.float64)
    group = draw.multinomial(400, profile).astype(np.float64)
    assert rank_among_parties(group, parties, profile) < 0.02

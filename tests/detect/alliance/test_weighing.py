"""Marks weigh groups by what they say, and never enter the evidence on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.alliance.forming import groups_of_marks
from phalanx.detect.alliance.weighing import Weighing, log_ratio
from phalanx.detect.apart import TESTED_BY, ApartTest, combine
from phalanx.detect.links import IDENTITY_FAMILIES, MISSING, Moment
from phalanx.detect.population import Population
from phalanx.detect.replay import Replay
from phalanx.detect.replay_state import ReplaySettings
from phalanx.detect.route import Route
from phalanx.detect.simulate import SimulationConfig, simulate
from phalanx.detect.track import Track
from phalanx.detect.verdicts import sort_tracks

Marked = Callable[..., Population]


@pytest.fixture(scope="module")
def population(aggregated: Callable[..., Population]) -> Population:
    """Return an honest population of every class."""
    config = SimulationConfig(benign_accounts=500, campaigns=(), days=8, seed=41)
    return aggregated(simulate(config).exchanges)


def accounts_of(population: Population, parties: npt.NDArray[np.int64]) -> list[str]:
    """Return the first account of each party."""
    return [population.account_names[a] for a in population.parties.first_account[parties]]


def end_of(population: Population) -> Moment:
    """Return the last moment, without communities of texts."""
    nobody = np.full(population.parties.count, MISSING, dtype=np.int64)
    return Moment(population, population.steps - 1, nobody)


@given(st.integers(2, 400), st.data())
def test_what_chance_explains_says_nothing(parties: int, data: st.DataObject) -> None:
    """The ratio is finite, not below one, and one where a group holds no more than expected."""
    size = data.draw(st.integers(1, parties))
    carriers = data.draw(st.integers(0, parties))
    marked = data.draw(st.integers(max(0, size + carriers - parties), min(size, carriers)))
    ratio = log_ratio(np.array([marked]), size, np.array([carriers]), parties)[0]
    assert np.isfinite(ratio)
    assert ratio >= 0.0
    if marked * parties <= size * carriers:
        assert ratio == 0.0


@pytest.mark.parametrize("share", [0.0, 0.01, 0.05, 0.2])
def test_random_marks_form_groups_without_evidence(
    share: float, population: Population, marked: Marked
) -> None:
    """Groups of honest parties that a list names at random average to e = 1 at most."""
    generator = np.random.default_rng(7)
    size = max(5, int(share * population.parties.count))
    log10_es = []
    for _ in range(60):
        listed = generator.choice(population.parties.count, size, replace=False)
        rows = [(account, "x", "phone") for account in accounts_of(population, listed)]
        moment = end_of(marked(population, rows))
        (group,) = groups_of_marks(moment, 5, templates=False)
        (lines,) = ApartTest(moment).test([group], TESTED_BY["mark"])
        log10_es.append(combine(lines, group.size))
    e = 10.0 ** np.array(log10_es)
    assert e.mean() <= 1.0 + 3.0 * e.std() / np.sqrt(e.size)
    assert np.mean(e >= 10.0) <= 0.1 + 3.0 * np.sqrt(0.09 / e.size)


def test_marks_draw_in_who_shares_their_cards(population: Population, marked: Marked) -> None:
    """Unmarked parties that share rare values of marked ones stand in their group."""
    moment = end_of(population)
    best: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    for family in IDENTITY_FAMILIES[:2]:
        (level,) = family.values(moment)
        users = np.bincount(level[level != MISSING])
        fitting = np.flatnonzero((users >= 4) & (users <= 6))
        if fitting.size:
            best = np.flatnonzero(level == fitting[0])
            break
    assert best.size
    rows = [(account, "x", "account") for account in accounts_of(population, best[:3])]
    groups = groups_of_marks(end_of(marked(population, rows)), 3, templates=False)
    assert np.isin(best[:3], groups[0]).all()


def track(route: Route, members: npt.NDArray[np.int64], step: int = 8) -> Track:
    """Return a group that nobody has looked at."""
    return Track(route, 0, step, members, members)


def test_a_mark_that_a_testing_family_was_read_from_is_named(
    population: Population, marked: Marked
) -> None:
    """A card's mark takes the family of cards out of the evidence that it weighs."""
    parties = np.arange(6)
    kinds = ["payment", "email", "phone", "account", "device", "phone"]
    accounts = accounts_of(population, parties)
    rows = [(account, "x", kind) for account, kind in zip(accounts, kinds, strict=True)]
    said = Weighing(marked(population, rows)).marked(track("content", parties))
    assert said
    assert said.read_from == ("PHX-D002", "PHX-D004", "PHX-D005")
    assert said.held_share == 1.0


@pytest.mark.parametrize(
    ("route", "weighs"),
    [("content", True), ("template_mark", True), ("identity", False), ("birth", False)],
)
def test_templates_weigh_groups_of_content_only(
    route: Route, population: Population, marked: Marked, *, weighs: bool
) -> None:
    """They are read from what parties send, and never weigh evidence on use."""
    parties = np.arange(6)
    seen = datetime(2026, 3, 2, tzinfo=UTC)
    rows = [(account, "x", "template") for account in accounts_of(population, parties)]
    said = Weighing(marked(population, rows, seen)).marked(track(route, parties))
    assert bool(said) == weighs
    assert said is None or said.log_ratio_apart > said.log_ratio_honest == 0.0


def test_a_template_is_weaker_than_a_card(population: Population, marked: Marked) -> None:
    """The same parties, marked by templates, weigh the root of what cards weigh."""
    parties = np.arange(6)
    accounts = accounts_of(population, parties)
    seen = datetime(2026, 3, 2, tzinfo=UTC)
    group = track("content", parties)
    by_card = marked(population, [(account, "x", "payment") for account in accounts])
    by_template = marked(population, [(account, "x", "template") for account in accounts], seen)
    card, template = (Weighing(by).marked(group) for by in (by_card, by_template))
    assert card
    assert template
    assert 0.0 < template.log_ratio_apart <= card.log_ratio_apart / 2.0 + 1e-9


def replayed(population: Population) -> Replay:
    """Return a replay of all steps at a tenth."""
    replay = Replay(population, ReplaySettings(0.1, 5, 0, 1, None))
    for _ in replay.run():
        pass
    return replay


def hostile_lists(population: Population) -> dict[str, Sequence[tuple[str, str, str]]]:
    """Return lists that name honest parties, by chance and as well as a liar could."""
    generator = np.random.default_rng(2)
    everybody = np.arange(population.parties.count)
    chosen = generator.choice(everybody, everybody.size // 5, replace=False)
    plain = replayed(population)
    worst = sorted(plain.tracks, key=lambda t: -max(t.linked_log10_e, 0.0))[:8]
    return {
        "a fifth": [(a, "x", "phone") for a in accounts_of(population, chosen)],
        "everybody, each in a campaign": [
            (a, f"x{place // 6}", "email")
            for place, a in enumerate(accounts_of(population, everybody))
        ],
        "the groups that look worst here": [
            (account, f"x{each.number}", "account")
            for each in worst
            for account in accounts_of(population, each.members)
        ],
    }


def test_hostile_lists_accuse_nobody(population: Population, marked: Marked) -> None:
    """Lists of honest customers list no campaign, at a rate of a tenth."""
    for rows in hostile_lists(population).values():
        replay = replayed(marked(population, rows))
        assert any(each.route == "mark" for each in replay.tracks)
        assert not sort_tracks(replay.tracks, replay).campaigns


def test_marks_change_no_evidence_of_other_groups(population: Population, marked: Marked) -> None:
    """Every group that marks did not form shows what it shows without them."""
    rows = [(a, "x", "email") for a in accounts_of(population, np.arange(40))]
    plain, with_marks = replayed(population), replayed(marked(population, rows))
    others = [each for each in with_marks.tracks if each.route != "mark"]
    assert [each.log10_apart for each in others] == [each.log10_apart for each in plain.tracks]

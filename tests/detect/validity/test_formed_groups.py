"""Groups as a scan forms them, of parties that are operated apart: what did not form them.

The log is a simulated honest one and its groups are those that each route formed. What the
testing families see is shuffled within strata, so that their null is true, again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.detect.apart import TESTED_BY, ApartTest, combine
from phalanx.detect.formation import Formation, Formations, Group
from phalanx.detect.links import Moment
from phalanx.detect.population import Population
from phalanx.detect.route import Route
from phalanx.detect.track import Track, decide
from phalanx.evidence import LOOKS, weighted_looks

Floats = npt.NDArray[np.float64]
Shuffle = Callable[[Moment, np.random.Generator], Moment]

FORMED_STEP = 8


@dataclass(frozen=True, slots=True)
class Formed:
    """What was formed after one step of an honest log."""

    moment: Moment
    groups: dict[Route, list[Group]]


@pytest.fixture(scope="module")
def formed(honest: Population) -> Formed:
    """Return the groups of five parties and more that each route forms after two days."""
    steps = [step for step in range(honest.steps) if honest.forms_after(step)]
    formations: Iterator[Formation] = iter(Formations(honest, 5, 0, 1))
    for step in steps:
        formation = next(formations)
        if step == FORMED_STEP:
            break
    moment = Moment(honest, FORMED_STEP, formation.communities)
    return Formed(moment, {route: list(found) for route, found in formation.groups.items()})


def at(moment: Moment, step: int) -> Moment:
    """Return a later moment of the same shuffled population."""
    return Moment(moment.population, step, moment.communities)


def log10_e_apart(moment: Moment, route: Route, groups: list[Group]) -> list[float]:
    """Return the evidence of one look at each group."""
    lines = ApartTest(moment).test(groups, TESTED_BY[route])
    return [combine(line, group.size) for line, group in zip(lines, groups, strict=True)]


def draws(formed: Formed, shuffle: Shuffle, route: Route, times: int) -> Floats:
    """Return e at one look, one row for each shuffle and one column for each group."""
    generator = np.random.default_rng(17)
    rows = [
        log10_e_apart(shuffle(formed.moment, generator), route, formed.groups[route])
        for _ in range(times)
    ]
    return 10.0 ** np.array(rows)


@pytest.mark.parametrize("route", ["content", "identity"])
def test_what_did_not_form_a_group_says_nothing(
    route: Route,
    formed: Formed,
    operated_apart: Shuffle,
    calibrated: Callable[[Floats], bool],
) -> None:
    """Over shuffles of all they carry, honest classes, offices and lessons included, e holds."""
    assert formed.groups[route]
    e = draws(formed, operated_apart, route, 60)
    assert calibrated(e.ravel())


@pytest.mark.slow
@pytest.mark.parametrize("route", ["content", "identity"])
def test_what_did_not_form_a_group_says_nothing_on_many_draws(
    route: Route,
    formed: Formed,
    operated_apart: Shuffle,
    calibrated: Callable[[Floats], bool],
) -> None:
    """The same over at least 10,000 draws."""
    times = -(-10_000 // len(formed.groups[route]))
    assert calibrated(draws(formed, operated_apart, route, times).ravel())


def largest_over_looks(
    formed: Formed, shuffle: Shuffle, route: Route, times: int
) -> npt.NDArray[np.float64]:
    """Return the weighted e after the last look of each group: it never falls before that."""
    generator = np.random.default_rng(18)
    groups = formed.groups[route]
    ends = []
    for _ in range(times):
        moment = shuffle(formed.moment, generator)
        steps = [FORMED_STEP + look for look in LOOKS if look]
        looks = np.array(
            [
                log10_e_apart(at(moment, step), route, groups)
                for step in steps
                if step < moment.population.steps
            ]
        )
        ends.append([weighted_looks([float("-inf"), *column.tolist()]) for column in looks.T])
    return 10.0 ** np.array(ends)


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("route", ["content", "identity"])
def test_looking_again_costs_nothing(
    route: Route,
    formed: Formed,
    operated_apart: Shuffle,
    calibrated: Callable[[Floats], bool],
) -> None:
    """Values that stand still while new parties join are looked at six times and more."""
    times = -(-10_000 // len(formed.groups[route]))
    assert calibrated(largest_over_looks(formed, operated_apart, route, times).ravel())


RATE = 0.1


def track(number: int, size: int, log10_apart: float, log10_honest: float) -> Track:
    """Return a group with the evidence of one look that has all the weight."""
    found = Track("content", number, 0, np.arange(size), np.arange(size))
    for step in LOOKS:
        found.look(step, log10_apart, log10_honest)
    return found


@pytest.mark.slow
def test_the_rate_holds_on_mixtures(formed: Formed, operated_apart: Shuffle) -> None:
    """Linked campaigns, linked honest pools, and real groups that are apart: few are false."""
    generator = np.random.default_rng(19)
    groups = formed.groups["content"]
    shares = []
    for _ in range(400):
        apart = log10_e_apart(operated_apart(formed.moment, generator), "content", groups)
        uniform = generator.random(50)
        kappa = 0.2
        honest = np.log10(kappa) + (kappa - 1.0) * np.log10(uniform)
        tracks = [
            track(n, group.size, level, 9.0)
            for n, (group, level) in enumerate(zip(groups, apart, strict=True))
        ]
        tracks += [track(100 + n, 20, 12.0, float(level)) for n, level in enumerate(honest)]
        tracks += [track(200 + n, 40, 12.0, 9.0) for n in range(10)]
        rejected = np.flatnonzero(decide(tracks, RATE).rejected)
        false = np.count_nonzero(rejected < len(tracks) - 10)
        shares.append(false / max(rejected.size, 1))
    assert np.mean(shares) <= RATE + 3.0 * np.sqrt(RATE * (1 - RATE) / len(shares))
    assert np.mean(shares) > 0.0

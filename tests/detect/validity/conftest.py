"""Crowds of parties that are operated apart, and what every e-value of them must keep to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.detect.activity import NEVER, Activity
from phalanx.detect.codes import MISSING, coded
from phalanx.detect.links import Moment
from phalanx.detect.links.alike import strata_of
from phalanx.detect.links.family import VOLUME
from phalanx.detect.picked import PickedPrompts
from phalanx.detect.pivots import Pivots
from phalanx.detect.population import Population
from phalanx.detect.shared_use import SharedUse, shared_use
from phalanx.detect.simulate import SimulationConfig, simulate

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_DAY_US = 86_400_000_000
_COUNTRIES = 12
_NETWORKS = 5


def is_calibrated(e: Floats) -> bool:
    """Say whether the mean is at most one, and no tail too heavy, within three standard errors."""
    tails = [
        np.mean(e >= 1.0 / alpha) <= alpha + 3.0 * np.sqrt(alpha * (1 - alpha) / e.size)
        for alpha in (0.1, 0.01, 0.001)
    ]
    return bool(e.mean() <= 1.0 + 3.0 * e.std() / np.sqrt(e.size) and all(tails))


@pytest.fixture(scope="session")
def calibrated() -> Callable[[Floats], bool]:
    """Return the judgement on e-values that were drawn under their null."""
    return is_calibrated


@pytest.fixture(scope="session")
def honest(aggregated: Callable[..., Population]) -> Population:
    """Return a simulated honest population of every class."""
    config = SimulationConfig(benign_accounts=800, campaigns=(), days=8, seed=41)
    return aggregated(simulate(config).exchanges)


def zipf(generator: np.random.Generator, values: int, size: int) -> Ints:
    """Draw values some of which half the world carries and most of which are rare."""
    weights = 1.0 / np.arange(1, values + 1)
    return generator.choice(values, size, p=weights / weights.sum()) + 1


def own(generator: np.random.Generator, common: Ints, share: float) -> Ints:
    """Give most parties a value of their own, a share of them a common one."""
    alone = np.arange(common.size) + 10_000
    return np.where(generator.random(common.size) < share, common, alone)


def _crowd(population: Population, kind: str, seed: int) -> Moment:
    """Redraw all that parties carry; within its stratum, each value is drawn apart."""
    generator = np.random.default_rng(seed)
    size = population.parties.count
    country = zipf(generator, _COUNTRIES, size)
    network = country * _NETWORKS + zipf(generator, _NETWORKS, size)
    birth = -generator.exponential(150.0, size)
    subnet = network * 1_000 + zipf(generator, 300, size)
    payment = own(generator, zipf(generator, 40, size), 0.05)
    community = zipf(generator, 80, size)
    minute = (generator.normal(200.0 + 5 * country, 60.0, size) % 360).astype(np.int64)
    if kind == "release":
        # A third registers within hours, sends one public template, and most at noon.
        birth = np.where(generator.random(size) < 0.33, generator.exponential(0.2, size), birth)
        community = np.where(generator.random(size) < 0.4, 1, community)
        minute = np.where(generator.random(size) < 0.5, zipf(generator, 60, size), minute)
    if kind == "one address":
        # Carriers put whole networks behind few subnets; one bank issues most cards.
        subnet = network * 1_000 + zipf(generator, 3, size)
        payment = own(generator, zipf(generator, 3, size), 0.6)
    payment[generator.random(size) < 0.3] = 0
    attributes = {
        **population.attributes,
        "country": country,
        "asn": network,
        "payment": payment,
        "email": own(generator, zipf(generator, 12, size), 0.8),
        "subnet": subnet,
        "ip": own(generator, subnet * 4 + generator.integers(0, 4, size), 0.5),
        "tls": zipf(generator, 60, size),
        "parameters": zipf(generator, 400, size),
        "created": ((birth + 1_000.0) * _DAY_US).astype(np.int64),
    }
    changed = replace(
        population,
        attributes=attributes,
        codes={name: coded(hashes) for name, hashes in attributes.items()},
        shown={name: np.zeros(size, dtype=np.int64) for name in attributes},
        activity=_active_at(population.activity, minute, generator),
        signatures=_presented(np.arange(size), own(generator, zipf(generator, 60, size), 0.4)),
        picked=_written(population.picked, country, generator),
    )
    seen = np.where(generator.random(size) < 0.2, MISSING, community)
    last = population.steps - 1
    volume = Moment(changed, last, seen).strata(VOLUME)
    hazard = 0.7 if kind == "release" else 0.2
    changed = replace(changed, pivots=_moved(changed.activity, volume, hazard, generator))
    return Moment(changed, last, seen)


def _moved(
    activity: Activity, volume: Ints, hazard: float, generator: np.random.Generator
) -> Pivots:
    """Let parties move in the last steps, busy ones sooner; on a day of release most at once."""
    steps = range(activity.steps - 8, activity.steps)
    waiting = (activity.joined < steps[0]) & (generator.random(volume.size) < 0.8)
    rows = [np.zeros((0, 2), dtype=np.int64)]
    for step in steps:
        rate = np.where(step == steps[0], hazard, 0.2) * (1.0 + volume) / (1.0 + volume.max())
        moves = waiting & (activity.minutes_at(step) >= 0)
        moves &= generator.random(volume.size) < rate
        party = np.flatnonzero(moves)
        rows.append(np.column_stack([party, np.full(party.size, step)]))
        waiting &= ~moves
    party, step_of = np.concatenate(rows).T
    return Pivots(party, np.zeros(party.size, dtype=np.int64), step_of)


def _written(picked: PickedPrompts, country: Ints, generator: np.random.Generator) -> PickedPrompts:
    """Let each party write on a subject, of which its country prefers some."""
    subjects = generator.integers(-(2**62), 2**62, (_COUNTRIES + 1, 30))
    subject = subjects[country, zipf(generator, 29, country.size)][picked.party]
    # One sign in four is turned by how a prompt is worded.
    worded = [generator.integers(-(2**62), 2**62, subject.size) for _ in range(2)]
    return PickedPrompts(picked.party, picked.step, subject ^ (worded[0] & worded[1]), picked.draw)


def _presented(party: Ints, signature: Ints) -> SharedUse:
    """Let each party present one signature in the first step."""
    value = np.unique(signature, return_inverse=True)[1]
    once = np.ones(party.size, dtype=np.int64)
    return shared_use(
        party, value, 0 * once, {"exchanges": once}, (party.size, int(value.max()) + 1)
    )


@pytest.fixture(scope="session")
def presented() -> Callable[[Ints, Ints], SharedUse]:
    """Return what lets each party present one signature."""
    return _presented


def _active_at(activity: Activity, minute: Ints, generator: np.random.Generator) -> Activity:
    """Let most parties be active in the last step, each at its minute."""
    party = np.flatnonzero(generator.random(minute.size) < 0.8)
    before = int(activity.starts[-2])
    sent = activity.total("exchanges", 0, activity.steps - 2)[party]
    pace = sent / np.maximum(activity.active_steps(0, activity.steps - 2)[party], 1)
    # Equally busy until then, equally many now: whoever is in one octave of pace.
    volume = 1 + generator.poisson(2.0 ** np.floor(np.log2(np.maximum(pace, 1.0))))
    counts: Mapping[str, npt.NDArray[np.float32]] = {
        name: np.append(rows[:before], volume.astype(np.float32))
        for name, rows in activity.counts.items()
    }
    return Activity(
        starts=np.append(activity.starts[:-1], before + party.size),
        party=np.append(activity.party[:before], party),
        minute=np.append(activity.minute[:before], minute[party].astype(np.int32)),
        counts=counts,
        joined=activity.joined,
    )


@pytest.fixture(scope="session")
def crowd(honest: Population) -> Callable[[str, int], Moment]:
    """Return what draws a crowd: `everyday`, `release` or `one address`, by its seed."""
    return lambda kind, seed: _crowd(honest, kind, seed)


def permuted(values: Ints, strata: Ints, missing: int, generator: np.random.Generator) -> Ints:
    """Shuffle values among those of a stratum who carry one: the null of every link family."""
    carriers = np.flatnonzero(values != missing)
    by_stratum = carriers[np.argsort(strata[carriers], kind="stable")]
    shuffled = carriers[np.lexsort((generator.random(carriers.size), strata[carriers]))]
    changed = values.copy()
    changed[by_stratum] = values[shuffled]
    return changed


@pytest.fixture(scope="session")
def operated_apart() -> Callable[[Moment, np.random.Generator], Moment]:
    """Return what shuffles everything that parties carry, each family within its strata."""
    return _operated_apart


def _operated_apart(moment: Moment, generator: np.random.Generator) -> Moment:
    population = moment.population
    country, network = population.attributes["country"], population.attributes["asn"]
    changed = dict(population.attributes)
    for name in ("payment", "email", "tls", "parameters"):
        changed[name] = permuted(changed[name], country, 0, generator)
    # An address moves with its subnet.
    places = np.arange(network.size)
    moved = permuted(places, network, -1, generator)
    changed |= {name: changed[name][moved] for name in ("ip", "subnet")}
    activity = population.activity
    rows = slice(activity.starts[moment.step], activity.starts[moment.step + 1])
    minute = activity.minute.copy()
    of_step = minute[rows].astype(np.int64)
    minute[rows] = permuted(of_step, country[activity.party[rows]], NEVER, generator)
    changed["created"] = permuted(changed["created"], country, 0, generator)
    apart = replace(
        population,
        attributes=changed,
        codes={name: coded(hashes) for name, hashes in changed.items()},
        shown={name: np.zeros(country.size, dtype=np.int64) for name in changed},
        activity=replace(activity, minute=minute),
    )
    written = strata_of(country, population.picked.until(moment.step)[0])
    writer = permuted(np.arange(country.size), written, -1, generator)
    place = np.argsort(writer)
    picked = population.picked
    apart = replace(
        apart, picked=PickedPrompts(place[picked.party], picked.step, picked.signs, picked.draw)
    )
    texts = permuted(moment.communities, country, MISSING, generator)
    return Moment(apart, moment.step, texts)

"""Kinds of operator: odds that follow from measured features, traceable and calibrated."""

from __future__ import annotations

import math

import ibis
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.detect.aggregates import aggregate
from phalanx.detect.attribution.features import FEATURES, GroupMeasurer, Measured
from phalanx.detect.attribution.kinds import (
    KINDS,
    UNINFORMED,
    count_groups,
    judge,
    published_table,
)
from phalanx.detect.groups import own_content
from phalanx.detect.narrow import Narrowing, narrow
from phalanx.detect.population import Population, build_population
from phalanx.detect.simulate import (
    POOL_KINDS,
    CampaignPlan,
    PoolPlan,
    SimulationConfig,
    simulate,
)
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.engine import DuckDBEngine
from phalanx.model import OperatorKind

TRUTH = {
    "reseller": "reseller",
    "evaluation": "evaluation farm",
    "hobbyist": "hobbyist pool",
    "organisation": "organisation",
    "classroom": "organisation",
    "north": "distiller",
}


@pytest.fixture(scope="module")
def measured() -> dict[str, Measured]:
    """Return measurements of one pool of each kind and of one campaign."""
    pools = tuple(PoolPlan(name=kind, kind=kind, accounts=24) for kind in POOL_KINDS)
    north = CampaignPlan(name="north", accounts=60, attack_class="reasoning", evasion="E2")
    made = simulate(
        SimulationConfig(
            benign_accounts=1_000, campaigns=(north,), pools=pools, days=9, seed=424_242
        )
    )
    name_of = {
        row["account_id"]: row["campaign"] or row["traffic_class"].removeprefix("pool:")
        for row in made.labels.to_pylist()
        if row["campaign"] or row["traffic_class"].startswith("pool:")
    }
    log = open_log(made.exchanges, ReadOptions())
    with DuckDBEngine(memory_limit_bytes=500_000_000, threads=1) as engine:
        table, names = narrow(engine, log, Narrowing(key=None, keep_excerpts=False, step_hours=6))
        population = build_population(aggregate(table, 6), names, {}, 6)
        parties = population.parties.of_account
        groups = {
            name: np.unique(
                [p for a, p in zip(population.account_names, parties, strict=True)
                 if name_of.get(a) == name]
            )
            for name in TRUTH
        }  # fmt: skip
        return _measure(population, table, groups)


def _measure(
    population: Population, table: ibis.Table, groups: dict[str, npt.NDArray[np.int64]]
) -> dict[str, Measured]:
    measurer = GroupMeasurer(population, table, list(groups.values()))
    sent = population.content.until(population.steps - 1)
    users = np.bincount(sent.indices, minlength=sent.shape[1])
    total = population.activity.total("exchanges", 0, population.steps - 1)
    found = {}
    for name, members in groups.items():
        own = own_content(sent, users, members).astype(np.float32)
        coverage = np.minimum(1.0, (sent[members] @ own) / np.maximum(total[members], 1.0))
        found[name] = measurer.measure(members, coverage)
    return found


def _value(measured: Measured, feature: str) -> float:
    value = measured.values[FEATURES.index(feature)]
    assert value is not None
    return value


def test_features_see_what_they_are_named_for(measured: dict[str, Measured]) -> None:
    """Resellers mix principals, evaluators repeat public sets, pupils keep the hours of lessons."""
    others = [name for name in TRUTH if name != "reseller"]
    mixed = _value(measured["reseller"], "principals per account")
    assert mixed > 5 * max(_value(measured[n], "principals per account") for n in others)
    repeated = {name: _value(measured[name], "asked by several members") for name in TRUTH}
    assert repeated["evaluation"] > 0.2 > repeated["north"]
    assert _value(measured["classroom"], "weekend") == 0.0
    assert _value(measured["north"], "elicitation") > _value(
        measured["organisation"], "elicitation"
    )
    assert _value(measured["north"], "size") == pytest.approx(math.log10(60))


def test_honest_pools_do_not_favour_a_competitor(measured: dict[str, Measured]) -> None:
    """On a population whose seed the table never saw, each kind leads where it is true."""
    for name, truth in TRUTH.items():
        hypotheses, _ = judge(measured[name], UNINFORMED, published_table())
        probability = {each.kind: each.probability for each in hypotheses}
        if truth != "distiller":
            assert probability["distiller"] < 0.5, name
        assert hypotheses[0].kind == truth, name


def test_every_number_can_be_traced(measured: dict[str, Measured]) -> None:
    """Prior, likelihoods, tempering and contamination of the output give the stated odds."""
    table = published_table()
    hypotheses, features = judge(measured["evaluation"], UNINFORMED, table)
    weights = {}
    for each in hypotheses:
        total = sum(feature.log10_likelihoods[each.kind] for feature in features)
        assert each.log10_likelihood == pytest.approx(table.tempering * total)
        weights[each.kind] = each.prior * 10**each.log10_likelihood
    for each in hypotheses:
        share = weights[each.kind] / sum(weights.values())
        expected = (1 - table.contamination) * share + table.contamination * each.prior
        assert each.probability == pytest.approx(expected)


def test_the_published_table_fits_the_features() -> None:
    """The table has each feature once, in order, and the same groups in all of them."""
    table = published_table()
    assert tuple(each.name for each in table.features) == FEATURES
    assert len({sum(each.counts["reseller"]) for each in table.features}) == 1
    for each in table.features:
        assert set(each.counts) == set(KINDS)
        assert all(len(counts) == len(each.cuts) + 1 for counts in each.counts.values())
        assert list(each.cuts) == sorted(set(each.cuts))


VALUES = st.lists(
    st.none() | st.floats(-5, 50), min_size=len(FEATURES), max_size=len(FEATURES)
).map(lambda values: Measured(tuple(values)))


@settings(max_examples=60)
@given(VALUES, st.floats(0.01, 0.95))
def test_odds_are_probabilities_and_a_higher_prior_never_lowers_them(
    values: Measured, prior: float
) -> None:
    """Whatever was measured, the odds sum to one, and move with the prior."""
    rest = {kind: (1 - prior) / 4 for kind in KINDS if kind != "reseller"}
    before, _ = judge(values, UNINFORMED, published_table())
    after, _ = judge(values, rest | {"reseller": prior}, published_table())
    for hypotheses in (before, after):
        assert sum(each.probability for each in hypotheses) == pytest.approx(1.0)
        assert all(0.0 < each.probability < 1.0 for each in hypotheses)
    odds = [next(h.probability for h in each if h.kind == "reseller") for each in (before, after)]
    assert (odds[1] >= odds[0]) == (prior >= 0.2) or odds[0] == pytest.approx(odds[1])


def test_nothing_measured_leaves_the_prior() -> None:
    """Without any measurement nobody is more likely than before."""
    hypotheses, features = judge(Measured((None,) * len(FEATURES)), UNINFORMED, published_table())
    assert all(each.probability == pytest.approx(0.2) for each in hypotheses)
    assert all(feature.interval == "not measured" for feature in features)


def test_counting_tells_the_least_value_apart() -> None:
    """Where most groups have the least value, those above it still fall into another interval."""
    groups = [Measured((1.0,))] * 9 + [Measured((30.0,))] * 2 + [Measured((None,))]
    kinds: list[OperatorKind] = [*["organisation"] * 9, *["reseller"] * 3]  # type: ignore[list-item]
    (table,) = count_groups(groups, kinds, ["principals"], 4)
    assert sum(table.counts["organisation"]) == 9
    assert table.counts["organisation"][0] == 9
    assert table.counts["reseller"][0] == 0
    assert sum(table.counts["reseller"]) == 2

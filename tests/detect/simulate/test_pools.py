"""Honest pools: planted beside the honest accounts, one operator each, declaring nothing."""

from __future__ import annotations

from typing import Any

import pytest

from phalanx.detect.simulate import POOL_KINDS, PoolPlan, Simulation, SimulationConfig, simulate

PLANS = tuple(PoolPlan(name=f"p-{kind}", kind=kind, accounts=12) for kind in POOL_KINDS)


@pytest.fixture(scope="module")
def pooled() -> Simulation:
    """Return a small population with one pool of each kind."""
    return simulate(SimulationConfig(benign_accounts=80, campaigns=(), pools=PLANS, days=3, seed=2))


def test_labels_name_the_pools(pooled: Simulation) -> None:
    """Each account of a pool carries its name as traffic class, and no campaign."""
    rows = [row for row in pooled.labels.to_pylist() if row["traffic_class"].startswith("pool:")]
    assert len(rows) == 12 * len(PLANS)
    assert {row["traffic_class"] for row in rows} == {f"pool:{plan.name}" for plan in PLANS}
    assert all(row["campaign"] is None for row in rows)
    assert pooled.labels.num_rows == 80 + len(rows)


def test_pools_declare_nothing(pooled: Simulation, ask: Any) -> None:
    """No exchange of a pool names an organisation."""
    query = "SELECT count(*), count(organisation) FROM x WHERE traffic_class LIKE 'pool:%'"
    ((exchanges, declared),) = ask(pooled, query)
    assert exchanges > 100
    assert declared == 0


def test_a_hobbyist_sends_through_one_program(pooled: Simulation, ask: Any) -> None:
    """A load balancer gives all accounts of its pool one client."""
    query = "SELECT count(DISTINCT user_agent) FROM x WHERE traffic_class = 'pool:p-hobbyist'"
    assert ask(pooled, query) == [(1,)]


def test_pools_leave_the_others_alone(pooled: Simulation) -> None:
    """The honest accounts are those of the same seed without pools."""
    bare = simulate(SimulationConfig(benign_accounts=80, campaigns=(), days=3, seed=2))
    assert pooled.labels["account_id"].to_pylist()[:80] == bare.labels["account_id"].to_pylist()


@pytest.mark.parametrize(("kind", "accounts"), [("cult", 5), ("reseller", 0)])
def test_impossible_plans_are_refused(kind: str, accounts: int) -> None:
    """An unknown kind or an empty pool is refused where it is written."""
    with pytest.raises(ValueError, match="must be"):
        PoolPlan(name="x", kind=kind, accounts=accounts)

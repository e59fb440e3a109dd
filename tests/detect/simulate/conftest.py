"""Small populations that several tests look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import duckdb
import pytest

from phalanx.detect.simulate import CampaignPlan, Evasion, Simulation, SimulationConfig, simulate

Ask = Callable[[Simulation, str], list[tuple[Any, ...]]]


def _ask(simulation: Simulation, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.register("log", simulation.exchanges)
        connection.register("labels", simulation.labels)
        connection.execute("CREATE VIEW x AS SELECT * FROM log JOIN labels USING (account_id)")
        rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
        return rows


@pytest.fixture
def ask() -> Ask:
    """Return a query over the view `x`: exchanges with `campaign` and `traffic_class`."""
    return _ask


@pytest.fixture(scope="session")
def ladder() -> dict[str, Simulation]:
    """Return one campaign on each rung, among the same honest accounts."""
    return {
        evasion: simulate(
            SimulationConfig(
                benign_accounts=250,
                campaigns=(CampaignPlan(name="only", accounts=90, attack_class="self_instruct"),),
                days=7,
                seed=3,
                evasion=evasion,
            )
        )
        for evasion in get_args(Evasion)
    }


@pytest.fixture(scope="session")
def honest() -> Simulation:
    """Return a population without campaigns that has every honest class."""
    return simulate(SimulationConfig(benign_accounts=900, campaigns=(), days=7, seed=1))

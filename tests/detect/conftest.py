"""Small logs with one planted campaign, and what a scan says about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pytest

from phalanx.detect import ScanConfig, ScanResult, scan
from phalanx.detect.narrow import Narrowing, narrow
from phalanx.detect.population import Population, build_population
from phalanx.detect.simulate import CampaignPlan, Evasion, SimulationConfig, simulate
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.engine import DuckDBEngine

RATE = 0.1
"""Few hundred accounts leave little reference, so these scans allow a tenth."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log whose campaign is known."""

    exchanges: pa.Table
    campaign_of: Mapping[str, str | None]
    """Account -> label of its campaign."""

    def members(self, campaign: str = "north") -> frozenset[str]:
        """Return the accounts of one campaign."""
        return frozenset(a for a, label in self.campaign_of.items() if label == campaign)


def _log(config: SimulationConfig) -> Log:
    made = simulate(config)
    labels = made.labels
    pairs = zip(labels["account_id"].to_pylist(), labels["campaign"].to_pylist(), strict=True)
    return Log(made.exchanges, dict(pairs))


def _planted(evasion: Evasion) -> Log:
    north = CampaignPlan(name="north", accounts=60, attack_class="self_instruct", evasion=evasion)
    return _log(SimulationConfig(benign_accounts=1_500, campaigns=(north,), days=10, seed=1))


Scan = Callable[..., ScanResult]


def _scan(exchanges: object, **settings: object) -> ScanResult:
    options: dict[str, object] = {"false_discovery_rate": RATE, "threads": 1} | settings
    return scan(exchanges, ScanConfig(**options))  # type: ignore[arg-type] # checked when it runs


@pytest.fixture(scope="session")
def scanned() -> Scan:
    """Return a scan with the settings of these tests, which keywords override."""
    return _scan


def _aggregated(exchanges: pa.Table, step_hours: int = 6) -> Population:
    log = open_log(exchanges, ReadOptions())
    with DuckDBEngine(memory_limit_bytes=500_000_000, threads=1) as engine:
        table, names = narrow(
            engine, log, Narrowing(key=None, keep_excerpts=False, step_hours=step_hours)
        )
        return build_population(table, names, {}, step_hours)


@pytest.fixture(scope="session")
def aggregated() -> Callable[..., Population]:
    """Return what reads exchanges and aggregates them, in steps of `step_hours`."""
    return _aggregated


@pytest.fixture(scope="session")
def naive() -> Log:
    """Return a log with a campaign that hides nothing."""
    return _planted("E0")


@pytest.fixture(scope="session")
def evasive() -> Log:
    """Return a log with a campaign behind residential addresses, one card an account."""
    return _planted("E2")


@pytest.fixture(scope="session")
def honest() -> Log:
    """Return a log without campaigns that has every honest class."""
    return _log(SimulationConfig(benign_accounts=600, campaigns=(), days=9, seed=5))


@pytest.fixture(scope="session")
def small() -> Log:
    """Return a log of five days with a campaign too small and short to be judged."""
    north = CampaignPlan(name="north", accounts=20, attack_class="rubric", evasion="E0")
    return _log(SimulationConfig(benign_accounts=150, campaigns=(north,), days=5, seed=2))


@pytest.fixture(scope="session")
def evasive_result(evasive: Log) -> ScanResult:
    """Return what a scan finds in `evasive`."""
    return _scan(evasive.exchanges)

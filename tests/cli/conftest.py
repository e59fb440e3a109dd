"""A small simulated log and its scan, made once for all tests of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from phalanx.cli import main
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate


@pytest.fixture(scope="session")
def population(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the log of 560 accounts, 60 of them one campaign, and its labels."""
    folder = tmp_path_factory.mktemp("population")
    plan = CampaignPlan(name="north", accounts=60, attack_class="reasoning")
    config = SimulationConfig(benign_accounts=500, days=7, campaigns=(plan,), evasion="E0", seed=1)
    simulate(config).write(folder)
    return folder


@pytest.fixture(scope="session")
def log(population: Path) -> Path:
    """Return the log."""
    return population / "exchanges.parquet"


@pytest.fixture(scope="session")
def labels(population: Path) -> Path:
    """Return the labels of the log's accounts."""
    return population / "labels.parquet"


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the pseudonym key of the scan is."""
    return tmp_path_factory.mktemp("key") / "pseudonym.key"


@pytest.fixture(scope="session")
def scan_folder(log: Path, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a scan of the log."""
    folder = tmp_path_factory.mktemp("scan")
    main(["scan", str(log), "--out", str(folder), "--key", str(key), "-q"])
    return folder

"""A small simulated log and its scan, made once for all tests of the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.cli import main
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.formats.folder import read_scan, write_scan
from phalanx.model import Evidence, GroupFacts, Judgement, Member, UndeclaredPool
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

_TERMS = """
model = "m-1"
purposes = ["evaluation"]
tier = "white-box"
environment = "own data centre"
begins_at = 2020-01-01T00:00:00Z
expires_at = 2990-01-01T00:00:00Z
delete_by = 2990-02-01T00:00:00Z
derivatives = "none"
onward_transfer = false
incident_contact = "security@lab.example"
evidence_duties = []
"""
KeyAfter = Callable[[npt.NDArray[np.int64]], bytes]


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


@pytest.fixture(scope="session")
def pool() -> UndeclaredPool:
    """Return a group with a judgement, whatever the small log of these tests shows."""
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    member = Member(
        account_id="acct_1", party_id="p", role="harvester", confidence=1.0, first_seen=start,
        last_seen=start, exchanges=40, input_tokens=400, output_tokens=4_000,
    )  # fmt: skip
    line = Evidence(
        rule_id="PHX-D002", name="Shared payment", family="identity",
        null_hypothesis="The parties are operated apart.",
        observation="12 parties carry 1 distinct value", log10_e=7.5, reachable_log10_e=None,
        sample_size=12, reference_size=500, method="urn, version 1",
        assumptions=("Sources are independent.", "Parties are exchangeable."), decisive=True,
    )  # fmt: skip
    return UndeclaredPool(
        group_id="pool-5eed",
        facts=GroupFacts(
            members=(member,), parties=1, first_seen=start, last_seen=start, exchanges=40,
            input_tokens=400, output_tokens=4_000, models={"large": 40},
            capabilities={"reasoning": 0.5}, daily_exchanges={start.date(): 40}, templates=(),
        ),
        judgement=Judgement(
            log10_e=0.2, log10_e_apart=7.5, log10_e_honest=0.2, threshold_log10_e=4.0,
            formed_at=start, discovered_at=None, served_before_discovery=None, evidence=(line,),
        ),
    )  # fmt: skip


@pytest.fixture(scope="session")
def folder_with_pool(
    scan_folder: Path, pool: UndeclaredPool, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the folder of a scan that lists this group too."""
    folder = tmp_path_factory.mktemp("pool")
    write_scan(replace(read_scan(scan_folder), undeclared_pools=(pool,)), folder)
    return folder


def write_marked(key: bytes | KeyAfter | None, length: int, seed: int) -> list[int]:
    """Return token numbers from 0 to 1,899, each the key's choice of sixteen; null for chance.

    A function of the four tokens before gives the key of each place.
    """
    random = np.random.default_rng(seed)
    scheme = PhalanxGumbel()
    text: list[int] = random.integers(0, 1_900, 4).tolist()
    while len(text) < length:
        offered = random.integers(0, 1_900, 16)
        held = key(np.array(text[-4:])) if callable(key) else key
        at = 0
        if held is not None:
            stream = np.array([*text[-4:], 0])
            at = int(scheme.scores(Draws(stream, np.full(16, 4), offered, 4, 0), held).argmax())
        text.append(int(offered[at]))
    return text


@pytest.fixture(scope="session")
def marked_tokens() -> Callable[..., list[int]]:
    """Return a writer of token numbers with a mark."""
    return write_marked


@pytest.fixture
def parties(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return how a lab and a partner begin: each with keys, with a model, terms and a request."""

    def begin(*others: str, demands: tuple[str, ...] = ()) -> None:
        monkeypatch.chdir(tmp_path)
        Path("terms.toml").write_text(f"{_TERMS}demands = {list(demands)}\n")
        Path("model").mkdir()
        Path("model/config.json").write_text("{}")
        for name in ("lab", "partner", *others):
            words = ["keygen", name, "--keys", f"{name}.keys", "-o", f"{name}.json"]
            assert main(["release", *words]) == 0
        words = ["m-1", "--purpose", "evaluation", "--environment", "own data centre"]
        words += ["--keys", "partner.keys", "-o", "request.json"]
        assert main(["release", "request", *words]) == 0

    return begin

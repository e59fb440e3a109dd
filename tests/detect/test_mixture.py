"""Accounts that many principals seem to use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from phalanx.detect import ScanResult, scan
from phalanx.detect.config import ScanConfig
from phalanx.detect.mixture import FEWEST_TESTED, ONE_IN, rank_mixtures
from phalanx.detect.simulate import SimulationConfig, simulate
from phalanx.detect.thresholds import MINIMUM_EXCHANGES

Floats = npt.NDArray[np.float64]

DRAWS = 10_000


def drawn(generator: np.random.Generator, accounts: int) -> tuple[Floats, Floats]:
    """Return exchanges, and pairs alike, of accounts with habits of mixing of their own.

    How much somebody mixes does not depend on how much they send.
    """
    exchanges = np.round(10.0 ** generator.uniform(1.0, 3.5, accounts))
    share = generator.beta(2.0, 2.0, accounts)
    one = generator.binomial(exchanges.astype(np.int64), share)
    other = exchanges - one
    return exchanges, one * (one - 1.0) + other * (other - 1.0)


@pytest.mark.parametrize("accounts", [60, 400, 3_000])
def test_who_mixes_as_others_do_is_hardly_ever_listed(accounts: int) -> None:
    """Over 10,000 tested accounts and more, a list is drawn with probability at most the rate."""
    generator = np.random.default_rng(accounts)
    rate, tested, lists = 0.1, 0, []
    while tested < DRAWS:
        found = rank_mixtures(*drawn(generator, accounts), rate)
        tested += int(np.count_nonzero(~np.isnan(found.p_values)))
        lists.append(bool(found.listed.any()))
    assert np.mean(lists) <= rate + 3.0 * np.sqrt(rate * (1 - rate) / len(lists))


def test_the_share_of_unlike_pairs_does_not_grow_with_volume() -> None:
    """Few exchanges of two programs give the same mean as many; only the spread differs."""
    generator = np.random.default_rng(1)
    means = []
    for sent in (10, 1_000):
        one = generator.binomial(sent, 0.3, 40_000).astype(np.float64)
        alike = one * (one - 1.0) + (sent - one) * (sent - one - 1.0)
        found = rank_mixtures(np.full(one.size, float(sent)), alike, 0.1)
        means.append(found.unlike.mean())
    assert means[0] == pytest.approx(means[1], abs=0.005)
    assert means[1] == pytest.approx(0.42, abs=0.005)


def test_only_the_busiest_are_tested() -> None:
    """One in fifty, at least twenty, and never those with too few exchanges."""
    exchanges = np.arange(1.0, 3_001.0)
    found = rank_mixtures(exchanges, exchanges * (exchanges - 1.0), 0.1)
    tested = np.flatnonzero(~np.isnan(found.p_values))
    assert tested.size == max(FEWEST_TESTED, (3_000 - MINIMUM_EXCHANGES + 1) // ONE_IN)
    assert tested.min() == 3_000 - tested.size
    assert np.isnan(found.principals[: MINIMUM_EXCHANGES - 1]).all()
    assert np.isfinite(found.principals[MINIMUM_EXCHANGES:]).all()


@pytest.mark.parametrize("accounts", [0, 1, 5])
def test_few_accounts_list_nobody(accounts: int) -> None:
    """Without anybody to be ranked among, the smallest rank is one."""
    exchanges = np.full(accounts, 50.0)
    assert not rank_mixtures(exchanges, np.zeros(accounts), 0.1).listed.any()


@pytest.fixture(scope="module")
def crowd() -> tuple[pa.Table, dict[str, str]]:
    """Return a log of honest users who change programs now and then, and their classes."""
    made = simulate(SimulationConfig(benign_accounts=1_500, campaigns=(), days=8, seed=4))
    labels = made.labels
    classes = dict(
        zip(labels["account_id"].to_pylist(), labels["traffic_class"].to_pylist(), strict=True)
    )
    return _with_several_programs(made.exchanges, 9), classes


def _with_several_programs(exchanges: pa.Table, seed: int) -> pa.Table:
    """Let most accounts use one to five clients, some more than others."""
    generator = np.random.default_rng(seed)
    account = exchanges["account_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    clients = 1 + generator.integers(0, 5, account.max() + 1)
    evenly = generator.uniform(0.3, 4.0, account.max() + 1)
    chosen = (generator.random(account.size) ** evenly[account] * clients[account]).astype(int)
    agents = [
        f"{a} ({n})" for a, n in zip(exchanges["user_agent"].to_pylist(), chosen, strict=True)
    ]
    at = exchanges.schema.get_field_index("user_agent")
    return exchanges.set_column(at, "user_agent", pa.array(agents))


@pytest.fixture(scope="module")
def crowd_result(crowd: tuple[pa.Table, dict[str, str]]) -> ScanResult:
    """Return what a scan says."""
    return scan(crowd[0], ScanConfig(false_discovery_rate=0.1, threads=1))


def test_resellers_are_listed_among_users_who_change_programs(
    crowd: tuple[pa.Table, dict[str, str]], crowd_result: ScanResult
) -> None:
    """Every busy reseller is listed, and nobody else is."""
    _, classes = crowd
    listed = {account.account_id for account in crowd_result.mixed_accounts}
    resellers = {name for name, of in classes.items() if of == "reseller"}
    assert listed
    assert listed <= resellers
    assert len(listed) >= len(resellers) - 1
    assert min(account.principals for account in crowd_result.mixed_accounts) > 10.0


def test_the_table_of_accounts_says_the_same(crowd_result: ScanResult) -> None:
    """Principals stand beside every busy account, the mark beside those that are listed."""
    rows = crowd_result.accounts.select(["account_id", "principals", "is_mixed"]).to_pylist()
    marked = {row["account_id"] for row in rows if row["is_mixed"]}
    assert marked == {account.account_id for account in crowd_result.mixed_accounts}
    assert any(row["principals"] is None for row in rows)
    assert all(row["principals"] >= 1.0 for row in rows if row["principals"] is not None)


def test_a_log_without_programs_lists_nobody(
    naive: Any, scanned: Callable[..., ScanResult]
) -> None:
    """With the four required columns only, all programs look alike."""
    log = naive.exchanges.select(["timestamp", "account_id", "model", "prompt"])
    result = scanned(log.slice(0, 4_000))
    assert result.mixed_accounts == ()
    states = {state.rule_id: state for state in result.signals}
    assert not states["PHX-D030"].enabled

"""Benchmark traffic."""

from __future__ import annotations

import pyarrow as pa

from phalanx.detect.simulate import dense_exchanges
from phalanx.logs.schema import NATIVE_COLUMNS


def test_prompts_have_sixty_to_three_hundred_words() -> None:
    """Every prompt is as long as the benchmark says."""
    table = pa.Table.from_batches(dense_exchanges(5_000, 800, seed=1))
    words = [len(prompt.split()) for prompt in table["prompt"].to_pylist()]
    assert min(words) >= 60
    assert max(words) <= 300
    assert len(set(table["prompt"].to_pylist())) == 5_000


def test_batches_are_native_and_ordered() -> None:
    """Columns are the native ones, times rise, identifiers are unique."""
    table = pa.Table.from_batches(dense_exchanges(40_000, 900, seed=1))
    assert tuple(table.column_names) == NATIVE_COLUMNS
    assert table.num_rows == 40_000
    times = table["timestamp"].to_pylist()
    assert times == sorted(times)
    assert len(table["exchange_id"].unique()) == 40_000
    assert 300 < len(table["account_id"].unique()) <= 900


def test_same_seed_same_batches() -> None:
    """The generator can be repeated."""
    first, second, other = (list(dense_exchanges(3_000, 300, seed=seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_campaigns_are_among_the_accounts() -> None:
    """Some accounts share private templates: their prompts open with the same words."""
    table = pa.Table.from_batches(dense_exchanges(40_000, 3_000, seed=3))
    opened: dict[str, set[str]] = {}
    for account, prompt in zip(
        table["account_id"].to_pylist(), table["prompt"].to_pylist(), strict=True
    ):
        opened.setdefault(" ".join(prompt.split()[:9]), set()).add(account)
    assert max(len(accounts) for accounts in opened.values()) > 20


def test_small_benchmarks_work() -> None:
    """No rows, one account: both are fine."""
    assert list(dense_exchanges(0, 10, seed=1)) == []
    assert sum(batch.num_rows for batch in dense_exchanges(50, 1, seed=1)) == 50

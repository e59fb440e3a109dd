"""References: what they are made of, what they refuse, and how they are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from phalanx.errors import ConfigError, InputError
from phalanx.evidence import pool_log10_e
from phalanx.prevent.online.budget import Budget
from phalanx.prevent.online.reference import (
    fitted,
    pool_log10_e_of,
    read_reference,
    write_reference,
)

from .conftest import BUDGET, NOW, VALUE, MakeReference, draw


def test_a_reference_is_read_as_it_was_written(
    make_reference: MakeReference, tmp_path: Path
) -> None:
    """Its digest too, by which alerts name it."""
    reference, path = make_reference(), tmp_path / "reference.json"
    write_reference(reference, path)
    assert read_reference(path) == reference
    assert read_reference(path).digest == reference.digest
    assert path.stat().st_size < 10_000


def test_a_reference_of_too_few_accounts_is_refused() -> None:
    """No pool could be listed with it, so that its silence would say nothing."""
    largest = draw(np.random.default_rng(1), 60).largest(60)
    with pytest.raises(ConfigError, match="60 accounts is too small"):
        fitted(largest, NOW, NOW + timedelta(days=7), 7, VALUE, BUDGET, {})
    with pytest.raises(ConfigError, match="0 accounts is too small"):
        fitted(largest[:0], NOW, NOW + timedelta(days=7), 7, VALUE, BUDGET, {})


@pytest.mark.parametrize(
    "change",
    [{"size": 3}, {"largest": {}}, {"schema": "other"}, {"epoch_days": 0}],
)
def test_a_file_that_is_no_reference_is_refused(
    make_reference: MakeReference, tmp_path: Path, change: dict[str, object]
) -> None:
    """Evidence against a wrong reference would accuse."""
    path = tmp_path / "reference.json"
    write_reference(make_reference(), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match="no reference of online detection"):
        read_reference(path)


def test_the_evidence_of_a_pool_is_that_of_the_pool_test() -> None:
    """From the sum of logarithms alone."""
    p_values = np.random.default_rng(1).random(30)
    expected = pool_log10_e(p_values, np.sqrt(30))
    assert pool_log10_e_of(float(np.log(p_values).sum()), 30) == pytest.approx(expected)


@pytest.mark.parametrize(
    "change",
    [{"false_discovery_rate": 0.0}, {"share": 1.0}, {"epochs": 0}, {"accounts": 0}, {"pools": -1}],
)
def test_a_budget_that_is_none_is_refused(change: dict[str, float]) -> None:
    """A rate lies between 0 and 1, and something is counted."""
    with pytest.raises(ConfigError):
        replace(BUDGET, **change)  # type: ignore[arg-type] # one of the fields


def test_what_is_spent_adds_up_to_the_rate() -> None:
    """Scan, reference and the two lists."""
    budget = Budget(false_discovery_rate=0.02, share=0.3, epochs=2, accounts=10, pools=3)
    spent = budget.scan_rate + budget.failure + 2 * budget.list_rate
    assert spent == pytest.approx(0.02)

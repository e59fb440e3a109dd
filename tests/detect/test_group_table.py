"""Groups for the pool: all that were tested are described, listed or not."""

from __future__ import annotations

import math

import pytest

from .conftest import Log, Scan


def test_every_tested_group_is_described(small: Log, scanned: Scan) -> None:
    """Each group is there with its accounts and finite evidence, also where nothing is listed."""
    result = scanned(small.exchanges, for_pool=True)
    groups = result.groups.to_pylist()
    asked = {
        look["track"] for look in result.looks.to_pylist() if look["log10_e_apart"] is not None
    }
    assert asked
    assert {group["track"] for group in groups} == asked
    known = frozenset(small.campaign_of)
    for group in groups:
        accounts = [account for party in group["parties"] for account in party]
        assert len(group["parties"]) >= 2
        assert len(set(accounts)) == len(accounts)
        assert known.issuperset(accounts)
        assert math.isfinite(group["log10_e_apart"])
        assert math.isfinite(group["log10_e_honest"])
        *others, _ = sorted(log10_e for _, log10_e in group["log10_e_of_sources"])
        assert sum(others) == pytest.approx(group["log10_e_apart"])


def test_a_scan_that_is_not_for_the_pool_says_the_same_without_it(
    small: Log, scanned: Scan
) -> None:
    """Describing groups changes nothing else, and is done only when it is asked for."""
    plain, described = scanned(small.exchanges), scanned(small.exchanges, for_pool=True)
    assert plain.groups.num_rows == 0 < described.groups.num_rows
    assert plain.not_judged == described.not_judged
    assert plain.looks.equals(described.looks)

"""A scan whose accounts ask why they are listed."""

from __future__ import annotations

import pytest

from phalanx.detect import ScanResult
from phalanx.detect.appeals.docket import Docket
from phalanx.detect.appeals.tables import look_rows


@pytest.fixture(scope="session")
def docket(evasive_result: ScanResult) -> Docket:
    """Return every group of the scan with its looks."""
    return Docket(look_rows(evasive_result.looks), evasive_result.false_discovery_rate)


@pytest.fixture(scope="session")
def listed(evasive_result: ScanResult) -> tuple[str, ...]:
    """Return the first, the middle and the last account of each group that was listed."""
    facts = [group.facts for group in evasive_result.campaigns]
    facts += [group.facts for group in evasive_result.undeclared_pools]
    names = [[member.account_id for member in each.members] for each in facts]
    return tuple(each[place] for each in names for place in (0, len(each) // 2, -1))


@pytest.fixture(scope="session")
def unlisted(evasive_result: ScanResult) -> str:
    """Return an account that was in no group that was tracked to the end."""
    undecided = {name for group in evasive_result.not_judged for name in group.accounts}
    rows = evasive_result.accounts.select(["account_id", "verdict"]).to_pylist()
    parties = {m.account_id for p in evasive_result.suspicious_parties for m in p.facts.members}
    return next(
        str(row["account_id"])
        for row in rows
        if row["verdict"] is None and row["account_id"] not in undecided | parties
    )

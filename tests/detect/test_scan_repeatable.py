"""A scan repeats: same groups whatever the order of rows, the threads and the key."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from phalanx.detect import ScanResult
from phalanx.formats.json import render
from phalanx.logs.pseudonym import pseudonym

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


def judged(result: ScanResult) -> Any:
    """Return everything that a scan concludes, without times and settings of the run."""
    document = json.loads(render(result))
    del document["run"]
    return document


def campaigns(result: ScanResult) -> set[frozenset[str]]:
    """Return the accounts of every campaign."""
    return {frozenset(m.account_id for m in c.facts.members) for c in result.campaigns}


@pytest.fixture(scope="module")
def keyed_result(evasive: Any, scanned: Any) -> ScanResult:
    """Return what a scan finds in `evasive` under a key."""
    result: ScanResult = scanned(evasive.exchanges, pseudonym_key=KEY)
    return result


def test_same_input_same_result(evasive: Any, evasive_result: ScanResult, scanned: Any) -> None:
    """A second scan agrees in every identifier, number and excerpt."""
    again = scanned(evasive.exchanges)
    assert judged(again) == judged(evasive_result)
    assert again.accounts.equals(evasive_result.accounts)
    assert again.daily.equals(evasive_result.daily)


def test_order_of_rows_and_threads_do_not_matter(
    evasive: Any, evasive_result: ScanResult, scanned: Any
) -> None:
    """Shuffled rows, read by two threads, lead to the same result."""
    order = np.random.default_rng(4).permutation(evasive.exchanges.num_rows)
    shuffled = scanned(evasive.exchanges.take(order), threads=2)
    assert judged(shuffled) == judged(evasive_result)


def test_the_key_decides_nothing(evasive: Any, keyed_result: ScanResult, scanned: Any) -> None:
    """Under two keys the campaigns hold the same accounts, with the same evidence and times."""
    found = []
    other_result = scanned(evasive.exchanges, pseudonym_key=OTHER_KEY)
    for key, result in ((KEY, keyed_result), (OTHER_KEY, other_result)):
        real = {pseudonym(key, "account_id", name): name for name in evasive.campaign_of}
        groups = (*result.campaigns, *result.undeclared_pools)
        found.append(
            [
                (
                    {real[member.account_id] for member in group.facts.members},
                    pytest.approx(group.judgement.log10_e_apart, abs=1e-9),
                    pytest.approx(group.judgement.log10_e_honest, abs=1e-9),
                    group.judgement.discovered_at,
                )
                for group in groups
            ]
        )
    assert found[0]
    assert found[0] == [
        (members, apart.expected, honest.expected, when)
        for members, apart, honest, when in found[1]
    ]


def test_identifiers_are_pseudonyms_under_a_key(evasive: Any, keyed_result: ScanResult) -> None:
    """No account, address or organisation of the log is named anywhere in the result."""
    tables = [keyed_result.accounts.drop_columns("step_exchanges"), keyed_result.links]
    said = "\n".join([render(keyed_result), *(str(table.to_pydict()) for table in tables)])
    log = evasive.exchanges
    for column in ("account_id", "client_ip", "organisation", "payment_fingerprint"):
        hidden = [value for value in log[column].unique().to_pylist() if value is not None]
        assert hidden
        assert not [value for value in hidden if value in said]


def test_the_key_is_never_shown(small: Any, scanned: Any) -> None:
    """Neither settings nor result spell the key, in any notation."""
    key = bytes(range(65, 97))
    result = scanned(small.exchanges, pseudonym_key=key)
    said = repr(result) + render(result) + str(result.run)
    for notation in (key.decode(), key.hex(), repr(key)[2:-1]):
        assert notation not in said
    assert result.run.key_id

"""Decisions as they were when they were recorded: whoever changes the gate changes none of them.

Where the policy or a rule is changed on purpose, they are recorded anew: delete the record, run
this test twice, and read in the difference which names changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from phalanx.errors import InputError
from phalanx.share.gate import Context, Gate, Policy, decide
from phalanx.share.wire import Authorship, Object, check, document

RECORD = Path(__file__).with_name("decisions.txt")
DRAWN, TOGETHER = 6_000, 25


def test_decisions_are_those_on_record(
    corpus: ModuleType,
    drawn: ModuleType,
    forbidden: list[tuple[str, str, Object]],
    context: Context,
    policy: Policy,
    by: Authorship,
) -> None:
    """Each object of the corpora, and thousands made of them, is decided as it was before."""
    named = [*corpus.passing(by), *((name, item) for name, _, item in forbidden)]

    def lines() -> Iterator[str]:
        for name, item in named:
            yield f"{drawn.record(decide(item, context, policy))} {name!a}"
        items = [item for _, item in named]
        cases = drawn.drawn(items, context, policy, DRAWN)
        records = [drawn.record(decide(item, moved, policy)) for item, moved in cases]
        for start in range(0, DRAWN, TOGETHER):
            joined = "".join(records[start : start + TOGETHER])
            yield f"{hashlib.sha256(joined.encode()).hexdigest()[:16]} drawn, from {start}"

    found = list(lines())
    if not RECORD.exists():
        RECORD.write_text("\n".join(found) + "\n")
        pytest.fail("there was no record: it was written")
    assert found == RECORD.read_text().splitlines()


def test_one_gate_decides_each_object_as_if_it_were_the_first(
    corpus: ModuleType,
    drawn: ModuleType,
    forbidden: list[tuple[str, str, Object]],
    context: Context,
    policy: Policy,
    by: Authorship,
) -> None:
    """Nothing that is kept from one object to the next changes a decision; nor does a check."""
    named = [item for _, item in corpus.passing(by)] + [item for _, _, item in forbidden]
    items = [item for item, _ in drawn.drawn(named, context, policy, 1_000)]
    gate = Gate(context, policy)
    for item in [*named, *items, *named]:
        alone = decide(item, context, policy)
        assert gate.decide(item) == alone
        if _is_taken(item):
            assert gate.decide(item, is_checked=True) == alone


def _is_taken(item: Any) -> bool:
    try:
        check(document(item).raw)
    except (InputError, TypeError, ValueError):
        return False
    return True

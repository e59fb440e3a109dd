"""Marks for the tests: who carries which, as another provider's list would say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from phalanx.detect.alliance.mark_file import MARK_SCHEMA, SharedMarks
from phalanx.detect.alliance.marks import Cohort, marks_among
from phalanx.detect.population import Population

NOW = datetime(2026, 6, 1, tzinfo=UTC)

Row = tuple[str, str, str]
"""Account, campaign and kind."""


def _table(rows: Sequence[Row], first_seen: datetime | None = None) -> pa.Table:
    return pa.table(
        {
            "account_id": [row[0] for row in rows],
            "campaign": [row[1] for row in rows],
            "kind": [row[2] for row in rows],
            "matches": [1] * len(rows),
            "first_seen": [first_seen] * len(rows),
            "last_seen": [first_seen] * len(rows),
        },
        schema=MARK_SCHEMA,
    )


@pytest.fixture(scope="session")
def mark_table() -> Callable[..., pa.Table]:
    """Return what makes a table of marks."""
    return _table


def _marked(
    population: Population, rows: Sequence[Row], seen: datetime | None = None
) -> Population:
    cohort = Cohort(
        account_names=population.account_names,
        of_account=population.parties.of_account,
        first_step=population.first_step,
        step_hours=population.step_hours,
        key=None,
    )
    marks, _ = marks_among(SharedMarks(_table(rows, seen)), cohort, NOW)
    return replace(population, marks=marks)


@pytest.fixture(scope="session")
def marked() -> Callable[..., Population]:
    """Return what puts marks on a population."""
    return _marked

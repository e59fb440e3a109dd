"""Evidence of common operation stands whichever single source is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.apart import ApartTest, FamilyEvidence, combine
from phalanx.detect.links import (
    BIRTH_FAMILIES,
    IDENTITY_FAMILIES,
    ROUTING_FAMILIES,
    STANDING_FAMILIES,
    TIMING_FAMILIES,
    Moment,
)
from phalanx.detect.population import Population
from phalanx.evidence import UrnTest

BIRTH, PAYMENT, TIMING = BIRTH_FAMILIES[0], IDENTITY_FAMILIES[0], TIMING_FAMILIES[0]
EMAIL = IDENTITY_FAMILIES[1]


class Log(Protocol):
    """A log of the fixtures."""

    exchanges: pa.Table


def line(family: object, log10_e: float) -> FamilyEvidence:
    """Return what one family says."""
    return FamilyEvidence(family, log10_e, UrnTest(log10_e, 2, 2, 1, 100))  # type: ignore[arg-type]


def test_one_common_cause_convicts_nobody() -> None:
    """Strangers who registered in the week of a release have births in common, and no more."""
    assert combine([line(BIRTH, 300.0), line(PAYMENT, 0.0), line(TIMING, 0.0)], 2) == 0.0
    assert combine([line(BIRTH, 300.0)], 2) == 0.0


def test_two_sources_convict() -> None:
    """What remains without the strongest source counts."""
    assert combine([line(BIRTH, 300.0), line(PAYMENT, 12.0)], 2) == pytest.approx(12.0)


def test_families_of_one_source_are_one_voice() -> None:
    """Cards and mail domains of one operator are averaged, not multiplied."""
    lines = [line(PAYMENT, 6.0), line(EMAIL, 6.0), line(TIMING, 9.0)]
    assert combine(lines, 2) == pytest.approx(6.0)


FAMILIES = (BIRTH, PAYMENT, EMAIL, TIMING)


@given(
    st.lists(st.floats(-5.0, 300.0), min_size=4, max_size=4),
    st.integers(0, 3),
    st.floats(0.0, 300.0),
    st.integers(2, 5_000),
)
def test_more_evidence_of_a_family_never_lowers_the_whole(
    levels: list[float], which: int, more: float, parties: int
) -> None:
    """Whichever family is raised, and however it compares with the others."""
    raised = list(levels)
    raised[which] += more
    before, after = (
        combine([line(f, e) for f, e in zip(FAMILIES, each, strict=True)], parties)
        for each in (levels, raised)
    )
    assert after >= before - 1e-9


def test_large_groups_need_more() -> None:
    """The product is tempered by the size of the group."""
    lines = [line(BIRTH, 90.0), line(PAYMENT, 20.0)]
    assert combine(lines, 200) == pytest.approx(2.0)


def test_without_each_member_is_the_test_of_the_others(
    small: Log, aggregated: Callable[..., Population]
) -> None:
    """Leaving out each member in one pass gives what testing the others gives."""
    population = aggregated(small.exchanges)
    communities = np.arange(population.parties.count) % 7
    test = ApartTest(Moment(population, population.steps - 1, communities))
    families = (*STANDING_FAMILIES, *ROUTING_FAMILIES, *TIMING_FAMILIES)
    members = np.arange(3, 23)
    whole, without = test.without_each(members, families)
    others = [np.delete(members, place) for place in range(members.size)]
    (lines, *left) = test.test([members, *others], families)
    assert whole == pytest.approx(combine(lines, members.size))
    assert without == pytest.approx([combine(each, members.size - 1) for each in left])

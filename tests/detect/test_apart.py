"""Evidence of common operation stands whichever single source is left out."""

from __future__ import annotations

import pytest

from phalanx.detect.apart import FamilyEvidence, combine
from phalanx.detect.links import BIRTH_FAMILIES, IDENTITY_FAMILIES, TIMING_FAMILIES
from phalanx.evidence import UrnTest

BIRTH, PAYMENT, TIMING = BIRTH_FAMILIES[0], IDENTITY_FAMILIES[0], TIMING_FAMILIES[0]
EMAIL = IDENTITY_FAMILIES[1]


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


def test_large_groups_need_more() -> None:
    """The product is tempered by the size of the group."""
    lines = [line(BIRTH, 90.0), line(PAYMENT, 20.0)]
    assert combine(lines, 200) == pytest.approx(2.0)

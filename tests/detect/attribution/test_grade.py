"""Grades: never better than the weakest required part allows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.attribution.grade import final_grade, graded_comparison, is_name, worst
from phalanx.model import (
    ActorProfile,
    Hypothesis,
    ProfileComparison,
    ProfileSource,
    RoleEvidence,
    TraitComparison,
)

PROFILE = ActorProfile(
    schema="phalanx.profile/1",
    name="North Lab",
    sources=(ProfileSource(title="Report", date=date(2026, 2, 12)),),
)
SURE = (
    Hypothesis(kind="distiller", prior=0.2, log10_likelihood=-1.0, probability=0.95),
    Hypothesis(kind="reseller", prior=0.2, log10_likelihood=-4.0, probability=0.05),
)
OPERATOR = RoleEvidence(role="operator", accounts=("a",), values=(), linked_values=1)


def _trait(family: str, source: str, log10: float) -> TraitComparison:
    return TraitComparison(
        family=family, source=source, status="seen" if log10 > 0 else "not seen", reason="",
        probability_if_actor=0.5, probability_if_unrelated=0.01, log10_likelihood_ratio=log10,
    )  # fmt: skip


def _match(
    *logs: float,
    comparisons: int = 1,
    apart: float = 9.0,
    profile: ActorProfile = PROFILE,
    active: tuple[date, date] = (date(2026, 5, 1), date(2026, 5, 9)),
) -> ProfileComparison:
    pairs = (("template", "software"), ("email", "identity"), ("subnet", "network"))
    traits = [_trait(*pair, log10) for pair, log10 in zip(pairs, logs, strict=False)]
    return graded_comparison(profile, traits, comparisons, apart, active)


@pytest.mark.parametrize(
    ("logs", "comparisons", "apart", "grade"),
    [
        ((5.0, 4.5), 1, 9.0, "A"),
        ((5.0, 4.5), 10_000, 9.0, "D"),  # 9.5 - 4 in all, 0.5 without the strongest
        ((5.0, 4.5), 100, 9.0, "B"),
        ((5.0, 2.5), 1, 9.0, "B"),
        ((5.0, 1.2), 1, 9.0, "C"),
        ((9.0, 0.5), 1, 9.0, "D"),
        ((9.0, -0.3), 1, 9.0, "D"),
        ((5.0, 4.5), 1, 3.0, "B"),
        ((5.0, 4.5), 1, 1.0, "C"),
        ((1.5, 1.2), 1, 9.0, "D"),
    ],
)
def test_each_part_limits_the_grade(
    logs: tuple[float, ...], comparisons: int, apart: float, grade: str
) -> None:
    """Ratio, ratio without the strongest source, search and common operation each set a limit."""
    assert _match(*logs, comparisons=comparisons, apart=apart).grade == grade


def test_supply_alone_names_no_operator() -> None:
    """Where only cards, mail and subnets match, it is the network that is known."""
    found = _match(-0.3, 5.0, 5.0)
    assert found.grade == "D"
    assert "provider network" in found.reason
    network = replace(PROFILE, role="network")
    assert is_name(_match(-0.3, 5.0, 5.0, profile=network).grade)


@pytest.mark.parametrize(
    ("first", "last", "grade"),
    [(1, 9, "D"), (9, 20, "D"), (1, 31, "D"), (2, 2, "D"), (10, 31, "A")],
)
def test_a_profile_of_the_same_days_names_nobody(first: int, last: int, grade: str) -> None:
    """The group that a profile was drafted from matches it perfectly, and that says nothing."""
    profile = replace(PROFILE, drafted_from=date(2026, 5, first), drafted_until=date(2026, 5, last))
    found = _match(5.0, 4.5, profile=profile)
    assert found.grade == grade
    assert ("may be this one" in found.reason) == (grade == "D")


@given(
    st.lists(st.floats(-1, 8), min_size=1, max_size=3),
    st.integers(1, 10_000),
    st.floats(0, 12),
)
def test_more_search_and_less_evidence_never_raise_a_grade(
    logs: list[float], comparisons: int, apart: float
) -> None:
    """A grade falls or stays as profiles are added and evidence of one operator fades."""
    found = _match(*logs, comparisons=comparisons, apart=apart)
    more = _match(*logs, comparisons=10 * comparisons, apart=apart)
    weaker = _match(*logs, comparisons=comparisons, apart=apart / 2)
    assert worst([found.grade, more.grade]) == more.grade
    assert worst([found.grade, weaker.grade]) == weaker.grade
    assert found.log10_without_strongest <= max(0.0, found.log10_likelihood_ratio)


def test_a_match_names_and_gives_its_grade() -> None:
    """The name and the grade are those of the profile."""
    grade, reason, name = final_grade([_match(5.0, 4.5)], SURE, [OPERATOR])
    assert (grade, name) == ("A", "North Lab")
    assert "strongest" in reason


def test_two_profiles_that_match_alike_name_nobody() -> None:
    """Between two actors a scan does not choose."""
    rival = _match(5.0, 4.3, profile=replace(PROFILE, name="South Lab"))
    grade, reason, name = final_grade([_match(5.0, 4.5), rival], SURE, [OPERATOR])
    assert (grade, name) == ("D", None)
    assert "North Lab and South Lab" in reason


def test_without_a_match_there_is_no_name() -> None:
    """A profile that comes near is told, and names nobody."""
    grade, reason, name = final_grade([_match(1.0, 1.0)], SURE, [OPERATOR])
    assert (grade, name) == ("D", None)
    assert "came nearest" in reason


@pytest.mark.parametrize(
    ("probability", "roles", "grade"),
    [(0.95, (), "D"), (0.6, (), "E"), (0.3, (OPERATOR,), "E"), (0.3, (), "F")],
)
def test_without_profiles_the_kind_decides(
    probability: float, roles: tuple[RoleEvidence, ...], grade: str
) -> None:
    """D where a kind stands out, E where it leads or a role shows, F where nothing can be said."""
    found, _, name = final_grade([], [replace(SURE[0], probability=probability)], roles)
    assert (found, name) == (grade, None)

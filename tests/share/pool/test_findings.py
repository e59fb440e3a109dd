"""Evidence of groups, assigned to marks: each group once a mark, whatever its evidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.share.pool.findings import SOURCES, GroupEvidence, findings_of

_ACCOUNTS = [f"a{number}" for number in range(8)]
_GROUPS = st.lists(
    st.builds(
        GroupEvidence,
        st.lists(
            st.lists(st.sampled_from(_ACCOUNTS), min_size=1, max_size=2).map(tuple),
            min_size=2,
            max_size=5,
        ).map(tuple),
        st.dictionaries(st.sampled_from(SOURCES), st.floats(-3, 9)),
        st.floats(-3, 9),
    ),
    max_size=5,
)
_MARKS = st.dictionaries(
    st.sampled_from(_ACCOUNTS), st.frozensets(st.sampled_from("xyz"), max_size=2)
)


def _group(*accounts: str, apart: float = 1.0, use: float = 1.0) -> GroupEvidence:
    sources = {"birth": apart, "timing": apart}
    return GroupEvidence(tuple((account,) for account in accounts), sources, use)


def test_a_mark_of_one_party_says_nothing() -> None:
    """Two accounts that declare to be one share nothing that they hide."""
    group = GroupEvidence((("a", "b"), ("c",)), {"birth": 5.0, "timing": 5.0}, 5.0)
    assert findings_of([group], {"a": frozenset("x"), "b": frozenset("x")}) == {}


def test_a_mark_of_others_says_nothing() -> None:
    """What is shown mostly by accounts outside of a group is not the group's."""
    marks = {name: frozenset("x") for name in ("a", "b", "p", "q", "r")}
    assert findings_of([_group("a", "b", "c")], marks) == {}


def test_groups_of_one_mark_are_averaged() -> None:
    """Two groups about the same accounts do not count twice."""
    marks = {"a": frozenset("x"), "b": frozenset("x")}
    once = findings_of([_group("a", "b", apart=3.0)], marks)
    twice = findings_of([_group("a", "b", apart=3.0)] * 2, marks)
    assert twice["x"].log10_apart == pytest.approx(once["x"].log10_apart)


def test_each_source_is_left_out_once() -> None:
    """For each source a group says what all others amount to, or all but the strongest."""
    group = GroupEvidence((("a",), ("b",)), {"birth": 3.0, "identity": 2.0, "timing": -0.5}, 0.0)
    without = dict(zip(SOURCES, group.log10_apart, strict=True))
    assert without == {
        "birth": 1.5,
        "identity": 2.5,
        "timing": 5.0,
        "network": 1.5,
        "routing": 1.5,
        "software": 1.5,
    }


def test_two_things_in_common_are_not_three() -> None:
    """What formed one group and testifies for another is left out of both."""
    by_card = GroupEvidence((("a",), ("b",)), {"birth": 5.0, "software": 0.0}, 0.0)
    by_birth = GroupEvidence((("a",), ("b",)), {"identity": 5.0, "software": 0.0}, 0.0)
    marks = {"a": frozenset("x"), "b": frozenset("x")}
    assert min(findings_of([by_card, by_birth], marks)["x"].log10_apart) == pytest.approx(0.0)


def test_the_group_that_a_mark_fits_weighs_most() -> None:
    """A group of strangers that happens to hold two who show a mark says little of it."""
    marks = {name: frozenset("x") for name in "abcd"}
    fits, wide = _group(*"abcd", use=2.0), _group(*"abcdefghijkl", use=-9.0)
    found = findings_of([fits, wide], marks)["x"]
    assert found.log10_use == pytest.approx(2.0 - 0.1249, abs=1e-3)


@given(_GROUPS, _MARKS, st.floats(-3, 9))
def test_what_is_said_does_not_depend_on_evidence(
    groups: list[GroupEvidence], marks: dict[str, frozenset[str]], level: float
) -> None:
    """Which marks are submitted follows from who is in which group alone."""
    other = [GroupEvidence(group.parties, {"birth": level}, -level) for group in groups]
    assert findings_of(groups, marks).keys() == findings_of(other, marks).keys()


@given(_GROUPS, _MARKS)
def test_an_average_lies_between_its_groups(
    groups: list[GroupEvidence], marks: dict[str, frozenset[str]]
) -> None:
    """No mark says more than the strongest group, nor less than the weakest."""
    for found in findings_of(groups, marks).values():
        for source, log10_e in enumerate(found.log10_apart):
            values = [group.log10_apart[source] for group in groups]
            assert min(values) - 1e-9 <= log10_e <= max(values) + 1e-9

"""Judgements computed again: as recorded, without links, and without as few as possible."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect import ScanResult, appeal
from phalanx.detect.apart import TESTED_BY, FamilyEvidence, combine
from phalanx.detect.appeals.docket import (
    FORMED_WITH,
    Docket,
    combine_rules,
    source_of,
    strongest_source,
)
from phalanx.detect.appeals.membership import confidence_without
from phalanx.detect.appeals.placing import Judged, find
from phalanx.detect.appeals.tables import LookRow
from phalanx.detect.links import ALL_FAMILIES
from phalanx.detect.route import Route
from phalanx.errors import InputError
from phalanx.evidence import NOT_ASKED, UrnTest

RULES = st.lists(
    st.tuples(st.sampled_from(ALL_FAMILIES), st.floats(-0.3, 80.0)),
    max_size=8,
    unique_by=lambda pair: pair[0].rule_id,
)


def look(track: int, apart: float, said: dict[str, float], *, parties: int = 2) -> LookRow:
    """Return one look at a group that was formed by content, with e_honest of 10^9."""
    return LookRow(
        track=track, route="content", opening_parties=parties, parties=parties,
        log10_e_apart=apart, log10_e_honest=9.0, log10_e_of_rules=list(said.items()),
    )  # fmt: skip


@given(said=RULES, parties=st.integers(2, 500))
def test_links_are_combined_as_by_the_scan(
    said: Sequence[tuple[object, float]], parties: int
) -> None:
    """The record's rules give what the scan's families gave."""
    lines = [
        FamilyEvidence(family, log10_e, UrnTest(log10_e, 2, 2, 1, 100))  # type: ignore[arg-type]
        for family, log10_e in said
    ]
    again = combine_rules([(line.family.rule_id, line.log10_e) for line in lines], parties)
    assert again == pytest.approx(combine(lines, parties))


def test_what_formed_a_group_is_what_does_not_testify() -> None:
    """The links that are said to have formed a group are never among its evidence."""
    for route, families in TESTED_BY.items():
        assert not FORMED_WITH[route] & {family.rule_id for family in families}
    assert set(FORMED_WITH) == set(Route.__args__)  # type: ignore[attr-defined]


def test_nothing_removed_is_the_recorded_judgement(
    evasive_result: ScanResult, listed: tuple[str, ...]
) -> None:
    """Recomputing without taking anything out gives the evidence, the membership and the list."""
    for account in listed:
        page = appeal(evasive_result, account)
        assert page.recomputed
        again = page.recomputed.as_recorded
        assert again.log10_e_apart == pytest.approx(page.placing.log10_e_apart)
        assert again.log10_e_honest == pytest.approx(page.placing.log10_e_honest)
        assert again.confidence == pytest.approx(page.placing.confidence, abs=1e-5)
        assert again.listed_as == again.listed_as_if_unformed == page.placing.list_name
        assert not again.by_another_group


def test_every_look_follows_from_what_the_links_said(docket: Docket) -> None:
    """The recorded evidence of each look at each group is the combination of its lines."""
    asked = 0
    for track in range(len(docket)):
        last = docket.last_look(track)
        if last.log10_e_apart is not None:
            asked += 1
            again = combine_rules(list(last.log10_e_of_rules), last.parties)
            assert again == pytest.approx(last.log10_e_apart)
    assert asked > 10


def test_levels_are_those_of_the_scan(evasive_result: ScanResult, docket: Docket) -> None:
    """A listed group has passed the level that is said to have been needed."""
    of_campaigns = [group.judgement for group in evasive_result.campaigns]
    of_pools = [group.judgement for group in evasive_result.undeclared_pools]
    for judgement in (*of_campaigns, *of_pools):
        assert judgement.track is not None
        campaign, pool = docket.levels(judgement.track)
        assert judgement.log10_e_apart >= pool
        if judgement in of_campaigns:
            assert judgement.log10_e_apart >= campaign


def test_without_every_link_nobody_is_listed(
    evasive_result: ScanResult, listed: tuple[str, ...], docket: Docket
) -> None:
    """A group of which no link counts is shown to be nothing."""
    for account in listed:
        row = appeal(evasive_result, account)
        assert row.recomputed
        everything = frozenset(
            rule for case in row.recomputed.without_link for rule in case.removed
        )
        (lead, *_) = (
            found.judgement.track
            for found in find(evasive_result, account)
            if isinstance(found, Judged)
        )
        assert lead is not None
        assert docket.judge([lead], everything).reach == "none"


def test_smallest_sets_are_smallest(evasive_result: ScanResult, listed: tuple[str, ...]) -> None:
    """A set takes the account off the list, and no smaller one does."""
    page = appeal(evasive_result, listed[0])
    assert page.recomputed
    for found in page.recomputed.smallest:
        assert found.sets
        sizes = {len(case.removed) for case in found.sets}
        assert len(sizes) == 1
        kept = {"campaign", "authorised"} | (
            {"undeclared_pool"} if found.leaves == "every list" else set()
        )
        assert all(case.listed_as not in kept for case in found.sets)
        if sizes == {1}:
            continue
        assert all(case.listed_as in kept for case in page.recomputed.without_link)


TWO_GROUPS = (
    look(0, 12.0, {"PHX-D007": 20.0, "PHX-D005": 8.0, "PHX-D008": 4.0}),
    look(1, 0.0, {"PHX-D007": 0.0}),
)


def test_one_link_out_by_hand() -> None:
    """Of births 20, mail 8 and timing 4 the strongest is left out: 12; without mail 4 is left."""
    docket = Docket(TWO_GROUPS, 0.1)
    whole, without = (docket.judge([0], frozenset(some)) for some in ((), {"PHX-D005"}))
    assert whole.log10_e_apart - without.log10_e_apart == pytest.approx(8.0)
    assert whole.reach == "campaign"


def test_two_links_out_leave_no_source_that_counts() -> None:
    """One source that is left is the strongest, so nothing speaks and use is not asked about."""
    outcome = Docket(TWO_GROUPS, 0.1).judge([0], frozenset({"PHX-D005", "PHX-D008"}))
    assert outcome.reach == "none"
    assert outcome.log10_e_honest == NOT_ASKED


def test_a_group_may_not_have_formed() -> None:
    """Without the link that formed it, the evidence stands if the group does, and falls if not."""
    docket = Docket(TWO_GROUPS, 0.1)
    gone = frozenset({"PHX-D001"})
    assert docket.judge([0], gone).reach == "campaign"
    assert docket.judge([0], gone, unformed=True).reach == "none"


def test_another_group_may_still_hold_it() -> None:
    """Where the judged group falls and another of the account's groups does not, that is said."""
    second = look(1, 12.0, {"PHX-D002": 20.0, "PHX-D003": 12.0})
    docket = Docket((TWO_GROUPS[0], second), 0.1)
    outcome = docket.judge([0, 1], frozenset({"PHX-D005", "PHX-D008"}))
    assert (outcome.reach, outcome.by_first) == ("campaign", False)


def test_other_groups_keep_their_evidence() -> None:
    """What is taken out of one group changes nothing in the judgement on another."""
    twin = look(1, 12.0, {"PHX-D007": 20.0, "PHX-D005": 8.0, "PHX-D008": 4.0})
    docket = Docket((TWO_GROUPS[0], twin), 0.1)
    docket.judge([0], frozenset({"PHX-D005", "PHX-D007"}))
    assert docket.judge([1], frozenset()).reach == "campaign"


@given(
    odds=st.dictionaries(
        st.sampled_from(["content", "PHX-D002", "PHX-D003", "PHX-D005", "PHX-D007"]),
        st.floats(-30.0, 30.0),
    ),
    prior=st.floats(-15.0, 0.0),
)
def test_membership_moves_with_what_is_removed(odds: dict[str, float], prior: float) -> None:
    """Taking out the only link of a source lowers the probability exactly if it spoke for it."""
    whole = confidence_without({"prior": prior, **odds})
    assert whole is not None
    for rule in ("PHX-D003", "PHX-D007"):
        without = confidence_without({"prior": prior, **odds}, frozenset({rule}))
        assert without is not None
        assert (without <= whole) if odds.get(rule, 0.0) >= 0.0 else (without >= whole)


def test_membership_that_was_not_recorded_is_not_guessed() -> None:
    """An account in no group has no probability of membership."""
    assert confidence_without({"prior": None, "content": None}) is None


@given(said=RULES)
def test_the_strongest_source_is_the_one_left_out(said: Sequence[tuple[object, float]]) -> None:
    """Without its links the product over the other sources is the same or larger by nothing."""
    pairs = [(family.rule_id, log10_e) for family, log10_e in said]  # type: ignore[attr-defined]
    strongest = strongest_source(pairs)
    others = [pair for pair in pairs if source_of(pair[0]) != strongest]
    total = sum(
        combine_rules([*[p for p in others if source_of(p[0]) == s], ("X", 1e9)], 2)
        for s in {source_of(rule) for rule, _ in others}
    )
    assert combine_rules(pairs, 2) == pytest.approx(total, abs=1e-6)


def test_an_unknown_group_is_told(docket: Docket) -> None:
    """A judgement that names a group without looks does not fit its scan."""
    with pytest.raises(InputError, match="has no group 99999"):
        docket.last_look(99_999)


def test_pairs_of_links_never_list_more(
    evasive_result: ScanResult, listed: tuple[str, ...]
) -> None:
    """No account is put on a graver list by taking evidence out."""
    page = appeal(evasive_result, listed[-1])
    assert page.recomputed
    gravity = ["none", "undeclared_pool", "campaign"]
    for case in (*page.recomputed.without_link, *page.recomputed.without_source):
        assert gravity.index(case.listed_as) <= gravity.index(page.placing.list_name)
    for one, other in combinations(page.recomputed.without_link, 2):
        assert one.removed != other.removed

"""Activity: rows added up once, asked for in any span of steps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.activity import NEVER, Activity, arrange

PARTIES, STEPS = 4, 5

rows = st.lists(
    st.tuples(
        st.integers(0, PARTIES - 1), st.integers(0, STEPS - 1), st.integers(0, 59),
        st.integers(1, 9),
    )
)  # fmt: skip


def activity_of(drawn: list[tuple[int, int, int, int]]) -> Activity:
    """Arrange rows of party, step, minute and exchanges; every party acts in step 2 as well."""
    everyone = [(party, 2, 0, 1) for party in range(PARTIES)]
    party, step, minute, exchanges = np.array(everyone + drawn).T
    counts = {"exchanges": exchanges}
    return arrange(party, step, minute.astype(np.int32), counts, (PARTIES, STEPS))


@given(rows, st.integers(0, STEPS - 1), st.integers(0, STEPS - 1))
def test_totals_are_those_of_the_rows(
    drawn: list[tuple[int, int, int, int]], one: int, other: int
) -> None:
    """Over any span, each party has the sum of its rows."""
    first, last = sorted((one, other))
    expected = np.full(PARTIES, float(first <= 2 <= last))
    for party, step, _, exchanges in drawn:
        expected[party] += exchanges * (first <= step <= last)
    assert (activity_of(drawn).total("exchanges", first, last) == expected).all()


@given(rows)
def test_a_party_joins_at_its_first_row(drawn: list[tuple[int, int, int, int]]) -> None:
    """`joined` is the earliest step of each party."""
    earliest = [min([2, *(s for p, s, _, _ in drawn if p == party)]) for party in range(PARTIES)]
    assert activity_of(drawn).joined.tolist() == earliest


def test_a_silent_party_has_no_minute() -> None:
    """The minute of a party is that of its first row in the step; silence is marked."""
    activity = activity_of([(1, 4, 17, 3), (1, 4, 55, 1)])
    assert activity.minutes_at(4).tolist() == [NEVER, 17, NEVER, NEVER]
    assert activity.steps == STEPS
    assert activity.parties == PARTIES

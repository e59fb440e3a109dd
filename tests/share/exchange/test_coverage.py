"""Whether a record of who carries what is that of a scan."""

from __future__ import annotations

import pytest

from phalanx.share.exchange.coverage import coverage_of
from phalanx.share.exchange.seen import Membership

INSIDE, OUTSIDE = [f"in-{n}" for n in range(4)], [f"out-{n}" for n in range(10)]


@pytest.mark.parametrize(
    ("listed", "others", "is_whole"),
    [(4, 10, True), (4, 5, True), (4, 4, False), (4, 0, False), (2, 3, True), (2, 2, False),
     (0, 0, True)],
)  # fmt: skip
def test_a_record_speaks_of_the_others_as_of_the_listed(
    listed: int,
    others: int,
    is_whole: bool,  # noqa: FBT001 - of a table of cases
) -> None:
    """Less than half as large a share of the others is a record of the campaign."""
    hidden = {f"clear {name}": name for name in (*INSIDE, *OUTSIDE)}
    membership = Membership(
        dict.fromkeys(INSIDE, "c1"), lambda names: [hidden.get(name, "stranger") for name in names]
    )
    recorded = [f"clear {name}" for name in (*INSIDE[:listed], *OUTSIDE[:others])]
    found = coverage_of([*recorded, "nobody"], [*INSIDE, *OUTSIDE], membership)
    assert (found.listed, found.listed_known) == (4, listed)
    assert (found.others, found.others_known, found.strangers) == (10, others, 1)
    assert found.is_whole is is_whole
    assert found.is_of_the_scan is (listed + others > 0)


def test_a_scan_without_others_has_nobody_to_compare_with() -> None:
    """Where all accounts are listed, none of the others can be missing."""
    found = coverage_of(INSIDE, INSIDE, Membership(dict.fromkeys(INSIDE, "c1"), list))
    assert (found.others, found.is_whole) == (0, True)

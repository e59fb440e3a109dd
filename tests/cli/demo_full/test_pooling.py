"""What the pool told, as marks for a scan."""

from __future__ import annotations

from phalanx.cli.demo_full.pooling import marks_of
from phalanx.cli.share_pool_member import ToldMark
from phalanx.detect.alliance.mark_file import SharedMarks

CARD, OTHER_CARD, MAIL = ("payment", "1"), ("payment", "2"), ("email", "x@example.com")


def told(*marks: tuple[str, str]) -> list[ToldMark]:
    """Return marks as a member is told of them."""
    return [
        ToldMark(kind, value, (), without_you=False, without_any_one=False,
                 under_any_dependence=False)
        for kind, value in marks
    ]  # fmt: skip


def test_marks_that_one_account_carries_together_are_of_one_campaign() -> None:
    """And those that nobody carries together are of different ones."""
    carriers = {
        "a": frozenset({CARD, MAIL}),
        "b": frozenset({MAIL}),
        "c": frozenset({OTHER_CARD}),
    }
    table = marks_of(told(CARD, MAIL, OTHER_CARD), carriers, "r")
    campaign = {row["account_id"]: row["campaign"] for row in table.to_pylist()}
    assert campaign["a"] == campaign["b"] != campaign["c"]


def test_only_what_was_told_is_a_mark() -> None:
    """A card that an account carries besides says nothing."""
    carriers = {"a": frozenset({CARD, MAIL}), "b": frozenset({OTHER_CARD})}
    table = marks_of(told(MAIL), carriers, "r")
    assert table.to_pylist() == [
        {"account_id": "a", "campaign": "pool-r-1", "kind": "email", "matches": 1,
         "first_seen": None, "last_seen": None}
    ]  # fmt: skip


def test_a_scan_takes_them_and_takes_none() -> None:
    """Nothing told is a file of marks too."""
    assert SharedMarks(marks_of(told(CARD), {"a": frozenset({CARD})}, "r")).table.num_rows == 1
    assert SharedMarks(marks_of([], {"a": frozenset({CARD})}, "r")).table.num_rows == 0

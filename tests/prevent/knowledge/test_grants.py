"""Which grants cover a request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from phalanx.model.grant import Grant
from phalanx.prevent.knowledge.grants import grant_index

BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)


def _grant(name: str, accounts: tuple[str, ...], organisations: tuple[str, ...] = ()) -> Grant:
    return Grant(
        grant_id=name,
        purpose="evaluation",
        accounts=accounts,
        organisations=organisations,
        valid_from=BEGIN,
        valid_until=END,
        issued_by="counsel",
    )


def test_a_grant_covers_from_its_start_to_its_end() -> None:
    """Both included, as a scan has it, and not a moment more."""
    index = grant_index([_grant("g", ("a",))])
    instant = timedelta(microseconds=1)
    assert index.covering("a", None, BEGIN)
    assert index.covering("a", None, END)
    assert not index.covering("a", None, BEGIN - instant)
    assert not index.covering("a", None, END + instant)


def test_a_grant_of_an_organisation_covers_its_accounts() -> None:
    """And one that names both counts once."""
    index = grant_index([_grant("g", ("a",), ("lab",)), _grant("h", ("b",))])
    assert [each.grant_id for each in index.covering("a", "lab", BEGIN)] == ["g"]
    assert [each.grant_id for each in index.covering("c", "lab", BEGIN)] == ["g"]
    assert not index.covering("c", None, BEGIN)
    assert not index.covering("c", "other", BEGIN)

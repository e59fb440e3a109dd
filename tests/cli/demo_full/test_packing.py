"""A case as its file says it."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from phalanx.cli.demo_full.packing import as_toml

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUE = st.one_of(TEXT, st.floats(-1e300, 1e300), st.integers(-(2**63), 2**63 - 1),
                  st.lists(TEXT, max_size=3))  # fmt: skip
NAME = st.text("abcdefgh_", min_size=1, max_size=8)
ROW = st.dictionaries(NAME, VALUE, min_size=1, max_size=3)


@given(st.dictionaries(NAME, st.one_of(TEXT, ROW, st.lists(ROW, min_size=1, max_size=2))))
def test_a_case_is_read_as_it_was_written(said: dict[str, object]) -> None:
    """Whatever stands in a text: quotes, line ends and signs that no terminal shows."""
    assert tomllib.loads(as_toml(said)) == said


def test_a_moment_keeps_its_time_zone() -> None:
    """As an offset."""
    now = datetime(2026, 11, 27, 9, tzinfo=UTC)
    assert tomllib.loads(as_toml({"case": {"opened_at": now}})) == {"case": {"opened_at": now}}

"""Files of duties, as counsel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.govern.checked_toml import MOST_BYTES
from phalanx.govern.duties import SHIPPED, read_duties

TEXT = SHIPPED.read_text(encoding="utf-8")


def test_every_shipped_duty_has_a_source_and_a_day() -> None:
    """And every question is asked by one of them, so that none is answered for nothing."""
    duties = read_duties(SHIPPED)
    asked = {each for duty in duties.duties for each in duty.questions}
    assert asked == set(duties.questions)
    assert len({each.id for each in duties.duties}) == len(duties.duties) == 10
    for each in duties.duties:
        assert each.source
        assert each.written >= each.in_force_from
        assert each.checked is None or each.checked >= each.written
        assert each.items


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('schema = "phalanx.duties/1"', 'schema = "phalanx.duties/2"', "schema"),
        ("within = { days = 15 }", "within = { days = 15, hours = 2 }", "one of them"),
        ("within = { days = 15 }", "within = { days = 0 }", "greater than or equal to 1"),
        ('binds = ["frontier-developer"]', "binds = []", "at least 1"),
        ('binds = ["frontier-developer"]', 'binds = ["frontier"]', "no question 'frontier'"),
        ('item = ["date", ', 'item = ["dates", ', "no item 'dates'"),
        ('id = "ca-sb53-imminent"', 'id = "ca-sb53-incident"', "stands there 2 times"),
        ('force = "law"', 'force = "custom"', "force"),
        ("written = 2026-11-27", 'written = "soon"', "written"),
        ('start = "discovered"', 'start = "discovered"\nlatest = 3', "latest"),
        ("[[question]]", "[[question", "no TOML"),
    ],
)
def test_a_slip_of_the_pen_stops_the_whole_file(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    """A duty that is read wrongly would be missed without a word."""
    assert old in TEXT
    path = tmp_path / "duties.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=why):
        read_duties(path)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """Missing, too large, no text, nested too deeply."""
    with pytest.raises(InputError, match="cannot be read"):
        read_duties(tmp_path / "none.toml")
    path = tmp_path / "duties.toml"
    for content, why in (
        (b"#" * (MOST_BYTES + 1), "more than"),
        (b"\xff\xfe", "no TOML"),
        (b"a = " + b"[" * 100_000, "no TOML"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=why):
            read_duties(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_one_other_character_is_read_or_told(tmp_path: Path, at: int, character: str) -> None:
    """Whatever stands there, it is an error of the file and nothing else."""
    path = tmp_path / "duties.toml"
    path.write_text(TEXT[:at] + character + TEXT[at + 1 :], encoding="utf-8")
    try:
        found = read_duties(path)
    except InputError:
        return
    assert len(found.duties) <= 10

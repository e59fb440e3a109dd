"""The catalogue of controls as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from phalanx.errors import InputError
from phalanx.govern.controls import SHIPPED, read_catalogue

TEXT = SHIPPED.read_text(encoding="utf-8")


def test_every_control_is_mapped_and_asks_for_evidence() -> None:
    """To SP 800-53 each, so that a security department finds its place."""
    catalogue = read_catalogue(SHIPPED)
    controls = list(catalogue)
    assert len(controls) == 42
    for each in controls:
        assert each.maps["sp800-53"]
        assert each.evidence
        assert each.id.startswith("phx-")
    used = {name for each in controls for name in each.maps}
    assert used == set(catalogue.frameworks)


def test_profiles_build_on_each_other() -> None:
    """A member of an alliance does what everybody does, and more."""
    catalogue = read_catalogue(SHIPPED)
    sets = [{each.id for each in catalogue.of_profile(name)} for name in catalogue.profiles]
    assert sets[0] < sets[1] < sets[2]
    with pytest.raises(KeyError):
        catalogue.of_profile("best")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('id = "phx-det-2"', 'id = "phx-det-1"', "stands there twice"),
        ('profiles = ["baseline"]', 'profiles = ["base"]', "no profile 'base'"),
        ('check = "scan-is-recent"', 'check = "scan-is-old"', "no check 'scan-is-old'"),
        ("cosai = [", "cosay = [", "no framework 'cosay'"),
        ("days = 2", "days = 0", "greater than or equal to 1"),
        ('statement = "', 'statements = "', "statement"),
        ("[[family]]", "[family]", "no TOML"),
    ],
)
def test_a_slip_of_the_pen_stops_the_whole_file(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    """A control that is read wrongly would be held against somebody."""
    assert old in TEXT
    path = tmp_path / "controls.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=why):
        read_catalogue(path)

"""The story: told as it comes out, and ended where a step does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.demo_full.acts import begin_acts, record
from phalanx.cli.demo_full.chapter import Chapter
from phalanx.cli.demo_full.places import new_places
from phalanx.cli.demo_full.story import Told, tell
from phalanx.cli.demo_full.traffic import Setting
from phalanx.errors import InputError
from phalanx.govern.ledger import open_ledger

SETTING = Setting(2_000, 0, datetime(2026, 11, 27, tzinfo=UTC))


def step(name: str, lacks: str = "") -> Told:
    """Return a step that came out, or did not."""
    return Told(name, Chapter(title=name, lines=("said",), artefacts=(), lacks=lacks), 1.0, 1.0)


def test_the_story_ends_at_the_first_step_that_does_not_come_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status says so, what comes after is not done, and what was told is kept."""
    places = new_places(tmp_path / "out")
    steps = iter([step("one"), step("two", "nothing is told"), step("three")])
    assert tell(steps, places, SETTING) == ExitCode.FINDINGS
    assert next(steps).name == "three"
    out = capsys.readouterr().out
    assert "The story ends here: at the step 'two' nothing is told." in out
    kept = json.loads((places.out / "story.json").read_text())
    assert [each["name"] for each in kept["steps"]] == ["one", "two"]
    assert kept["came_out"] is False
    assert (places.out / "story.txt").read_text() == out


def test_a_story_that_came_out_ends_with_its_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With how many acts it holds, and that all of it is simulated."""
    places = new_places(tmp_path / "out")
    begin_acts(places.a)
    record(places.a, "report", "ana", "scan", places.a.ledger_policy, campaigns=1)
    assert tell([step("one")], places, SETTING) == ExitCode.CLEAN
    out = capsys.readouterr().out
    assert "1 acts, as its signed tree says" in out
    assert "All of this is simulated" in out


def test_an_act_is_recorded_with_the_digest_of_what_it_concerns(tmp_path: Path) -> None:
    """And the ledger gives it back."""
    places = new_places(tmp_path / "out")
    begin_acts(places.b)
    number = record(places.b, "key", "ana", "the key", places.b.ledger_policy, epoch=1)
    (found,) = open_ledger(places.b.ledger).events(number)
    assert found.event.facts == {"epoch": 1}
    assert found.event.digest is not None


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ledger is never written over."""
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something"):
        new_places(tmp_path)
    assert main(["demo", "--full", "--out", str(tmp_path)]) == ExitCode.BAD_INPUT
    assert "Name a new folder with --out" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]

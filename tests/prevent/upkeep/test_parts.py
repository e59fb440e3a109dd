"""What is known while a gateway runs: read again when it changes, kept when it breaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from phalanx.errors import ConfigError, PhalanxError
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.upkeep.parts import Part, RunningKnowledge

Told = list[tuple[str, str]]


class Read:
    """Reads keys of campaigns from a file, and counts how often."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self.times = 0

    def __call__(self, known: Knowledge) -> Knowledge:
        """Read the file."""
        self.times += 1
        text = self._path.read_text()
        if text == "broken":
            message = "the file is broken"
            raise ConfigError(message)
        return replace(known, keys={"c1": text})


def _running(path: Path) -> tuple[RunningKnowledge, Read, Told]:
    told: Told = []
    read = Read(path)

    def alarm(part: str, error: PhalanxError) -> None:
        told.append((part, str(error)))

    return RunningKnowledge([Part("keys", (path,), read)], alarm), read, told


def test_a_file_is_read_when_it_says_something_else(tmp_path: Path) -> None:
    """Not when it was only touched, and not while it stays as it is."""
    path = tmp_path / "keys"
    path.write_text("one")
    running, read, told = _running(path)
    assert (running.known.keys, running.reload(), read.times) == ({"c1": "one"}, (), 1)
    path.touch()
    path.write_text("one")
    assert (running.reload(), read.times) == ((), 1)
    path.write_text("two")
    assert (running.reload(), running.known.keys) == (("keys",), {"c1": "two"})
    assert (told, running.is_stale) == ([], {"keys": False})


@pytest.mark.parametrize("breaks", ["broken", None])
def test_a_broken_file_leaves_what_was_known(tmp_path: Path, breaks: str | None) -> None:
    """One alarm for each way in which it is broken; whole again, it is taken."""
    path = tmp_path / "keys"
    path.write_text("one")
    running, _, told = _running(path)
    if breaks is None:
        path.unlink()
    else:
        path.write_text(breaks)
    for _ in range(3):
        assert running.reload() == ()
    assert (running.known.keys, running.is_stale, len(told)) == ({"c1": "one"}, {"keys": True}, 1)
    path.write_text("two")
    assert running.reload() == ("keys",)
    assert (running.known.keys, running.is_stale) == ({"c1": "two"}, {"keys": False})


def test_one_broken_part_does_not_hold_up_another(tmp_path: Path) -> None:
    """The others are read all the same."""
    first, second = tmp_path / "a", tmp_path / "b"
    for path in (first, second):
        path.write_text("one")
    running = RunningKnowledge(
        [
            Part("a", (first,), Read(first)),
            Part("b", (second,), lambda known: replace(known, keys={"b": second.read_text()})),
        ],
        lambda *_: None,
    )
    first.write_text("broken")
    second.write_text("two")
    assert running.reload() == ("b",)
    assert running.known.keys == {"b": "two"}
    assert running.is_stale == {"a": True, "b": False}


def test_a_part_that_is_broken_at_the_start_is_an_error(tmp_path: Path) -> None:
    """There is nothing to go on with."""
    path = tmp_path / "keys"
    path.write_text("broken")
    with pytest.raises(ConfigError):
        _running(path)
    path.unlink()
    with pytest.raises(PhalanxError, match="cannot be read"):
        _running(path)

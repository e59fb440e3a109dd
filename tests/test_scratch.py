"""What a run puts aside is gone when it is over, however it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.killed import every_kill

from phalanx.scratch import PREFIX, scratch_folder

HOLD = """
import sys, time
from pathlib import Path
from phalanx.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as scratch:
    (scratch / "rows").write_text("who sent what")
    print("made", flush=True)
    time.sleep(60)
"""


def running(above: Path) -> subprocess.Popen[str]:
    """Start a run that holds a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(above)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "made\n"
    return process


def folders(above: Path) -> list[Path]:
    """List the folders of runs."""
    return sorted(above.glob(f"{PREFIX}*"))


def test_folder_is_removed_after_a_failure(tmp_path: Path) -> None:
    """An error inside does not leave it behind."""

    def fail() -> None:
        with scratch_folder(tmp_path) as scratch:
            (scratch / "rows").write_text("1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not folders(tmp_path)


def test_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Nobody else may look into it."""
    with scratch_folder(tmp_path) as scratch:
        assert scratch.stat().st_mode & 0o077 == 0


def test_killed_run_is_cleared_by_the_next_one(tmp_path: Path) -> None:
    """What it could not remove is gone as soon as another run begins."""
    process = running(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (left,) = folders(tmp_path)
    with scratch_folder(tmp_path) as scratch:
        assert folders(tmp_path) == [scratch]
    assert not left.exists()


def test_running_one_keeps_its_folder(tmp_path: Path) -> None:
    """Runs beside each other leave each other's folders alone."""
    process = running(tmp_path)
    (theirs,) = folders(tmp_path)
    with scratch_folder(tmp_path):
        assert (theirs / "rows").read_text() == "who sent what"
    process.kill()
    process.communicate()


def test_link_with_the_name_of_a_folder_is_left_alone(tmp_path: Path) -> None:
    """Whoever may write there cannot have something else removed."""
    target = tmp_path / "target"
    target.mkdir()
    (target / "in-use").write_text("")
    link = tmp_path / f"{PREFIX}link"
    link.symlink_to(target)
    with scratch_folder(tmp_path):
        pass
    assert (target / "in-use").exists()
    assert os.path.lexists(link)


def _used(above: Path) -> None:
    with scratch_folder(above) as scratch:
        (scratch / "deep").mkdir()
        (scratch / "deep" / "rows").write_text("who sent what")


def test_one_that_is_killed_anywhere_is_cleared(tmp_path: Path) -> None:
    """Before it holds its folder, and in the middle of removing it, too."""

    def look(_: int) -> None:
        _used(tmp_path)
        assert folders(tmp_path) == []

    assert every_kill(lambda: _used(tmp_path), look) > 5


def test_many_at_once_do_not_take_each_others_folders(tmp_path: Path) -> None:
    """Whoever finds the folder of another that is just being made takes it for abandoned or not."""
    children = []
    for _ in range(4):
        child = os.fork()
        if not child:
            status = 1
            try:
                for _ in range(150):
                    _used(tmp_path)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    assert folders(tmp_path) == []

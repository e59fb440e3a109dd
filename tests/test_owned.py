"""Files are whole or absent, and nothing but a file is ever replaced."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from phalanx.owned import read_or_make_secret, written_whole


def write(path: Path, text: str) -> None:
    """Write a text as commands do."""
    with written_whole(path) as aside:
        aside.write_text(text)


def test_pipe_is_written_through(tmp_path: Path) -> None:
    """A named pipe stays one, and its reader gets the text."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    write(pipe, "all of it")
    reader.join()
    assert heard == ["all of it"]
    assert pipe.is_fifo()


def test_device_stays_a_device() -> None:
    """Nothing takes the place of /dev/null."""
    write(Path(os.devnull), "all of it")
    assert Path(os.devnull).is_char_device()


def test_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    """Whoever links a result elsewhere finds it there."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_link_that_leads_to_itself_is_replaced(tmp_path: Path) -> None:
    """There is nothing behind it that could be written."""
    link = tmp_path / "link"
    link.symlink_to(link)
    write(link, "new")
    assert link.read_text() == "new"


def test_a_secret_that_is_not_wanted_is_not_made(tmp_path: Path) -> None:
    """Another is drawn; what is there already is taken as it is."""
    path = tmp_path / "a.key"
    secret = read_or_make_secret(path, "key", 4, wanted=lambda each: each[0] < 16)
    assert secret[0] < 16
    assert read_or_make_secret(path, "key", 4, wanted=lambda _: False) == secret

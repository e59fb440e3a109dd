"""Processes that kill themselves at their n-th step: before a file is touched, a row is written."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from itertools import count, islice
from pathlib import Path

from sqlalchemy import Engine, event

_TOUCHED = frozenset(
    {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
)
"""What the interpreter tells of files, besides those that are opened to be written."""

_MOST_STEPS = 2_000


def killed_at(step: int, act: Callable[[], object]) -> bool:
    """Run in a process that ends by SIGKILL right before its n-th step, from 1.

    Steps are files and folders that are made, opened to be written, renamed, brought to the disk or
    removed, and statements and commits of databases: every place where what is on the disk may be
    another afterwards. What was written and not handed to the system is lost.

    Parameters:
        step: At which it ends.
        act: What is run; it has to come to its end where it is not killed.

    Returns:
        Whether it was killed; false where it had fewer steps.
    """
    child = os.fork()
    if not child:
        status = 1
        try:
            _count(step)
            act()
            status = 0
        finally:
            # Nothing of the tests' own process may run in this one.
            os._exit(status)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in {0, -signal.SIGKILL}, f"step {step}: the process ended with {ended}"
    return ended != 0


def every_kill(act: Callable[[], object], look: Callable[[int], object], *, by: int = 1) -> int:
    """Kill an act before its first step, its second and so on, and look at what is left each time.

    Parameters:
        act: What is run. It is run once more to its end.
        look: Is given the number of the step; it has to leave things as `act` wants them.
        by: How many steps to go on by.

    Returns:
        How often it was killed.
    """
    for kills, step in enumerate(islice(count(1, by), _MOST_STEPS)):
        if not killed_at(step, act):
            return kills
        look(step)
    message = "the act never came to its end"
    raise AssertionError(message)


def there_in(folder: Path) -> list[str]:
    """Return the names of what is in a folder."""
    return sorted(each.name for each in folder.iterdir())


def holding(folder: Path, content: bytes) -> list[Path]:
    """Return the files under a folder that hold something."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if content in path.read_bytes()]


def _count(step: int) -> None:
    steps = count(1)

    def stepped(*_: object) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def heard(name: str, given: tuple[object, ...]) -> None:
        if name == "open":
            flags = given[2]
            if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
                stepped()
        elif name in _TOUCHED:
            stepped()

    def counted(call: Callable[..., object]) -> Callable[..., object]:
        def counting(*given: object) -> object:
            stepped()
            return call(*given)

        return counting

    sys.addaudithook(heard)
    os.fsync = counted(os.fsync)  # type: ignore[assignment] # of any arguments
    os.sync = counted(os.sync)  # type: ignore[assignment] # of any arguments
    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, stepped)

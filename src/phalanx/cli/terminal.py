"""How much a command says, and its progress bar. Both go to standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter
from rich.console import Console

from phalanx.printable import printable

_COMMON = Group.create_ordered("Common")


@Parameter(name="*", group=_COMMON)
@dataclass(frozen=True, kw_only=True)
class Common:
    """Options that every command has."""

    config: Annotated[Path | None, Parameter(show_default=False)] = None
    """Settings file; `phalanx.toml` in this directory is read without being named."""

    quiet: Annotated[bool, Parameter(alias="-q", show_default=False)] = False
    """Say nothing but results and errors."""

    verbose: Annotated[bool, Parameter(alias="-v", show_default=False)] = False
    """Say more, and show a traceback with an error."""

    def say(self, text: str) -> None:
        """Tell a person something that is not the result."""
        if not self.quiet:
            sys.stderr.write(printable(text, keep="\n") + "\n")

    def detail(self, text: str) -> None:
        """As `say`, under `--verbose` only."""
        if self.verbose:
            self.say(text)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[str, float], None]]:
        """Show a bar while work goes on, on a terminal only.

        Parameters:
            title: What is being done.

        Yields:
            A function of the stage's name and the share that is done, in [0, 1].
        """
        console = Console(stderr=True)
        if self.quiet or not console.is_terminal:
            yield self._note_stage
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(title, total=1.0)
            yield lambda stage, share: bar.update(
                task, description=f"{title}: {stage}", completed=share
            )

    def _note_stage(self, stage: str, share: float) -> None:
        self.detail(f"{share:4.0%} {stage}")

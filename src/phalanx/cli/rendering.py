"""Results go out through the formats that are installed as entry points."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stdout
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from phalanx.errors import InputError
from phalanx.owned import (
    OWNER_ONLY,
    is_special,
    link_followed,
    refuse_unwritable,
    written_whole,
)

if TYPE_CHECKING:
    from phalanx.detect.result import ScanResult

_GROUP = "phalanx.formats"
FORMATS = tuple(sorted(entry_points(group=_GROUP).names))
"""Names that `--format` takes: those of Phalanx and of any installed extension."""

OutputFormat = Annotated[str, Parameter(name=["--format", "-f"], choices=FORMATS)]
"""Type of the option `--format` of commands that print a scan."""

TableOrJson = Annotated[Literal["table", "json"], Parameter(name=["--format", "-f"])]
"""Type of the option `--format` of commands that print a list."""

OutputPath = Annotated[Path | None, Parameter(name=["--output", "-o"], show_default=False)]
"""Type of the option `--output`."""


def write_rendering(result: ScanResult, output_format: str, output: Path | None) -> None:
    """Render a scan and print it, or write it into a file.

    Parameters:
        result: What was found.
        output_format: One of `FORMATS`.
        output: File to write; null takes standard output.

    Raises:
        InputError: If the file cannot be written.
    """
    (entry,) = entry_points(group=_GROUP, name=output_format)
    render = entry.load()
    if output is None:
        sys.stdout.write(render(result))
        return
    # A format may ask whether standard output is a terminal, for colours: a file is none.
    with redirect_stdout(io.StringIO()):
        text = render(result)
    write_text(text, output)


def write_text(text: str, output: Path | None) -> None:
    """Print text, or write it into a file for its owner alone, whole or absent.

    Parameters:
        text: What to write, with a line feed at its end.
        output: The file; null takes standard output.

    Raises:
        InputError: If the file cannot be written.
    """
    if output is None:
        sys.stdout.write(text)
        return
    try:
        with written_whole(output) as aside:
            aside.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{output}: cannot be written: {error.strerror}"
        raise InputError(message, next_step="Pass another path with --output.") from error


def hand_out(secret: str, output: Path | None) -> None:
    """Print a secret, or write it into a new file for its owner alone: no other is replaced.

    Parameters:
        secret: On one line.
        output: The file; null takes standard output.

    Raises:
        InputError: If the file is there, or cannot be made.
    """
    if output is None:
        sys.stdout.write(secret + "\n")
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secret + "\n")
    except OSError as error:
        message = f"{output}: cannot be made: {error.strerror}"
        raise InputError(message, next_step="Name a new file with --output.") from error


def refuse_known(output: Path | None) -> None:
    """Say before a secret is made that its file is there, or could not be made.

    Raises:
        InputError: In both cases.
    """
    if output is not None and (output.exists() or output.is_symlink()):
        message = f"{output}: is there, and may hold somebody's key"
        raise InputError(message, next_step="Name a new file with --output.")
    if output is not None and not output.parent.is_dir():
        message = f"{output.parent}: no such folder"
        raise InputError(message, next_step="Make it, or name another file with --output.")
    refuse_output(output)


def refuse_output(output: Path | None) -> None:
    """Say before any work that a file could not be written; null is standard output.

    Raises:
        InputError: If it is a folder, or stands where nothing may be written.
    """
    if output is None or is_special(output):
        return
    refuse_unwritable(link_followed(output).parent, "--output")
    if output.is_dir():
        message = f"{output}: cannot be written: it is a folder"
        raise InputError(message, next_step="Pass another path with --output.")

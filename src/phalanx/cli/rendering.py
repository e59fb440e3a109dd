"""Results go out through the formats that are installed as entry points."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from contextlib import redirect_stdout
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from phalanx.errors import InputError

if TYPE_CHECKING:
    from phalanx.detect.result import ScanResult

_GROUP = "phalanx.formats"
FORMATS = tuple(sorted(entry_points(group=_GROUP).names))
"""Names that `--format` takes: those of Phalanx and of any installed extension."""

OutputFormat = Annotated[str, Parameter(name=["--format", "-f"], choices=FORMATS)]
"""Type of the option `--format` of commands that print a scan."""

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
    write_text(text, output, private=not result.run.key_id)


def write_text(text: str, output: Path | None, *, private: bool = False) -> None:
    """Print text, or write it into a file that is whole or absent, never half.

    Parameters:
        text: What to write, with a line feed at its end.
        output: The file; null takes standard output.
        private: Whether nobody else on the machine may read the file, as one with
            identifiers in clear.

    Raises:
        InputError: If the file cannot be written.
    """
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=output.parent, prefix=f".{output.name}.", delete=False
        ) as aside:
            aside.write(text)
        if not private:
            Path(aside.name).chmod(0o666 & ~_umask())
        Path(aside.name).replace(output)
    except OSError as error:
        message = f"{output}: cannot be written: {error.strerror}"
        raise InputError(message, next_step="Pass another path with --output.") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

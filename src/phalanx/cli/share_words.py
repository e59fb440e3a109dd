"""What a person may have mistyped, told before anything is read, asked or written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from phalanx.errors import InputError


def refuse_broken(**words: str | Iterable[str]) -> None:
    """Raise if a word of the command line is no text: half a character, or bytes of another script.

    It could be neither signed nor kept.

    Parameters:
        words: Name of the option or argument -> what it was given.

    Raises:
        InputError: With the name, and not with what was given.

    Examples:
        >>> refuse_broken(submit="Zoë", objects=("campaign--1",))
        >>> refuse_broken(submit=chr(0xDCFF))
        Traceback (most recent call last):
        phalanx.errors.InputError: submit: holds bytes that are no UTF-8
    """
    for name, given in words.items():
        for each in [given] if isinstance(given, str) else given:
            try:
                each.encode()
            except UnicodeEncodeError as error:
                message = f"{name}: holds bytes that are no UTF-8"
                raise InputError(message, next_step="Type it again.") from error


def refuse_own_input(output: Path, named: Iterable[str | Path]) -> None:
    """Raise if a file that is to be written is one that is to be read.

    Parameters:
        output: To be written.
        named: To be read; what is a pattern of names is no file.

    Raises:
        InputError: If it is one of them.
    """
    if output.exists() and any(Path(each).exists() and output.samefile(each) for each in named):
        message = f"{output}: is read by this command, and would be replaced"
        raise InputError(message, next_step="Name another file with --output.")

"""The command line: parse, call, render. It decides nothing.

Each command has a module of its own, whose function's parameters are the options and
whose docstring is the help. Heavy libraries are imported inside those functions.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from types import FrameType
from typing import NoReturn

from phalanx.cli.exit_codes import ExitCode
from phalanx.errors import InputError, PhalanxError, reason_of

__all__ = ["ExitCode", "main"]

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Errors of a full disk, a used-up quota, a file that may not grow."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters:
        arguments: Words after the program's name; null takes those of this process.

    Returns:
        A value of `ExitCode`.

    Examples:
        >>> main(["--version"])
        0.1.0
        0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with _ended_by_sigterm():
            status = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone (`phalanx ... | head`).
        _give_up_output()
        return int(ExitCode.CLEAN)
    except Exception as error:  # noqa: BLE001 - the last place where it can be told
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            _give_up_output()
            sys.stderr.write(f"phalanx: cannot be written: {error.strerror}\nNext: Make room.\n")
            return int(ExitCode.BAD_INPUT)
        if isinstance(error, OSError) and error.errno and error.filename:
            failed = InputError(
                f"{error.filename}: cannot be used: {reason_of(error)}",
                next_step="Check the path and its permissions, and those of its folders.",
            )
            failed.__cause__ = error
            _report(failed, verbose=_is_verbose(words))
            return failed.exit_code
        return _report_crash(error, verbose=_is_verbose(words))
    return int(status)


def _give_up_output() -> None:
    """Point standard output at nothing: Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let `kill` end a command as Ctrl-C does, so that temporary files are removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(ExitCode.TERMINATED)


def _listed(words: list[str]) -> list[str] | None:
    """Return the words of the group whose commands are asked for, if they may be."""
    if words and words[-1] in {"-h", "--help"}:
        return words[:-1]
    return words if len(words) <= 1 else None


def _run(words: list[str]) -> int:
    from phalanx.cli.application import build_app

    try:
        _refuse_standard_input(words)
        app = build_app(listed=_listed(words))
        result = app(words, result_action="return_value")
    except PhalanxError as error:
        _report(error, verbose=_is_verbose(words))
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return ExitCode.INTERRUPTED
    except SystemExit as leaving:
        # rich turns a pipe whose reader has gone into an exit; that is no failure.
        if isinstance(leaving.__context__, BrokenPipeError):
            return ExitCode.CLEAN
        return leaving.code if isinstance(leaving.code, int) else ExitCode.BAD_INPUT
    return result if isinstance(result, int) else ExitCode.CLEAN


def _refuse_standard_input(words: Sequence[str]) -> None:
    """Say what to do instead of naming `-` as a log: a log is read twice, a pipe only once."""
    named = (word for before, word in pairwise(words) if not before.startswith("-"))
    if "scan" in words[:1] and "-" in named:
        message = "-: standard input is not read, because a log is read twice"
        advice = "Write it to a file and name that: ... > log.jsonl; phalanx scan log.jsonl"
        raise InputError(message, next_step=advice)


def _is_verbose(words: Sequence[str]) -> bool:
    return "-v" in words or "--verbose" in words


def _report(error: PhalanxError, *, verbose: bool) -> None:
    if verbose:
        import traceback

        from phalanx.printable import printable

        sys.stderr.write(printable("".join(traceback.format_exception(error)), keep="\n"))
    sys.stderr.write(f"phalanx: {error.diagnostics()}\n")


def _report_crash(error: Exception, *, verbose: bool) -> int:
    if verbose:
        import traceback

        traceback.print_exception(error)
    said = str(error).partition("\n")[0]
    advice = "Please report it with the traceback" + ("." if verbose else " that -v adds.")
    sys.stderr.write(f"phalanx: unexpected {type(error).__name__}: {said}\nNext: {advice}\n")
    return int(ExitCode.CRASHED)

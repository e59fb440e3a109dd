"""Everything that Phalanx raises on purpose.

    PhalanxError
    ├── InputError         a file or a table cannot be used: exit 2
    ├── ConfigError        a setting is wrong or contradicts another: exit 2
    ├── PolicyError        a rule of the deployment forbids the request: exit 2
    ├── VerificationError  a signature, digest or format check failed: exit 2
    ├── ServiceError       something outside this process failed: exit 3
    └── MissingExtraError  an optional dependency is not installed: exit 2

A message says what happened, where, what was expected, and the next step. Wrong
use of a Python function stays `ValueError` or `TypeError`. "Could not decide" is
never an exception: it is a result, `phalanx.model.Inconclusive`.
"""

from __future__ import annotations

import os
import re

from phalanx.printable import printable

_NUMBERED = re.compile(r"\[(?:Errno|WinError) -?[0-9]+\] ?")


class PhalanxError(Exception):
    r"""Root of the tree.

    Parameters:
        message: What happened and where.
        next_step: What the caller can do about it, in the imperative.

    Examples:
        >>> error = InputError("no rows in a.jsonl", next_step="Pass a log with data.")
        >>> error.diagnostics()
        'no rows in a.jsonl\nNext: Pass a log with data.'
    """

    exit_code = 2

    def __init__(self, message: str, *, next_step: str = "") -> None:
        """Keep the message and the advice apart, so that a caller can show either."""
        super().__init__(message)
        self.next_step = next_step

    def diagnostics(self) -> str:
        """Return the text that a person should read, which cannot steer a terminal."""
        said = f"{self}\nNext: {self.next_step}" if self.next_step else str(self)
        return printable(said, keep="\n")


class InputError(PhalanxError):
    """A file or a table cannot be used."""


class ConfigError(PhalanxError):
    """A setting is wrong, or contradicts another."""


class PolicyError(PhalanxError):
    """A rule of the deployment forbids what was asked."""


class VerificationError(PhalanxError):
    """A signature, digest or format check failed."""


class ServiceError(PhalanxError):
    """Something outside this process failed."""

    exit_code = 3


class MissingExtraError(PhalanxError):
    """An optional dependency is not installed."""


def reason_of(error: BaseException) -> str:
    """Return why something failed, in words on one line and without numbers of errors.

    Libraries put paths and numbers into what they say of a failure of the system; a message names
    the path itself.

    Parameters:
        error: Of the system, or of a library.

    Examples:
        >>> reason_of(FileNotFoundError(2, "Failed to open local file 'a'. Detail: [errno 2]"))
        'No such file or directory'
        >>> reason_of(OSError("[Errno 5] the disk is broken"))
        'the disk is broken'
    """
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    said = _NUMBERED.sub("", str(error)).strip().partition("\n")[0]
    return said[:200] or type(error).__name__

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

from phalanx.printable import printable


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

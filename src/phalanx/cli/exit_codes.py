"""What the command line tells the shell."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit status of every command."""

    CLEAN = 0
    """It ran, and found nothing at or above `--fail-on`."""

    FINDINGS = 1
    """It ran, and found something at or above `--fail-on`."""

    BAD_INPUT = 2
    """The command line, a setting or an input cannot be used."""

    SERVICE_FAILED = 3
    """Something outside this process failed."""

    CRASHED = 70
    """An error that nobody foresaw. Never 1: a crash is no finding."""

    INTERRUPTED = 130
    """The person at the keyboard stopped it."""

    TERMINATED = 143
    """Something else asked it to stop (SIGTERM)."""

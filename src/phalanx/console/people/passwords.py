"""Passwords: Argon2id (RFC 9106), few at a time, and as slow for a name that nobody has."""

from __future__ import annotations

import re
import threading
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from phalanx.errors import InputError

FEWEST_CHARACTERS = 12
MOST_CHARACTERS = 128
_FEWEST_DIFFERENT = 5
_FEWEST_BESIDE = 8
"""Characters that a password has beside the words that are guessed first."""

_GUESSED_FIRST = re.compile(
    "phalanx|console|analyst|counsel|auditor|administrator|admin|release|manager|distillation"
    "|password|passphrase|passwort|welcome|letmein|qwerty(?:uiop)?|iloveyou|secret|login|changeme"
)
"""Words of this place, and those that are most often in passwords."""

_AT_ONCE = 4
"""Each takes 64 MiB of memory, as RFC 9106 recommends where memory is short."""


class Passwords:
    """Hashes passwords and compares them.

    Parameters:
        hasher: With its costs; tests take cheap ones.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Hash a password that nobody has, to be compared where there is no user."""
        self._hasher = hasher or PasswordHasher()
        self._turn = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody = self._hasher.hash("a password that nobody has")

    def hashed(self, name: str, password: str) -> str:
        """Return what is kept of a password.

        Raises:
            InputError: If it is too short, too long or too simple.
        """
        refuse_weak(name, password)
        with self._turn:
            return self._hasher.hash(password)

    def matches(self, kept: str | None, password: str) -> bool:
        """Tell whether a password is the one that was kept; of none it never is.

        It takes as long whether there is one or not.
        """
        if len(password) > MOST_CHARACTERS:
            return False
        with self._turn:
            try:
                self._hasher.verify(kept or self._nobody, password)
            except (Argon2Error, InvalidHashError):
                return False
        return kept is not None


def refuse_weak(name: str, password: str) -> None:
    """Refuse a password that is soon guessed; any characters may be in it.

    Raises:
        InputError: With what is wrong.

    Examples:
        >>> refuse_weak("ana", "correct horse battery")
        >>> refuse_weak("ana", "ana-ana-ana-ana")
        Traceback (most recent call last):
        ...
        phalanx.errors.InputError: the password holds the name of its user
    """
    if reason := weakness(name, password):
        message = f"the password {reason}"
        raise InputError(message, next_step="Take a sentence of four words or more.")


def weakness(name: str, password: str) -> str:
    """Return why a password is soon guessed; nothing where it is not.

    Examples:
        >>> weakness("ana", "short"), weakness("ana", "correct horse battery")
        ('has fewer than 12 characters', '')
        >>> weakness("ana", "Phalanx-2026!")
        'is little more than words that are guessed first'
    """
    if len(password) < FEWEST_CHARACTERS:
        return f"has fewer than {FEWEST_CHARACTERS} characters"
    if len(password) > MOST_CHARACTERS:
        return f"has more than {MOST_CHARACTERS} characters"
    if name.casefold().partition("@")[0] in password.casefold():
        return "holds the name of its user"
    if len(set(password)) < _FEWEST_DIFFERENT:
        return "repeats a few characters"
    beside, found = _GUESSED_FIRST.subn("", password.casefold())
    if found and len(beside) < _FEWEST_BESIDE:
        return "is little more than words that are guessed first"
    return "is one run of characters" if _runs_on(password) else ""


def _runs_on(password: str) -> bool:
    steps = {ord(b) - ord(a) for a, b in pairwise(password)}
    return len(steps) == 1

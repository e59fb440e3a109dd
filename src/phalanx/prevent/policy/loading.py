"""Policies from files, and one that is replaced while requests come in.

A file that is broken is refused with the place and the reason. While the gateway runs, the policy
that it has stays in that case, and an alarm says so until the file is mended: nobody is let pass,
or blocked, by a slip of the pen.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from phalanx.errors import ConfigError, InputError, PhalanxError, reason_of
from phalanx.prevent.policy.actions import Measures
from phalanx.prevent.policy.document import PolicyDocument
from phalanx.prevent.policy.outcome import Outcome, outcome_of
from phalanx.prevent.policy.program import Program, compiled
from phalanx.printable import printable

MOST_BYTES = 1 << 20
"""Of a policy file."""

_MOST_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that can be applied."""

    document: PolicyDocument
    digest: str
    """SHA-256 of the file, which decisions name."""

    program: Program
    measures: tuple[Measures, ...]
    """Of each rule."""

    _outcomes: dict[tuple[bytes, bool], Outcome] = field(
        default_factory=dict, repr=False, compare=False
    )

    def outcome(self, held: bytes, *, has_grant: bool) -> Outcome:
        """Return what follows where rules hold; there are few such cases, and they are remembered.

        Parameters:
            held: A value of `Held` for each rule, one byte each.
            has_grant: Whether a grant covers the account.
        """
        known = self._outcomes.get((held, has_grant))
        if known is None:
            known = outcome_of(self.measures, held, has_grant=has_grant)
            if len(self._outcomes) >= _MOST_REMEMBERED:
                self._outcomes.clear()
            self._outcomes[held, has_grant] = known
        return known


def read_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        InputError: If it cannot be read.
        ConfigError: If it is no policy: where, and why.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"{path}: the policy cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name a policy file (TOML).") from error
    return parse_policy(content, str(path))


def parse_policy(content: bytes, where: str) -> Policy:
    """Understand the content of a policy file.

    Parameters:
        content: TOML in UTF-8.
        where: It stands, for messages.

    Raises:
        ConfigError: If it is no policy: where, and why.
    """
    if len(content) > MOST_BYTES:
        raise _no_policy(where, f"it has more than {MOST_BYTES:,} bytes")
    try:
        document = PolicyDocument.model_validate(tomllib.loads(content.decode()))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _no_policy(where, f"it is no TOML: {reason_of(error)}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        raise _no_policy(where, f"{place}: {first['msg']}" if place else first["msg"]) from error
    return Policy(
        document=document,
        digest=hashlib.sha256(content).hexdigest(),
        program=compiled(document),
        measures=tuple(rule.measures for rule in document.rules),
    )


class RunningPolicy:
    """The policy of a running gateway, which a file replaces when the file changes.

    Parameters:
        path: Of the file. It has to be whole at the start.
        alarm: Called with what is wrong when a changed file is refused, once for each content.

    Raises:
        InputError: If the file cannot be read.
        ConfigError: If it is no policy.
    """

    def __init__(self, path: Path, alarm: Callable[[PhalanxError], None]) -> None:
        """Read the policy for the first time."""
        self._path = path
        self._alarm = alarm
        self._refused: str | None = None
        self._policy = read_policy(path)

    @property
    def policy(self) -> Policy:
        """The policy that holds now; it is never changed, only replaced."""
        return self._policy

    @property
    def is_stale(self) -> bool:
        """Whether the file says something else than what holds, because it is broken."""
        return self._refused is not None

    def reload(self) -> bool:
        """Take what the file says now, if it is a policy; else keep what holds, and alarm.

        Returns:
            Whether another policy holds than before.
        """
        try:
            new = read_policy(self._path)
        except PhalanxError as error:
            if self._refused != str(error):
                self._refused = str(error)
                self._alarm(error)
            return False
        self._refused = None
        if new.digest == self._policy.digest:
            return False
        self._policy = new
        return True


def _no_policy(where: str, reason: str) -> ConfigError:
    message = f"{where}: no policy of the gateway: {printable(reason)[:500]}"
    return ConfigError(message, next_step="Write it as docs/how-to/gateway.md shows.")

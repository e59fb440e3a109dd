"""Who may ask a sidecar: gateways with tokens, of which a file holds names and hashes.

A token holds 256 random bits, so its plain SHA-256 is enough: there is nothing to guess. It is
shown once, when it is made.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import ConfigError, InputError, PhalanxError, reason_of
from phalanx.owned import written_whole

RandomBytes = Callable[[int], bytes]
MOST_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TOKEN = re.compile(r"phg\.([0-9a-f]{16})\.([A-Za-z0-9_-]{43})")
_KEPT = re.compile(r"([0-9a-f]{16}):([0-9a-f]{64})")
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class Callers:
    """Names of callers, and what is kept of their tokens."""

    tokens: Mapping[str, tuple[str, str]]
    """Identifier of a token -> name of its caller, SHA-256 of the token in hexadecimal."""

    def of(self, authorization: str | None) -> str | None:
        """Return who shows a token; null for nobody.

        The identifier that finds the hash is no secret; the hashes are compared in the same time
        whether there is such a token or none.

        Parameters:
            authorization: Header of that name: `Bearer` and the token.
        """
        scheme, _, shown = (authorization or "").partition(" ")
        parts = _TOKEN.fullmatch(shown.strip())
        if scheme.lower() != "bearer" or parts is None:
            return None
        name, kept = self.tokens.get(parts[1], ("", _NOBODY))
        is_right = hmac.compare_digest(_hash(parts[0]), kept)
        return name if is_right and name else None


def read_callers(path: Path) -> Callers:
    """Read callers.

    Raises:
        InputError: If the file cannot be read.
        ConfigError: If it is no table of callers.
    """
    return Callers({kept[0]: (name, kept[1]) for name, kept in _table(path).items()})


def add_caller(path: Path, name: str, random: RandomBytes) -> str:
    """Enter a caller into a file, which is made if it is missing; return its token.

    Parameters:
        path: Of the file.
        name: Of letters, digits, hyphens and underscores.
        random: Returns so many random bytes.

    Raises:
        InputError: If the name cannot be, or is there already; or the file cannot be written.
        ConfigError: If the file is no table of callers.

    Examples:
        >>> import secrets, tempfile
        >>> path = Path(tempfile.mkdtemp()) / "callers.toml"
        >>> token = add_caller(path, "litellm", secrets.token_bytes)
        >>> read_callers(path).of(f"Bearer {token}"), token in path.read_text()
        ('litellm', False)
    """
    if not _NAME.fullmatch(name):
        message = f"{name[:70]!r}: a caller is named by letters, digits, hyphens and underscores"
        raise InputError(message, next_step="Name it so, in at most 64 characters.")
    table = dict(_table(path)) if path.exists() else {}
    if name in table:
        message = f"{path}: {name} is there already"
        raise InputError(message, next_step="Remove it first, or choose another name.")
    token_id = random(8).hex()
    secret = base64.urlsafe_b64encode(random(32)).rstrip(b"=").decode()
    token = f"phg.{token_id}.{secret}"
    table[name] = (token_id, _hash(token))
    _write(path, table)
    return token


def remove_caller(path: Path, name: str) -> None:
    """Make the token of a caller worth nothing.

    Raises:
        InputError: If there is no such caller; or the file cannot be read or written.
        ConfigError: If the file is no table of callers.
    """
    table = dict(_table(path))
    if table.pop(name, None) is None:
        message = f"{path}: {name[:70]!r} is no caller"
        raise InputError(message, next_step="The names stand in the file.")
    _write(path, table)


class RunningCallers:
    """The callers of a running sidecar, which a file replaces when it changes.

    Parameters:
        path: Of the file. It has to be whole at the start.
        alarm: Called with what is wrong when a changed file is refused, once for each content.

    Raises:
        InputError: If the file cannot be read.
        ConfigError: If it is no table of callers.
    """

    def __init__(self, path: Path, alarm: Callable[[PhalanxError], None]) -> None:
        """Read the callers for the first time."""
        self._path = path
        self._alarm = alarm
        self._refused: str | None = None
        self.callers = read_callers(path)

    @property
    def is_stale(self) -> bool:
        """Whether the file is broken, so that the callers are those of before."""
        return self._refused is not None

    def reload(self) -> None:
        """Take what the file says now, if it is whole."""
        try:
            self.callers = read_callers(self._path)
        except PhalanxError as error:
            if self._refused != str(error):
                self._refused = str(error)
                self._alarm(error)
            return
        self._refused = None


def _table(path: Path) -> Mapping[str, tuple[str, str]]:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        said = tomllib.loads(content.decode())
    except OSError as error:
        message = f"{path}: the callers cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Make the file by `gateway add-caller`.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_callers(path, reason_of(error)) from error
    entered = said.get("callers")
    if len(content) > MOST_BYTES or not isinstance(entered, dict) or set(said) != {"callers"}:
        raise _no_callers(path, "expected one table, [callers]")
    table: dict[str, tuple[str, str]] = {}
    for name, kept in entered.items():
        parts = _KEPT.fullmatch(kept) if isinstance(kept, str) else None
        if parts is None or not _NAME.fullmatch(name):
            raise _no_callers(path, "a name and the hash of a token were expected")
        table[name] = (parts[1], parts[2])
    if len({token_id for token_id, _ in table.values()}) != len(table):
        raise _no_callers(path, "two callers have one token")
    return table


def _write(path: Path, table: Mapping[str, tuple[str, str]]) -> None:
    lines = [f'{name} = "{token_id}:{kept}"' for name, (token_id, kept) in sorted(table.items())]
    try:
        with written_whole(path) as aside:
            aside.write_text("\n".join(["[callers]", *lines, ""]), encoding="utf-8")
    except OSError as error:
        message = f"{path}: the callers cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name a file that can be written.") from error


def _no_callers(path: Path, reason: str) -> ConfigError:
    message = f"{path}: no table of callers: {reason}"
    return ConfigError(message, next_step="Make the file by `phalanx gateway add-caller`.")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

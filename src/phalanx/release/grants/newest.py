"""The newest grant that was seen of each issuer and model, so that no older one comes back.

A signature says that a grant was true once. Whoever keeps an old release, or stands between,
could hand it out again: the recipient remembers the newest that he opened, and refuses what is
older.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rfc8785

from phalanx.errors import ConfigError, InputError, PolicyError, reason_of
from phalanx.json_text import parse_object
from phalanx.owned import OWNER_ONLY, read_owned, written_whole
from phalanx.release.grants.grant import Agreed

_MOST_BYTES = 16 << 20


def refuse_superseded(path: Path, agreed: Agreed) -> None:
    """Refuse a grant that is older than one that was opened before.

    Parameters:
        path: Of the memory, which may not be there yet.
        agreed: The grant.

    Raises:
        PolicyError: If a newer grant of the same issuer and model was opened, or another one of
            the same second.
        ConfigError: If the memory cannot be read, or others may read it.
    """
    _refuse_older(_read(path), agreed)


def remember(path: Path, agreed: Agreed) -> None:
    """Remember a grant that was opened.

    Raises:
        PolicyError: As `refuse_superseded`: another process may have been quicker.
        ConfigError: As `refuse_superseded`, or if it cannot be written.
    """
    with _locked(path):
        known = _read(path)
        _refuse_older(known, agreed)
        known[_place(agreed)] = [_moment(agreed), agreed.digest]
        try:
            with written_whole(path) as aside:
                aside.write_bytes(rfc8785.dumps(known) + b"\n")
        except OSError as error:
            raise _unusable(path, reason_of(error)) from error


def _refuse_older(known: dict[str, Any], agreed: Agreed) -> None:
    moment, digest = known.get(_place(agreed), ["", ""])
    if _moment(agreed) < moment or (_moment(agreed) == moment and agreed.digest != digest):
        model = agreed.grant.terms.asked.model
        message = f"a newer grant of {model} was opened before, issued at {moment}"
        raise PolicyError(message, next_step="Open the release of the newer grant.")


def _place(agreed: Agreed) -> str:
    return f"{agreed.grant.issuer.fingerprint} {agreed.grant.terms.asked.model}"


def _moment(agreed: Agreed) -> str:
    return agreed.grant.issued_at.isoformat()


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    content = read_owned(path, "memory of grants", _MOST_BYTES)
    try:
        known = parse_object(content, str(path))
    except InputError as error:
        raise _unusable(path, "it is damaged") from error
    for each in known.values():
        if not isinstance(each, list) or [type(part) for part in each] != [str, str]:
            raise _unusable(path, "it is damaged")
    return known


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    except OSError as error:
        raise _unusable(path, reason_of(error)) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _unusable(path: Path, why: str) -> ConfigError:
    message = f"{path}: the memory of grants cannot be used: {why}"
    return ConfigError(message, next_step="Bring it back from a backup; do not delete it.")

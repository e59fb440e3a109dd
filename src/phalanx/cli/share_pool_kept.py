"""What a member's tokens stand for: kept beside the scan, and never sent.

A batch whose meaning is lost is of no use, so the meaning is on disk before the batch is sent. It
takes its place once the pool took the batch: one that was refused must not cover what counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from glob import escape
from pathlib import Path

import msgspec

from phalanx.errors import InputError
from phalanx.owned import written_whole
from phalanx.share.pool.refusals import NotTakenError

_DIGEST_CHARACTERS = 16
"""Of the batch's SHA-256, in the name of what is kept aside."""


class KeptMark(msgspec.Struct, frozen=True):
    """What a token stands for at the member."""

    kind: str
    value: str
    accounts: tuple[str, ...]
    """As in the scan."""


def kept_path(scan_folder: Path, round_name: str) -> Path:
    """Return where it stands what the tokens of a round mean.

    Raises:
        InputError: If the round cannot be named so.

    Examples:
        >>> kept_path(Path("scan"), "2026-11").name
        'pool-2026-11.json'
    """
    if not round_name or "/" in round_name or round_name.startswith("."):
        message = f"{round_name[:70]!r}: no name of a round"
        raise InputError(message, next_step="Name the round as the pool does.")
    return scan_folder / f"pool-{round_name}.json"


@contextmanager
def kept_while_sent(path: Path, digest: str, meaning: Mapping[str, KeptMark]) -> Iterator[None]:
    """Keep aside what a batch means while it is sent, and at its place once it was taken.

    It stays aside where nobody knows whether the batch was taken, and goes where it was not. What
    stands at the place already stays in it.

    Parameters:
        path: From `kept_path`.
        digest: SHA-256 of the batch, in hexadecimal.
        meaning: Token -> what it stands for.

    Raises:
        InputError: If it cannot be kept, or what stands there cannot be read.
    """
    before = _read(path) if path.exists() else {}
    aside = path.with_name(f"{path.name}.{digest[:_DIGEST_CHARACTERS]}")
    with _said_where_it_fails(path), written_whole(aside) as unfinished:
        unfinished.write_bytes(msgspec.json.encode({**before, **meaning}))
    try:
        yield
    except NotTakenError:
        aside.unlink()
        raise
    with _said_where_it_fails(path):
        aside.replace(path)


def all_kept(path: Path) -> dict[str, KeptMark]:
    """Return what the tokens of batches mean that were taken, or may have been.

    Parameters:
        path: From `kept_path`.

    Raises:
        InputError: If there is nothing, or it cannot be read.
    """
    pattern = f"{escape(path.name)}.{'[0-9a-f]' * _DIGEST_CHARACTERS}"
    aside = sorted(path.parent.glob(pattern))
    kept: dict[str, KeptMark] = {}
    for each in aside if aside and not path.exists() else [*aside, path]:
        kept |= _read(each)
    return kept


def _read(path: Path) -> dict[str, KeptMark]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, KeptMark])
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        message = f"{path}: what was submitted is not there, or cannot be read"
        raise InputError(message, next_step="Name the folder you submitted from.") from error


@contextmanager
def _said_where_it_fails(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror}"
        raise InputError(message, next_step="Make the scan folder writable.") from error

"""The name and the key of a log that this machine keeps, for their owner alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.owned import read_owned, read_secret, written_whole
from phalanx.transparency.note_keys import NoteSigner

ORIGIN = "origin"
"""File of the name, in the folder of what is kept."""

_MOST_BYTES = 1024


def own_signer(folder: Path, key: str, what: str, origin: str | None = None) -> NoteSigner:
    """Return who signs the checkpoints of a log.

    Parameters:
        folder: Of what is kept.
        key: Name of the key's file in it.
        what: What messages call the log, such as "ledger".
        origin: Its name; null reads the one that it was begun with.

    Raises:
        ConfigError: If there is none, or others may read it.
    """
    if origin is None:
        name = read_owned(folder / ORIGIN, f"name of a {what}", _MOST_BYTES)
        origin = name.decode(errors="replace").removesuffix("\n")
    secret = read_secret(folder / key, f"key of a {what}", 32)
    return NoteSigner(name=origin, key=Ed25519PrivateKey.from_private_bytes(secret))


def keep_origin(folder: Path, origin: str) -> None:
    """Write the name of a log that was begun; it is on the disk then.

    Raises:
        FileExistsError: If there is one.
    """
    if (folder / ORIGIN).exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder / ORIGIN))
    with written_whole(folder / ORIGIN) as aside, aside.open("wb") as file:
        file.write(origin.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())

"""Which model it was: the SHA-256 of its files of weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

from phalanx.errors import InputError, reason_of

_ENDINGS = {".safetensors", ".gguf"}


def weights_digest(path: Path) -> str:
    """Return the SHA-256 of a list of all files of weights, each with the SHA-256 of its content.

    An audit of marks fixes more: every file of a model's folder. Every file is read once.

    Parameters:
        path: A folder, or one file; the index of shards stands for its folder.

    Returns:
        Hexadecimal digits.

    Raises:
        InputError: If a file cannot be read.
    """
    folder = path.parent if path.suffix == ".json" else path
    files = [path] if folder.is_file() else sorted(folder.iterdir())
    digest = hashlib.sha256()
    for each in files:
        if each.suffix not in _ENDINGS and folder.is_dir():
            continue
        try:
            with each.open("rb") as file:
                part = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            message = f"{each} cannot be read: {reason_of(error)}"
            raise InputError(message, next_step="Pass files that may be read.") from error
        digest.update(f"{part}  {each.name}\n".encode())
    return digest.hexdigest()

"""Which model it was: the SHA-256 of its files of weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

from phalanx.errors import InputError, reason_of
from phalanx.provenance.weights.checkpoint import files_of

_ENDINGS = {".safetensors", ".gguf"}


def weights_digest(path: Path) -> str:
    """Return the SHA-256 of a list of all files of weights, each with the SHA-256 of its content.

    An audit of marks fixes more: every file of a model's folder. Every file is read once.

    Parameters:
        path: A folder, or one file; the index of shards stands for its folder, and one part of a
            GGUF model for all of them.

    Returns:
        Hexadecimal digits.

    Raises:
        InputError: If a file cannot be read.
    """
    digest = hashlib.sha256()
    for each in _files(path):
        try:
            with each.open("rb") as file:
                part = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            message = f"{each} cannot be read: {reason_of(error)}"
            raise InputError(message, next_step="Pass files that may be read.") from error
        digest.update(f"{part}  {each.name}\n".encode())
    return digest.hexdigest()


def _files(path: Path) -> list[Path]:
    folder = path.parent if path.suffix == ".json" else path
    if not folder.is_dir():
        return files_of(path)
    # What is no regular file holds no weights, and reading it may never end.
    return sorted(each for each in folder.iterdir() if each.suffix in _ENDINGS and each.is_file())

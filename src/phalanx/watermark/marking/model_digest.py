"""Which model it was: the SHA-256 of all that its folder says of how it computes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from phalanx.errors import ConfigError, reason_of

_LABEL = b"phalanx model folder v2\n"
_MOST_INDEX_BYTES = 64 << 20
_ADVICE = "Name a folder with config.json and safetensors."


def model_digest(folder: Path) -> str:
    """Return the SHA-256 of a model's folder, hexadecimal: of every file in it, by name.

    Weights alone are not the model: another `config.json` computes with the same ones something
    else. Nobody can list what the libraries of tomorrow will read, so every file counts that is
    not hidden; those of folders below do not, and nothing reads them.

    Parameters:
        folder: With `config.json` and weights as safetensors.

    Raises:
        ConfigError: If it is none, names weights elsewhere, holds an adapter, or cannot be read.
    """
    try:
        files = sorted(each for each in folder.iterdir() if each.is_file() and each.name[0] != ".")
        names = {each.name for each in files}
        _refuse_part(folder, names)
        digest = hashlib.sha256(_LABEL)
        for path in files:
            if path.name.endswith(".index.json"):
                _refuse_elsewhere(path, names)
            with path.open("rb") as file:
                part = hashlib.file_digest(file, "sha256").digest()
            # Its length keeps a name apart from what follows, whatever letters it has.
            name = os.fsencode(path.name)
            digest.update(len(name).to_bytes(4, "big") + name + part)
    except OSError as error:
        message = f"{folder}: cannot be read: {reason_of(error)}"
        raise ConfigError(message, next_step=_ADVICE) from error
    return digest.hexdigest()


def _refuse_part(folder: Path, names: set[str]) -> None:
    """Refuse a folder that does not hold a whole model."""
    if not any(each.endswith(".safetensors") for each in names):
        message = f"{folder}: no folder of a model: it has no safetensors"
        raise ConfigError(message, next_step=_ADVICE)
    if "adapter_config.json" in names:
        message = f"{folder}: holds an adapter, which is applied or not as libraries are installed"
        raise ConfigError(message, next_step="Merge it into the model, and name the whole.")
    if "config.json" not in names:
        message = f"{folder}: no folder of a model: it has no config.json"
        raise ConfigError(message, next_step=_ADVICE)


def _refuse_elsewhere(path: Path, names: set[str]) -> None:
    """Refuse an index of weights that lie where the digest does not look."""
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(_MOST_INDEX_BYTES))
        shards = {*said["weight_map"].values()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"{path}: no index of weights"
        raise ConfigError(message, next_step="Save the model with `save_pretrained`.") from error
    if not shards <= names:
        message = f"{path}: names weights that are not beside it"
        raise ConfigError(message, next_step="Put all of the model into one folder.")

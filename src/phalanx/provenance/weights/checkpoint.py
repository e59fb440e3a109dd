"""A model on disk: its tensors by name, and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phalanx.errors import InputError, reason_of
from phalanx.json_text import parse_object
from phalanx.provenance.weights.gguf_file import parts_of, read_gguf
from phalanx.provenance.weights.header import Stored
from phalanx.provenance.weights.microscaled import BLOCKS, microscaled
from phalanx.provenance.weights.microscaled import SCALES as SCALES_OF_BLOCKS
from phalanx.provenance.weights.packed import (
    COMPRESSED_PARTS,
    GPTQ_PARTS,
    compressed_packed,
    group_packed,
)
from phalanx.provenance.weights.pickled import refuse_pickled
from phalanx.provenance.weights.pieces import file_size, read_piece
from phalanx.provenance.weights.scaled import SCALES, scaled_tensor
from phalanx.provenance.weights.shards import read_shards
from phalanx.provenance.weights.tensor import Tensor, plain_tensor

_MOST_CONFIG_BYTES = 8 * 2**20
_EIGHT_BITS = {"F8_E4M3", "F8_E5M2", "I8"}


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """What there is of a model."""

    path: Path
    """Where it was found."""

    tensors: Mapping[str, Tensor]
    """By name; packed parts are one tensor, under the name of the weight."""

    config: Mapping[str, Any]
    """`config.json`, or what stands for it; empty if there is none."""

    @property
    def stored_bytes(self) -> int:
        """Bytes of all tensors on disk."""
        return sum(each.stored_bytes for each in self.tensors.values())


def open_checkpoint(path: Path) -> Checkpoint:
    """Read the headers of a model's files; its numbers are read later, piece by piece.

    Parameters:
        path: A folder with `model.safetensors`, shards with their index, or one GGUF model, which
            may be split; or one such file.

    Raises:
        InputError: If there is no such file, one is malformed or cut short, or the weights are
            pickled.
        MissingExtraError: If it is a GGUF file, and the extra `gguf` is not installed.
    """
    files = files_of(path)
    refuse_pickled(files)
    if files[0].suffix == ".gguf":
        tensors, config = read_gguf(files)
        return Checkpoint(path, tensors, config)
    folder = path if path.is_dir() else path.parent
    config = _config(folder / "config.json")
    settings = config.get("quantization_config")
    stored = read_shards(files)
    return Checkpoint(path, _join(stored, settings if isinstance(settings, dict) else {}), config)


def stored_parts(path: Path) -> dict[str, Stored]:
    """Return where each tensor of a model of safetensors lies, packed parts one by one.

    Parameters:
        path: As for `open_checkpoint`.

    Raises:
        InputError: As `open_checkpoint`, and if it is a GGUF file.
    """
    files = files_of(path)
    refuse_pickled(files)
    if files[0].suffix == ".gguf":
        message = f"{files[0]} is a GGUF file, and safetensors are needed"
        raise InputError(message, next_step="Name the folder that it was converted from.")
    return read_shards(files)


def files_of(path: Path) -> list[Path]:
    """Return what to open of a model: an index alone, or its files of weights, in order.

    Parameters:
        path: As for `open_checkpoint`.

    Raises:
        InputError: If there is nothing, or several models.
    """
    if not path.is_dir():
        file_size(path)
        return _whole_gguf([path], _inside(path.parent))
    inside = _inside(path)
    indexes = [each for each in inside if each.name.endswith(".safetensors.index.json")]
    if len(indexes) > 1:
        message = f"{path} has {len(indexes)} indexes of shards"
        raise InputError(message, next_step="Pass the one that is meant, as a file.")
    if indexes:
        return indexes
    for ending in (".safetensors", ".gguf"):
        found = [each for each in inside if each.suffix == ending]
        if found:
            return _whole_gguf(found, inside)
    pickled = [each for each in inside if each.suffix in {".bin", ".pt", ".pth", ".ckpt", ".pkl"}]
    if pickled:
        return pickled
    message = f"{path} has no weights"
    raise InputError(message, next_step="Pass a folder with safetensors or GGUF files.")


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if each.is_file())
    except OSError as error:
        message = f"{folder} cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Pass a folder that may be read.") from error


def _whole_gguf(found: list[Path], inside: list[Path]) -> list[Path]:
    """Return all parts of a GGUF model, of which some were found; other files as they are."""
    if found[0].suffix != ".gguf":
        return found
    parts = parts_of(found[0], inside) or [found[0]]
    if not {*found} <= {*parts}:
        message = f"{found[0].parent} has {len(found)} GGUF files, not all of one model"
        raise InputError(message, next_step="Pass the one that is meant, as a file.")
    return parts


def _config(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    size = file_size(path)
    if size > _MOST_CONFIG_BYTES:
        message = f"{path} has {size:,} bytes; settings have at most {_MOST_CONFIG_BYTES:,}"
        raise InputError(message, next_step="Pass the model's own config.json.")
    return parse_object(read_piece(path, 0, size).tobytes(), str(path))


def _join(stored: Mapping[str, Stored], settings: Mapping[str, Any]) -> dict[str, Tensor]:
    """Make one tensor of each weight that is stored in parts."""
    left = dict(stored)
    tensors: dict[str, Tensor] = {}
    for name in stored:
        base, _, ending = name.rpartition(".")
        weight = f"{base}.weight"
        if ending == "qweight" and f"{base}.scales" in stored:
            parts = _take(left, base, GPTQ_PARTS)
            tensors[weight] = group_packed(weight, parts, settings)
        elif ending == "weight_packed" and f"{base}.weight_scale" in stored:
            tensors[weight] = compressed_packed(weight, _take(left, base, COMPRESSED_PARTS))
        elif name.endswith(BLOCKS) and name.removesuffix(BLOCKS) + SCALES_OF_BLOCKS in stored:
            own = name.removesuffix(BLOCKS)
            scales = left.pop(own + SCALES_OF_BLOCKS)
            tensors[own] = microscaled(own, left.pop(name), scales)
        elif ending == "weight" and stored[name].stored in _EIGHT_BITS:
            beside = [each for each in SCALES if f"{base}.{each}" in stored]
            if beside:
                scale = left.pop(f"{base}.{beside[0]}")
                tensors[name] = scaled_tensor(name, left.pop(name), beside[0], scale)
    for name, place in left.items():
        if name in tensors:
            message = f"{name} is there twice, packed and plain"
            raise InputError(message, next_step="Fetch the model again.")
        tensors[name] = plain_tensor(name, place)
    return tensors


def _take(left: dict[str, Stored], base: str, endings: tuple[str, ...]) -> dict[str, Stored]:
    names = {ending: f"{base}.{ending}" for ending in endings}
    return {ending: left.pop(name) for ending, name in names.items() if name in left}

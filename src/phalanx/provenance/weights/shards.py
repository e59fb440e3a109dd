"""Several safetensors files that are one model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from phalanx.errors import InputError
from phalanx.json_text import parse_object
from phalanx.provenance.weights.header import Stored, read_header
from phalanx.provenance.weights.pieces import file_size, read_piece

_MOST_INDEX_BYTES = 64 * 2**20
_NEXT = "Fetch the index and the shards again, together."


def read_shards(files: Sequence[Path]) -> dict[str, Stored]:
    """Return the tensors of one model, by name.

    Parameters:
        files: One index (JSON), or files of the safetensors format.

    Raises:
        InputError: If a file is malformed, a tensor is in two of them, or the index and the
            shards do not name the same tensors in the same places.
    """
    index = files[0] if files[0].suffix == ".json" else None
    promised = _read_index(index) if index else {}
    shards = sorted({index.parent / name for name in promised.values()}) if index else files
    found: dict[str, Stored] = {}
    for shard in shards:
        for name, place in read_header(shard).items():
            if name in found:
                message = f"{name[:100]!r} is both in {found[name].path} and in {shard}"
                raise InputError(message, next_step=_NEXT)
            if index and promised.get(name) != shard.name:
                message = f"{shard} has a tensor {name[:100]!r} that {index} does not place there"
                raise InputError(message, next_step=_NEXT)
            found[name] = place
    if missing := promised.keys() - found.keys():
        name = min(missing)
        message = f"{index} places {name[:100]!r} in {promised[name]}, which has no such tensor"
        raise InputError(message, next_step=_NEXT)
    return found


def _read_index(path: Path) -> dict[str, str]:
    size = file_size(path)
    if size > _MOST_INDEX_BYTES:
        message = f"{path} has {size:,} bytes; an index has at most {_MOST_INDEX_BYTES:,}"
        raise InputError(message, next_step=_NEXT)
    placed: Any = parse_object(read_piece(path, 0, size).tobytes(), str(path)).get("weight_map")
    if not isinstance(placed, dict) or not placed:
        message = f"{path} has no `weight_map` of tensors and their files"
        raise InputError(message, next_step=_NEXT)
    for name in placed.values():
        if not isinstance(name, str) or not _plain_name(name):
            message = f"{path} names a file {str(name)[:100]!r}, which is none beside it"
            raise InputError(message, next_step=_NEXT)
    return placed


def _plain_name(name: str) -> bool:
    """Tell whether a name stays in its folder and can be a shard's.

    Examples:
        >>> _plain_name("model-00001-of-00002.safetensors"), _plain_name("../key.safetensors")
        (True, False)
    """
    return name == Path(name).name and name.endswith(".safetensors") and "\0" not in name

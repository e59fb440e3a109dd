"""Weights in GGUF files: their header is read here, their blocks by the package of its authors."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from phalanx.errors import InputError, MissingExtraError, reason_of
from phalanx.provenance.weights.gguf_header import GgufEntry, GgufHeader, read_gguf_header
from phalanx.provenance.weights.header import Stored
from phalanx.provenance.weights.numbers import Floats32
from phalanx.provenance.weights.pieces import file_size, read_piece
from phalanx.provenance.weights.tensor import Tensor, plain_tensor, slab_of

_CONFIG = {
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "expert_count": "num_local_experts",
    "attention.max_alibi_bias": "alibi",
}
"""Settings that a comparison needs, and how `config.json` calls them."""

_PLAIN = {"F32", "F16", "BF16", "F64", "I8", "I16", "I32", "I64"}
"""Kinds that are no blocks, called as safetensors call them."""

_PART = re.compile(r"(.+)-([0-9]{5})-of-([0-9]{5})\.gguf")
"""Name of one of several files that a model was split into."""

_MOST_PARTS = 1_000
_NEXT = "Fetch all files of the model again, together."


def parts_of(path: Path, beside: Iterable[Path]) -> list[Path] | None:
    """Return all files of a model that was split, in order; nothing if it was not.

    Parameters:
        path: One of them.
        beside: What else is in its folder.

    Raises:
        InputError: If one is missing.

    Examples:
        >>> parts_of(Path("a.gguf"), []) is None
        True
        >>> [str(each) for each in parts_of(Path("a-00001-of-00001.gguf"), [])]
        ['a-00001-of-00001.gguf']
    """
    named = _PART.fullmatch(path.name)
    if named is None:
        return None
    count = int(named[3])
    if not 0 < int(named[2]) <= count <= _MOST_PARTS:
        message = f"{path} is part {int(named[2]):,} of {count:,}"
        raise InputError(message, next_step=_NEXT)
    parts = [path.with_name(f"{named[1]}-{at:05}-of-{count:05}.gguf") for at in range(1, count + 1)]
    there = {path, *beside}
    missing = [each.name for each in parts if each not in there]
    if missing:
        message = f"{path} was split in {count:,}, and {missing[0]} is not there"
        raise InputError(message, next_step=_NEXT)
    return parts


def read_gguf(files: Sequence[Path]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return tensors by name, and what the files say of the model's shape.

    Parameters:
        files: One file, or all that a model was split into, in order.

    Raises:
        MissingExtraError: If the package is not installed.
        InputError: If a file is malformed, or the files are not of one model.
    """
    try:
        import gguf  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = f"{files[0]} is a GGUF file, and the package that reads it is not installed"
        raise MissingExtraError(message, next_step="pip install 'phalanx[gguf]'") from error
    headers = [read_gguf_header(path) for path in files]
    found: dict[str, Tensor] = {}
    for at, (path, header) in enumerate(zip(files, headers, strict=True)):
        _check_part(path, header, at, len(files), sum(len(each.entries) for each in headers))
        for name, tensor in _tensors(path, header, gguf).items():
            if name in found:
                _refuse(path, f"has a tensor {name[:100]!r} that another part has too")
            found[name] = tensor
    return found, _config(headers[0].settings)


def _check_part(path: Path, header: GgufHeader, at: int, count: int, tensors: int) -> None:
    """Raise if a file says that it is another part, or of another model."""
    expected = {"split.no": at, "split.count": count, "split.tensors.count": tensors}
    for name, value in expected.items():
        # One file alone says nothing of all this, and some tools write a count of nought.
        said = header.settings.get(name, value)
        if said != value and not (count == 1 and said in {0, 1}):
            _refuse(path, f"says {name} {str(said)[:40]}, where {value:,} are there")


def _config(settings: Mapping[str, object]) -> dict[str, Any]:
    kind = str(settings.get("general.architecture", ""))[:100]
    config: dict[str, Any] = {"model_type": f"gguf-{kind}"}
    for theirs, ours in _CONFIG.items():
        if f"{kind}.{theirs}" in settings:
            config[ours] = settings[f"{kind}.{theirs}"]
    return config


def _tensors(path: Path, header: GgufHeader, gguf: Any) -> dict[str, Tensor]:  # noqa: ANN401 - a package without types
    """Return the tensors of one file, which share no byte."""
    whole, end = file_size(path), header.data_start
    found = {}
    for name, entry in sorted(header.entries.items(), key=lambda item: item[1].offset):
        try:
            kind = gguf.GGMLQuantizationType(entry.kind)
        except ValueError:
            _refuse(path, f"has numbers of kind {entry.kind}, which this package does not know")
        numbers, size = gguf.GGML_QUANT_SIZES[kind]
        row = entry.shape[-1] if entry.shape else 1
        if row % numbers:
            _refuse(path, f"has rows of {row:,} in {name[:100]!r}, and blocks are of {numbers}")
        size *= math.prod(entry.shape) // numbers
        start = header.data_start + entry.offset
        if start < end or start + size > whole:
            _refuse(path, f"has a tensor {name[:100]!r} that overlaps another, or ends behind it")
        end = start + size
        place = Stored(path=path, stored=kind.name, shape=entry.shape, start=start, size=size)
        found[name] = plain_tensor(name, place) if kind.name in _PLAIN else _blocks(
            name, place, entry, gguf
        )  # fmt: skip
    return {name: found[name] for name in header.entries}


def _blocks(name: str, place: Stored, entry: GgufEntry, gguf: Any) -> Tensor:  # noqa: ANN401 - a package without types
    """Return a tensor whose numbers lie in blocks with scales of their own."""
    kind, shape = gguf.GGMLQuantizationType(entry.kind), entry.shape
    rows, row = (shape[0], shape[1:]) if len(shape) > 1 else (1, shape)
    size_of_row = place.size // max(1, rows)

    def decode(start: int, stop: int) -> Floats32:
        if len(shape) < 2:
            return _dequantized(name, place, (0, place.size), kind, gguf).reshape(-1)[start:stop]
        at = start * size_of_row, (stop - start) * size_of_row
        return _dequantized(name, place, at, kind, gguf).reshape(stop - start, *row)

    def cut(at: int) -> Tensor:
        return _blocks(name, slab_of(place, at), replace(entry, shape=shape[1:]), gguf)

    return Tensor(name, shape, kind.name, place.size, decode, cut)


def _dequantized(
    name: str,
    place: Stored,
    at: tuple[int, int],
    kind: Any,  # noqa: ANN401 - a package without types
    gguf: Any,  # noqa: ANN401
) -> Floats32:
    """Return the numbers of whole blocks, of so many bytes from a place in the tensor on."""
    data = read_piece(place.path, place.start + at[0], at[1])
    try:
        # What is no number is counted where it is read; here it is no reason to stop.
        with np.errstate(all="ignore"):
            numbers = gguf.dequantize(data.reshape(-1, gguf.GGML_QUANT_SIZES[kind][1]), kind)
    except NotImplementedError as error:
        message = f"{name} in {place.path} has numbers of kind {kind.name}"
        raise InputError(message, next_step="Convert the model to BF16 first.") from error
    except (ValueError, TypeError, IndexError) as error:
        message = f"{name} in {place.path} cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Fetch the file again.") from error
    result: Floats32 = np.asarray(numbers, np.float32)
    return result


def _refuse(path: Path, what: str) -> NoReturn:
    message = f"{path} {what}"
    raise InputError(message, next_step=_NEXT)

"""Weights in a GGUF file, through the package of its authors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from phalanx.errors import InputError, MissingExtraError, reason_of
from phalanx.provenance.weights.numbers import Floats32
from phalanx.provenance.weights.tensor import Tensor

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


_MALFORMED = (ValueError, TypeError, KeyError, IndexError, OverflowError)
"""What the package raises on files that are not what they say."""


def read_gguf(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return tensors by name, and what the file says of the model's shape.

    Parameters:
        path: The file. It is mapped, by the package that reads it.

    Raises:
        MissingExtraError: If the package is not installed.
        InputError: If the file is malformed, or its numbers are of a kind that cannot be read.
    """
    try:
        import gguf  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = f"{path} is a GGUF file, and the package that reads it is not installed"
        raise MissingExtraError(message, next_step="pip install 'phalanx[gguf]'") from error
    try:
        reader = gguf.GGUFReader(path)
        config = _config(reader)
        found = {each.name: _tensor(path, each, gguf) for each in reader.tensors}
    except (*_MALFORMED, OSError, MemoryError, RecursionError) as error:
        message = f"{path} is no readable GGUF file: {reason_of(error)}"
        raise InputError(message, next_step="Fetch the file again.") from error
    return found, config


def _config(reader: Any) -> dict[str, Any]:  # noqa: ANN401 - a package without types
    named = reader.get_field("general.architecture")
    kind = str(named.contents()) if named else ""
    config: dict[str, Any] = {"model_type": f"gguf-{kind}"}
    for theirs, ours in _CONFIG.items():
        field = reader.get_field(f"{kind}.{theirs}")
        if field is not None:
            config[ours] = field.contents()
    return config


def _tensor(path: Path, each: Any, gguf: Any) -> Tensor:  # noqa: ANN401 - a package without types
    shape = tuple(int(length) for length in reversed(each.shape))
    kind = each.tensor_type

    def decode(start: int, stop: int) -> Floats32:
        data = each.data if shape else each.data.reshape(1)
        try:
            # What is no number is counted where it is read; here it is no reason to stop.
            with np.errstate(all="ignore"):
                numbers = gguf.dequantize(np.asarray(data[start:stop]), kind)
            result: Floats32 = np.asarray(numbers, np.float32).reshape(stop - start, *shape[1:])
        except NotImplementedError as error:
            message = f"{each.name} in {path} has numbers of kind {kind.name}"
            raise InputError(message, next_step="Convert the model to BF16 first.") from error
        except _MALFORMED as error:
            message = f"{each.name} in {path} cannot be read: {reason_of(error)}"
            raise InputError(message, next_step="Fetch the file again.") from error
        return result

    return Tensor(each.name, shape, kind.name, int(each.n_bytes), decode)

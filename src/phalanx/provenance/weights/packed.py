"""Weights of four bits (or two, or eight) packed into 32-bit words, with a scale for each group.

Three published layouts. `in` and `out` are the inputs and outputs of the linear layer, `groups`
divide the inputs.

| | words | zero points | order in a word |
| --- | --- | --- | --- |
| GPTQ | (in/8, out) | stored less one, unless the format is `gptq_v2` | rising |
| AWQ | (in, out/8) | as they are | outputs 0 2 4 6 1 3 5 7 |
| compressed-tensors | (out, in/8) | none: eight is taken off | rising |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError
from phalanx.provenance.weights.header import Stored
from phalanx.provenance.weights.numbers import Floats32, readable, to_float32, to_integers
from phalanx.provenance.weights.pieces import read_piece
from phalanx.provenance.weights.tensor import Tensor

Integers = npt.NDArray[np.int64]

_AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
"""Which output of its eight the lowest, the next and so on four bits of a word hold."""

GPTQ_PARTS = ("qweight", "qzeros", "scales", "g_idx")
COMPRESSED_PARTS = ("weight_packed", "weight_scale", "weight_shape")


def unpack(words: Integers, bits: int, order: tuple[int, ...] | None = None) -> Integers:
    """Return the numbers of packed words, which follow one another on the last axis.

    Parameters:
        words: 32-bit words, shape (..., words).
        bits: 2, 4 or 8 for each number.
        order: Which number of a word the lowest bits hold, and so on; rising if not given.

    Returns:
        Shape (..., words * 32 / bits).

    Examples:
        >>> unpack(np.array([0x76543210]), 4).tolist()
        [0, 1, 2, 3, 4, 5, 6, 7]
    """
    each = 32 // bits
    shifts = np.arange(each) * bits
    numbers = (words[..., None] >> shifts) & (2**bits - 1)
    if order is not None:
        numbers = numbers[..., np.argsort(order)]
    flat: Integers = numbers.reshape(*words.shape[:-1], -1)
    return flat


def group_packed(name: str, parts: Mapping[str, Stored], settings: Mapping[str, Any]) -> Tensor:
    """Return a weight packed as GPTQ or AWQ have it; its words say which of the two.

    Parameters:
        name: Of the weight.
        parts: `qweight`, `scales`, and `qzeros`, `g_idx` where there are any.
        settings: `quantization_config` of the model.

    Raises:
        InputError: If the parts do not fit together, or the layout is not one of the two.
    """
    words, scales = parts["qweight"], parts["scales"]
    if len(words.shape) != 2 or len(scales.shape) != 2:
        _refuse(name, words, "its words or scales are no matrix")
    groups, outputs = scales.shape
    bits = settings.get("bits", settings.get("w_bit", 4))
    if type(bits) is not int or bits not in {2, 4, 8}:
        _refuse(name, words, f"it has {str(bits)[:20]} bits, and 2, 4 or 8 can be read")
    each = 32 // bits
    if words.shape[1] == outputs:
        inputs, gptq = words.shape[0] * each, True
    elif words.shape[1] * each == outputs and bits == 4:
        inputs, gptq = words.shape[0], False
    else:
        _refuse(name, words, f"words {words.shape} and scales {scales.shape} fit no known layout")
    zeros = parts.get("qzeros")
    if groups < 1 or (zeros is not None and zeros.shape != (groups, outputs // each)):
        _refuse(name, words, "its zero points do not fit its scales")
    index = parts.get("g_idx")
    if index is not None and (index.shape != (inputs,) or not gptq):
        _refuse(name, words, "its group of each input does not fit its inputs")
    order = None if gptq else _AWQ_ORDER
    less_one = gptq and settings.get("checkpoint_format") != "gptq_v2"

    def decode(start: int, stop: int) -> Floats32:
        first, last = start // each, -(-stop // each)
        inside = slice(start - first * each, stop - first * each)
        scale = _numbers(name, scales)[:, start:stop]
        if zeros is None:
            zero = np.full(scale.shape, 2 ** (bits - 1))
        else:
            zero = unpack(_whole(name, zeros)[:, first:last], bits, order)[:, inside] + less_one
        packed = _whole(name, words)
        if gptq:
            # Words run along the inputs: as the last axis, then back.
            values = unpack(packed[:, start:stop].T, bits).T
        else:
            values = unpack(packed[:, first:last], bits, order)[:, inside]
        of = _groups(name, index, inputs, groups)
        result: Floats32 = ((values - zero[of]) * scale[of]).astype(np.float32).T
        return result

    kind = f"{'GPTQ' if gptq else 'AWQ'} {bits} bits"
    size = sum(each.size for each in parts.values())
    return Tensor(name, (outputs, inputs), kind, size, decode)


def compressed_packed(name: str, parts: Mapping[str, Stored]) -> Tensor:
    """Return a symmetric weight of four bits packed as compressed-tensors has it.

    Raises:
        InputError: If the parts do not fit together.
    """
    words, scales = parts["weight_packed"], parts["weight_scale"]
    if len(words.shape) != 2 or len(scales.shape) != 2 or scales.shape[0] != words.shape[0]:
        _refuse(name, words, "its scales do not fit its words")
    outputs, inputs = words.shape[0], words.shape[1] * 8
    if not scales.shape[1] or inputs % scales.shape[1]:
        _refuse(name, words, f"{inputs} inputs do not divide into {scales.shape[1]} groups")

    def decode(start: int, stop: int) -> Floats32:
        values = unpack(_whole(name, words, start, stop), 4) - 8
        scale = _numbers(name, scales, start, stop)
        wide = np.repeat(scale, inputs // scales.shape[1], axis=1)
        result: Floats32 = (values * wide).astype(np.float32)
        return result

    size = sum(each.size for each in parts.values())
    return Tensor(name, (outputs, inputs), "compressed-tensors 4 bits", size, decode)


def _groups(name: str, index: Stored | None, inputs: int, groups: int) -> Integers:
    """Return the group of each input."""
    if index is None:
        return np.arange(inputs) // -(-inputs // groups)
    of = _whole(name, index)
    if of.size and not 0 <= of.min() <= of.max() < groups:
        _refuse(name, index, "an input is of a group that has no scale")
    return of


def _whole(name: str, place: Stored, start: int = 0, stop: int | None = None) -> Integers:
    if place.stored not in {"I32", "U32", "I64"}:
        _refuse(name, place, f"its words are {place.stored}")
    return to_integers(_bytes(place, start, stop), place.stored).reshape(-1, *place.shape[1:])


def _numbers(name: str, place: Stored, start: int = 0, stop: int | None = None) -> Floats32:
    if not readable(place.stored):
        _refuse(name, place, f"its scales are {place.stored}")
    return to_float32(_bytes(place, start, stop), place.stored).reshape(-1, *place.shape[1:])


def _bytes(place: Stored, start: int, stop: int | None) -> npt.NDArray[np.uint8]:
    row = place.size // max(1, place.shape[0])
    last = place.shape[0] if stop is None else stop
    return read_piece(place.path, place.start + start * row, (last - start) * row)


def _refuse(name: str, place: Stored, why: str) -> NoReturn:
    message = f"{name} in {place.path} cannot be unpacked: {why}"
    raise InputError(message, next_step="Convert the model to BF16 first.")

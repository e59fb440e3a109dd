"""Weights of four bits, of which each 32 in a row share a power of two: MXFP4.

As gpt-oss is published: `NAME_blocks` holds two numbers a byte, the first in the lower half, 16
bytes for each 32 inputs; `NAME_scales` holds their powers.
"""

from __future__ import annotations

import numpy as np

from phalanx.errors import InputError
from phalanx.provenance.weights.header import Stored
from phalanx.provenance.weights.numbers import Floats32, to_float32
from phalanx.provenance.weights.pieces import read_piece
from phalanx.provenance.weights.tensor import Tensor, slab_of

BLOCKS, SCALES = "_blocks", "_scales"
"""Endings of the two parts."""

_EACH = 32
_SIZES = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0], dtype=np.float32)
_VALUES = np.concatenate([_SIZES, -_SIZES])
"""What each four bits mean: a sign, two bits of exponent and one of fraction."""


def microscaled(name: str, blocks: Stored, scales: Stored) -> Tensor:
    """Return a weight of shape (experts, outputs, inputs), or (outputs, inputs).

    Parameters:
        name: Of the weight.
        blocks: Two numbers a byte, shape (..., outputs, inputs / 32, 16).
        scales: Shape (..., outputs, inputs / 32); 127 stands for one, 255 for no number.

    Raises:
        InputError: If the two do not fit together.

    References:
        Open Compute Project, "OCP Microscaling formats (MX) specification", 2023, section 5.
    """
    fits = blocks.stored == scales.stored == "U8" and len(scales.shape) in {2, 3}
    if not fits or blocks.shape != (*scales.shape, _EACH // 2):
        message = (
            f"{name} in {blocks.path} cannot be unpacked: blocks {blocks.shape} of {blocks.stored} "
            f"and scales {scales.shape} of {scales.stored} do not fit"
        )
        raise InputError(message, next_step="Convert the model to BF16 first.")
    shape = (*scales.shape[:-1], scales.shape[-1] * _EACH)

    def decode(start: int, stop: int) -> Floats32:
        codes, powers = (_rows(each, start, stop) for each in (blocks, scales))
        pairs = np.stack([codes & 15, codes >> 4], axis=-1).reshape(-1, _EACH)
        values = _VALUES[pairs] * to_float32(powers, "F8_E8M0")[:, None]
        result: Floats32 = values.reshape(stop - start, *shape[1:])
        return result

    def cut(at: int) -> Tensor:
        return microscaled(name, slab_of(blocks, at), slab_of(scales, at))

    return Tensor(name, shape, "MXFP4", blocks.size + scales.size, decode, cut)


def _rows(place: Stored, start: int, stop: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    row = place.size // max(1, place.shape[0])
    return read_piece(place.path, place.start + start * row, (stop - start) * row)

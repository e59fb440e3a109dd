"""Weights of eight bits with scales beside them."""

from __future__ import annotations

import numpy as np

from phalanx.errors import InputError
from phalanx.provenance.weights.header import Stored
from phalanx.provenance.weights.numbers import Floats32
from phalanx.provenance.weights.tensor import Tensor, plain_tensor

SCALES = {"weight_scale_inv": 1.0, "weight_scale": 1.0, "SCB": 127.0}
"""Endings of scales, and by what each is divided: the last are largest sizes, not steps."""

_BLOCK = 128
"""Rows and columns that share one scale, where scales form a matrix."""


def scaled_tensor(name: str, weight: Stored, ending: str, scale: Stored) -> Tensor:
    """Return a weight of eight bits times its scale.

    Scales are one number, one for each row, or one for each block of 128 rows and columns.

    Parameters:
        name: Of the weight.
        weight: Its codes.
        ending: Of its scale, one of `SCALES`.
        scale: The scales.

    Raises:
        InputError: If the scales fit none of these.
    """
    codes, scales = plain_tensor(name, weight), plain_tensor(f"{name}: scale", scale)
    shape = scale.shape
    rows = weight.shape[0]
    columns = weight.shape[1] if len(weight.shape) == 2 else 0
    blocks = (-(-rows // _BLOCK), -(-columns // _BLOCK))
    fits = (*shape, 1, 1)[:2] in {(1, 1), (rows, 1)} or shape == blocks
    if len(weight.shape) != 2 or len(shape) > 2 or not fits:
        message = f"{name} in {weight.path}: scales of shape {shape} do not fit {weight.shape}"
        raise InputError(message, next_step="Convert the model to BF16 first.")
    per_row = (*shape, 1, 1)[:2] == (rows, 1)

    def decode(start: int, stop: int) -> Floats32:
        values = codes.read(start, stop)
        steps = scales.whole().reshape(*(*shape, 1, 1)[:2]) / np.float32(SCALES[ending])
        if steps.size == 1:
            return values * steps
        if per_row:
            return values * steps[start:stop]
        wide = np.repeat(steps[np.arange(start, stop) // _BLOCK], _BLOCK, axis=1)
        return values * wide[:, :columns]

    kind = f"{weight.stored} with scales"
    return Tensor(name, weight.shape, kind, weight.size + scale.size, decode)

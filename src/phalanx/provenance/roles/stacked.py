"""Experts that share one tensor of three axes, taken apart.

Two names are in use: `experts.gate_up_proj` (gpt-oss, Llama 4, Qwen3-VL and later) and GGUF's
`ffn_up_exps`. Each expert becomes a matrix of its own, under the name that it would have alone.
Which way round a matrix lies its neighbours tell; a square one of gates and up-rows together does
not say where the one ends and the other begins, and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from phalanx.provenance.weights import Tensor

STACKED = "stacked_"
"""Put before the name of gates and up-rows that came from one tensor of three axes."""

_MOST_EXPERTS = 4096
_NAMES = (
    re.compile(r"(?P<before>.+\.)experts\.(?P<part>gate_up_proj|gate_proj|up_proj|down_proj)"
               r"(?:\.weight)?"),
    re.compile(r"(?P<before>blk\.[0-9]+\.)(?P<part>ffn_gate|ffn_up|ffn_down|ffn_gate_up)_exps"
               r"\.weight"),
)  # fmt: skip


def apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return all tensors by name, with a matrix for each expert in place of those that share one.

    Examples:
        >>> import numpy as np
        >>> three = Tensor("w", (2, 4, 3), "F32", 96, lambda a, b: np.ones((b - a, 4, 3), "f4"))
        >>> sorted(apart({"blk.7.ffn_up_exps.weight": three}))
        ['blk.7.experts.0.ffn_up.weight', 'blk.7.experts.1.ffn_up.weight']
    """
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        named = next((match for each in _NAMES if (match := each.fullmatch(name))), None)
        if named is None or len(tensor.shape) != 3 or tensor.shape[0] > _MOST_EXPERTS:
            found[name] = tensor
            continue
        mark = STACKED if "gate_up" in named["part"] else ""
        for expert in range(tensor.shape[0]):
            own = f"{named['before']}experts.{expert}.{mark}{named['part']}.weight"
            found[own] = tensor.slab(expert, own)
    return found

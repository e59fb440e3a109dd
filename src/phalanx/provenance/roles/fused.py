"""Roles that share one matrix, and the way round that it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from phalanx.provenance.roles.ordered import alternating_gates, numbered_heads
from phalanx.provenance.roles.part import Part, Places
from phalanx.provenance.weights import Tensor

_WRITES = {"down", "output"}


@dataclass(frozen=True, slots=True)
class Heads:
    """How the rows of an attention divide."""

    queries: int
    """Heads of queries."""

    keys: int
    """Heads of keys and values, each for as many heads of queries."""

    width: int
    """Rows of one head."""


def heads_of(config: Mapping[str, Any], query_rows: int, key_rows: int) -> Heads | None:
    """Return how the rows divide into heads that have no order of their own.

    Nothing if the settings do not say or do not fit, or each head has a slope of its own.

    Examples:
        >>> heads_of({"num_attention_heads": 8, "num_key_value_heads": 2}, 128, 32)
        Heads(queries=8, keys=2, width=16)
        >>> heads_of({"num_attention_heads": 7}, 128, 128) is None
        True
    """
    queries = config.get("num_attention_heads", config.get("n_head"))
    if numbered_heads(config):
        return None
    if type(queries) is not int or queries < 1 or query_rows % queries or not query_rows:
        return None
    width = query_rows // queries
    if key_rows % width or not key_rows or queries % (key_rows // width):
        return None
    return Heads(queries, key_rows // width, width)


def split_fused(
    parts: Mapping[str, Tensor], hidden: int, config: Mapping[str, Any] | None = None
) -> dict[str, Part]:
    """Return each role's piece of its matrix, which lies as its shape says.

    Of experts that share a tensor the settings say whether gates and up-rows alternate; without a
    kind of model nothing does, and a square matrix does not show its outputs: both are left out.

    A linear layer stores outputs first, GPT-2's convolutions inputs first; a square matrix is
    taken for the former, but for GPT-2's square output, whose neighbour tells.

    Parameters:
        parts: Matrices of one layer, by role.
        hidden: Width of the residual stream.
        config: Settings, which say how many heads a fused matrix has.

    Returns:
        The roles `gate`, `up`, `down`, `query`, `key`, `value` and `output` that were found.
    """
    inputs_first = any(
        role not in _WRITES and len(each.shape) == 2 and each.shape[0] == hidden != each.shape[1]
        for role, each in parts.items()
    )
    found: dict[str, Part] = {}
    for role, tensor in parts.items():
        if not hidden or len(tensor.shape) != 2 or hidden not in tensor.shape:
            continue
        axis = 1 if (role in _WRITES) == inputs_first else 0
        if tensor.shape[axis] != hidden:
            axis = 1 - axis
        rows = tensor.shape[1 - axis]
        if role.endswith("stacked") and rows == hidden:
            continue
        for name, places in _pieces(role, rows, config or {}).items():
            found[name] = Part(tensor, axis, places)
    return found


def _pieces(role: str, rows: int, config: Mapping[str, Any]) -> dict[str, Places | None]:
    """Return where the roles of a fused matrix stand; nothing where that is unclear."""
    if role.startswith("gate and up"):
        return _gates(rows, config, stacked=role.endswith("stacked"))
    if not role.startswith("query, "):
        return {role: None}
    queries = config.get("num_attention_heads", config.get("n_head"))
    keys = config.get("num_key_value_heads", queries)
    by_head = role.endswith("by head")
    if type(queries) is not int or type(keys) is not int or min(queries, keys) < 1:
        return {}
    if rows % (queries + 2 * keys) or (by_head and keys != queries):
        return {}
    width = rows // (queries + 2 * keys)
    if by_head:
        place = np.arange(rows).reshape(queries, 3, width)
        return {name: place[:, at].ravel() for at, name in enumerate(("query", "key", "value"))}
    cuts = np.cumsum([0, queries, keys, keys]) * width
    return {
        name: np.arange(cuts[at], cuts[at + 1]) for at, name in enumerate(("query", "key", "value"))
    }


def _gates(rows: int, config: Mapping[str, Any], *, stacked: bool) -> dict[str, Places | None]:
    """Return where gates and up-rows stand that share one matrix."""
    if rows % 2 or (stacked and not isinstance(config.get("model_type"), str)):
        return {}
    both = np.arange(rows)
    if stacked and alternating_gates(config):
        return {"gate": both[::2], "up": both[1::2]}
    return {"gate": both[: rows // 2], "up": both[rows // 2 :]}

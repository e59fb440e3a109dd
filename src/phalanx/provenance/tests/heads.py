"""Heads in the same places, whatever was done to them inside.

A head acts through two products alone: of queries and keys, and of values and outputs. Rotating
the rows inside of a head, or scaling queries up and keys down, leaves both as they are. Heads of
one layer have no order, so the reasoning of `swaps` holds for them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.provenance.roles.fused import Heads
from phalanx.provenance.tests.clones import first_of_their_kind
from phalanx.provenance.tests.coins import Coins, toss
from phalanx.provenance.tests.frame import unit_length
from phalanx.provenance.weights.numbers import Floats32

Floats = npt.NDArray[np.float64]

_ONE_KEY = 0.5
"""Cosine from which two keys count as one: that costs coins, and no validity."""


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """Rows of all heads of a layer in short coordinates, shape (rows, width)."""

    query: Floats32
    key: Floats32
    value: Floats32
    output: Floats32


def head_coins(ours: Folds, theirs: Folds, heads: Heads) -> Coins:
    """Return whether pairs of heads are more alike as they stand than exchanged."""
    return toss(head_leanings(ours, theirs, heads))


def head_leanings(ours: Folds, theirs: Folds, heads: Heads) -> Floats:
    """Return how much more alike each pair of heads is as it stands than exchanged.

    Where several heads of queries share keys, two of these are exchanged; else two whole heads.

    Parameters:
        ours: Our layer.
        theirs: The suspect's.
        heads: How the rows of both divide.

    Returns:
        Shape (pairs,); the sign of each is its coin. 0 where one of the four heads lacks a part,
        and where the keys repeat earlier ones.
    """
    group = heads.queries // heads.keys
    if group > 1:
        first = np.arange(heads.queries).reshape(heads.keys, group)
        pairs = np.stack(
            [first[:, : group // 2].ravel(), first[:, group // 2 : group // 2 * 2].ravel()], axis=1
        )
        repeated = 1
        own = first_of_their_kind([ours.key.reshape(heads.keys, -1)])
        single = np.repeat(own, group // 2)
    else:
        repeated = repeated_keys(ours.key, heads)
        half = heads.queries // repeated // 2 * repeated
        pairs = np.stack([np.arange(half), np.arange(half, 2 * half)], axis=1)
        single = np.ones(half, dtype=np.bool_)
    mine, other = _split(ours, heads), _split(theirs, heads)
    differences = [
        _likeness(mine, one, other, one)
        + _likeness(mine, two, other, two)
        - _likeness(mine, one, other, two)
        - _likeness(mine, two, other, one)
        if alone and all(_whole(each, head) for each in (mine, other) for head in (one, two))
        else 0.0
        for alone, (one, two) in zip(single, pairs, strict=True)
    ]
    together: Floats = np.array(differences, dtype=np.float64).reshape(-1, repeated).sum(axis=1)
    return together


def repeated_keys(key: Floats32, heads: Heads) -> int:
    """Return how many heads in a row have one and the same key, or nearly.

    Where heads that shared a key were given one each, they are no units of their own: only all of
    them together could as well stand elsewhere.

    Parameters:
        key: Rows of the keys of our layer, shape (rows, width).
        heads: How they divide.

    Examples:
        >>> keys = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
        >>> heads = Heads(4, 4, 2)
        >>> repeated_keys(np.repeat(keys.reshape(2, 16), 2, axis=0).reshape(8, 8), heads)
        2
        >>> repeated_keys(np.arange(64, dtype=np.float32).reshape(8, 8) % 7 - 3, heads)
        1
    """
    flat = unit_length(key.reshape(heads.keys, -1))
    alike = np.einsum("ij,ij->i", flat[:-1], flat[1:]) > _ONE_KEY
    for times in range(heads.keys, 1, -1):
        inside = np.arange(1, heads.keys) % times != 0
        if heads.keys % times == 0 and alike[inside].all():
            return times
    return 1


def _split(folds: Folds, heads: Heads) -> dict[str, Floats32]:
    """Return all four with one head of queries on the first axis."""
    group = heads.queries // heads.keys

    def cut(rows: Floats32) -> Floats32:
        parts = rows.reshape(-1, heads.width, rows.shape[1])
        return parts if len(parts) == heads.queries else np.repeat(parts, group, axis=0)

    return {name: cut(getattr(folds, name)) for name in ("query", "key", "value", "output")}


def _whole(parts: dict[str, Floats32], head: int) -> bool:
    """Tell whether a head is more than zeros that fill a matrix up: those stand behind all."""
    return all(bool(each[head].any()) for each in parts.values())


def _likeness(ours: dict[str, Floats32], one: int, theirs: dict[str, Floats32], two: int) -> float:
    """Return the cosine of both products, added.

    The inner product of Q'K and P'L is the sum of the entries of QP' times those of KL', which
    are small matrices.
    """
    total = 0.0
    for left, right in (("query", "key"), ("value", "output")):
        a, b, c, d = ours[left][one], ours[right][one], theirs[left][two], theirs[right][two]
        size = _inner(a, b, a, b) * _inner(c, d, c, d)
        total += _inner(a, b, c, d) / float(np.sqrt(size)) if size > 0.0 else 0.0
    return total


def _inner(a: Floats32, b: Floats32, c: Floats32, d: Floats32) -> float:
    return float(np.einsum("ij,ij->", a @ c.T, b @ d.T, dtype=np.float64))

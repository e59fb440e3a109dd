"""Models whose names nobody knows, compared by shape.

Null hypothesis: the suspect was made without our weights. Of a matrix whose role is unknown it is
not known either whether the order of its rows is anybody's choice: rows of tokens are not. So what
comes out of exchanging rows is told for reading, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from phalanx.provenance.tests.coins import Coins
from phalanx.provenance.tests.frame import unit_length
from phalanx.provenance.tests.plan import Plan
from phalanx.provenance.tests.swaps import swap_coins
from phalanx.provenance.weights import Tensor
from phalanx.provenance.weights.numbers import Floats32

_FEWEST_COLUMNS = 16


def matrices_alike(
    ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield pairs of matrices: of one name and shape, then the rest of one shape in their order.

    Examples:
        >>> def named(name, shape):
        ...     return Tensor(name, shape, "F32", 0, lambda a, b: np.ones((b - a, shape[1]), "f4"))
        >>> ours = {"a": named("a", (4, 32)), "b": named("b", (4, 32))}
        >>> theirs = {"x": named("x", (4, 32)), "a": named("a", (4, 32))}
        >>> [(one.name, two.name) for one, two in matrices_alike(ours, theirs)]
        [('a', 'a'), ('b', 'x')]
    """
    same = [name for name, each in ours.items() if name in theirs and _fits(each, theirs[name])]
    yield from ((ours[name], theirs[name]) for name in same)
    left = [each for name, each in theirs.items() if name not in same]
    for name, mine in ours.items():
        other = next((each for each in left if _fits(mine, each)), None)
        if name not in same and other is not None:
            left.remove(other)
            yield mine, other


def shape_coins(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], plan: Plan) -> Coins:
    """Return whether rows of matrices of one shape are more alike as they stand than exchanged."""
    coins = Coins()
    for mine, other in matrices_alike(ours, theirs):
        places = plan.places(mine.rows, plan.neurons, "rows")
        rows = [_clean(each.picked(places)) for each in (mine, other)]
        coins += swap_coins([rows[0]], [rows[1]])
    return coins


def _fits(first: Tensor, second: Tensor) -> bool:
    return (
        len(first.shape) == 2
        and first.shape == second.shape
        and first.shape[1] >= _FEWEST_COLUMNS
        and first.stored not in {"I32", "I64", "U32", "U64", "C64"}
        and second.stored not in {"I32", "I64", "U32", "U64", "C64"}
    )


def _clean(rows: Floats32) -> Floats32:
    return unit_length(np.where(np.abs(rows) <= 1e18, rows, np.float32(0.0)))

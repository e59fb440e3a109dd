"""Coordinates of the residual stream in the same places.

Coordinates of the stream have no order, as neurons have none: a model with two of them exchanged
in all its weights is as likely to be drawn at the beginning and to come out of training. So the
reasoning of `swaps` holds for the columns of the embedding, whatever the tokens mean and however
alike any two models of one language find them. Permuting tokens instead would test whether the two
models know the same language, which honest ones do.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.provenance.tests.clones import first_of_their_kind
from phalanx.provenance.tests.coins import Coins
from phalanx.provenance.tests.frame import unit_length
from phalanx.provenance.tests.swaps import swap_coins
from phalanx.provenance.weights.numbers import Floats32

Floats = npt.NDArray[np.float64]


def column_coins(ours: Floats32, theirs: Floats32, order: np.random.Generator) -> Coins:
    """Return whether pairs of coordinates are more alike as they stand than exchanged.

    Parameters:
        ours: Embeddings of some tokens, shape (tokens, hidden).
        theirs: Of the same tokens, in the same order.
        order: Pairs the coordinates.
    """
    shuffled = order.permutation(ours.shape[1])
    mine, other = (
        unit_length(np.ascontiguousarray(np.nan_to_num(each, posinf=0.0, neginf=0.0).T))
        for each in (ours, theirs)
    )
    mine *= first_of_their_kind([mine])[:, None]
    return swap_coins([mine[shuffled]], [other[shuffled]])


def gram_likeness(ours: Floats32, theirs: Floats32) -> float:
    """Return how alike two models find the same tokens, whatever their coordinates.

    The unbiased estimate of centred kernel alignment with linear kernels: 0 on average for
    embeddings that have nothing to do with each other, 1 for equal ones up to rotation and scale.
    It has no null hypothesis here: independent models of one language come out far above 0. So
    it is told, and never evidence.

    Parameters:
        ours: Shape (tokens, hidden), at least four tokens.
        theirs: Shape (tokens, hidden of theirs).

    References:
        Song et al., "Feature selection via dependence maximization", 2012, equation 5;
        Kornblith et al., "Similarity of neural network representations revisited", 2019.

    Examples:
        >>> random = np.random.default_rng(0)
        >>> tokens = random.normal(size=(50, 8)).astype(np.float32)
        >>> turned = tokens @ np.linalg.qr(random.normal(size=(8, 8)))[0]
        >>> round(gram_likeness(tokens, 3.0 * turned), 4)
        1.0
    """
    grams = []
    for each in (ours, theirs):
        gram = each.astype(np.float64) @ each.T.astype(np.float64)
        np.fill_diagonal(gram, 0.0)
        grams.append(gram)
    first, second = grams
    size = np.sqrt(_hsic(first, first) * _hsic(second, second))
    return float(_hsic(first, second) / size) if size > 0.0 else 0.0


def _hsic(first: Floats, second: Floats) -> float:
    count = len(first)
    left, right = first.sum(axis=0), second.sum(axis=0)
    total = np.einsum("ij,ij->", first, second) - 2.0 * (left @ right) / (count - 2)
    total += left.sum() * right.sum() / ((count - 1) * (count - 2))
    return float(total / (count * (count - 3)))

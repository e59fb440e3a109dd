"""The weight of n-grams in one document, inside numba."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.authorship.features.tokens import ORDERS, Numbers

Weights = npt.NDArray[np.float32]

_CLIPPED = 4.0
"""Natural logarithms: what one token may say at most."""

_PRIOR_TOKENS = (1.0, 8.0, 16.0)
"""How many tokens the shorter context counts for, by the length of the longer."""


def small(values: npt.ArrayLike) -> Weights:
    """Return numbers as a file keeps them: in half precision, so that nothing changes on the way.

    Examples:
        >>> small([0.1]).tolist() == small(small([0.1])).tolist()
        True
    """
    return np.asarray(values).astype(np.float16).astype(np.float32)


def small_counts(counts: npt.ArrayLike) -> Weights:
    """Return counts as a file keeps them: their logarithm in half precision.

    Examples:
        >>> [round(float(each)) for each in small_counts([0.0, 1.0, 50_000.0])]
        [0, 1, 50026]
    """
    return np.expm1(small(np.log1p(counts)).astype(np.float64)).astype(np.float32)


@numba.njit(cache=True, nogil=True)
def weigh(buckets: Numbers, counts: Numbers, rarity: Weights, weights: Weights) -> float:
    """Return the inner product of a document's tf-idf vector of length one with weights.

    Parameters:
        buckets: Different ones of the document.
        counts: How often each stands there; (1 + log count) * rarity is weighed.
        rarity: Of each bucket of the table, shape (buckets,); 0 for those that are not known.
        weights: Of each bucket, shape (buckets,).

    Returns:
        0 where nothing is known.
    """
    total, squares = 0.0, 0.0
    for at in range(buckets.size):
        bucket = buckets[at]
        value = (1.0 + np.log(counts[at])) * rarity[bucket]
        total += value * weights[bucket]
        squares += value * value
    return total / np.sqrt(squares) if squares > 0.0 else 0.0


@numba.njit(cache=True, nogil=True)
def likelihood(
    runs: npt.NDArray[np.int32],
    human: Weights,
    model: Weights,
    human_tokens: float,
    model_tokens: float,
) -> float:
    r"""Compare two language models of runs of three tokens on one document.

    $p(w \mid h) = (c(hw) + \mu\, p(w \mid h')) / (c(h) + \mu)$, where $h'$ is the context without
    its first token: a Dirichlet prior from the shorter context.

    Parameters:
        runs: As `features.tokens.runs_of` returns them, shape (3, tokens).
        human: How often each run stood in human documents, shape (buckets,).
        model: The same in documents of models.
        human_tokens: All tokens of these documents.
        model_tokens: The same of models.

    Returns:
        Mean over the tokens of log p(model) / p(human), each clipped. The levels themselves say
        what is written about, and are not handed on.

    References:
        MacKay & Peto, "A hierarchical Dirichlet language model", Natural Language Engineering 1
        (1995).
    """
    size = runs.shape[1]
    ratio: float = 0.0
    for at in range(size):
        p_human, p_model = 1.0 / human.size, 1.0 / model.size
        for order in range(min(ORDERS, at + 1)):
            prior = _PRIOR_TOKENS[order]
            if order == 0:
                context_human, context_model = human_tokens, model_tokens
            else:
                context = runs[order - 1, at - 1]
                context_human, context_model = float(human[context]), float(model[context])
            run = runs[order, at]
            p_human = (human[run] + prior * p_human) / (context_human + prior)
            p_model = (model[run] + prior * p_model) / (context_model + prior)
        # A run that is known where its context is not would make more than one.
        said = np.log(min(p_model, 1.0)) - np.log(min(p_human, 1.0))
        ratio += min(max(said, -_CLIPPED), _CLIPPED)
    return float(ratio / max(size, 1))


@numba.njit(cache=True, nogil=True)
def unknown_share(pairs: Numbers, rarity: Weights) -> float:
    """Return the share of a document's pairs of tokens that no fitted document had.

    Parameters:
        pairs: Bucket of each pair; those that are negative do not count.
        rarity: Of each bucket; 0 for those that are not known.
    """
    unknown, known = 0, 0
    for pair in pairs:
        if pair >= 0:
            unknown += rarity[pair] == 0.0
            known += rarity[pair] != 0.0
    return unknown / max(unknown + known, 1)

"""Do a model's answers hold the tokens that a key would have chosen? For closed models."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

from phalanx.watermark.audit.winners import Floats, races
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.scheme import Scheme

SHARES = tuple(float(10.0**power) for power in np.arange(-4.0, 0.0, 0.5))
"""Share of the answers' tokens that the mark has decided, averaged over."""

FLOORS = (0.001, 0.01, 0.1)
"""A token is taken to be at least so likely, averaged over: a student only learns roughly which
rare token was sent."""

_LN10 = float(np.log(10.0))
_MOST_LOG_P = 1e-3
"""Logarithms of a probability of one, as models round them."""

_LEAST, _MOST = 1e-100, 1e100
"""Products within are not yet turned into logarithms."""


def answers_log10_e(draws: Draws, log_p: Floats, scheme: Scheme, keys: Sequence[bytes]) -> Floats:
    r"""Test for each key whether the answers hold more of its winners than they should.

    Null hypothesis: the answers were made without the key. Then the numbers $u$ of different
    pairs of context and token are independent and uniform, whatever the answers are.

    A token that has probability $p$ where nothing is marked wins the race of the key with
    chance $u^{1/p - 1}$ given its number. If a share $\varepsilon$ of the tokens are winners,
    the likelihood ratio of one is $1 - \varepsilon + \varepsilon u^{1/p-1} / p$, which has mean
    one under the null for any $p$ that does not depend on the key. The e-value is the mean of
    the products over `SHARES` and `FLOORS`.

    Parameters:
        draws: What counts of the answers; the prompts are known documents.
        log_p: Natural logarithm of what a model that knows nothing of the key gives each token
            there, shape (draws,): the marked model's own, or a reference student's.
        scheme: One whose tokens race.
        keys: The keys, each asked by itself: correct for how many there are.

    Returns:
        Base-10 logarithms of the e-values, shape (keys,).

    Raises:
        ValueError: If the scheme has no races, or there is not one logarithm of a probability for
            each draw.

    References:
        Sander et al., "Watermarking makes language models radioactive", NeurIPS 2024, whose test
        is the sum of all scores; `phalanx.watermark.detection` computes that.
    """
    if not races(scheme):
        message = f"{scheme.setting.name} lets no tokens race"
        raise ValueError(message)
    if log_p.shape != (draws.count,) or not (log_p <= _MOST_LOG_P).all():
        message = "log_p must hold the logarithm of a probability for each draw"
        raise ValueError(message)
    chances = np.exp(np.maximum(log_p[:, None], np.log(FLOORS)[None, :]))
    result = np.empty(len(keys))
    for at, key in enumerate(keys):
        with np.errstate(divide="ignore"):
            log_u = np.log(-np.expm1(-scheme.scores(draws, key)))
        bets = _bets(log_u, chances, np.array(SHARES))
        result[at] = (np.logaddexp.reduce(bets) - np.log(bets.size)) / _LN10
    return result


@numba.njit(cache=True, nogil=True)
def _bets(log_u: Floats, chances: Floats, shares: Floats) -> Floats:
    """Return the logarithm of each product, shape (shares * floors,).

    Factors are multiplied, and their logarithm is taken before a product leaves the range.
    """
    places, floors = chances.shape
    logs = np.zeros((floors, shares.size))
    products = np.ones((floors, shares.size))
    for place in range(places):
        for floor in range(floors):
            chance = chances[place, floor]
            odds = 1.0 / chance - 1.0
            won = (np.exp(odds * log_u[place]) if odds > 0.0 else 1.0) / chance
            for share in range(shares.size):
                product = products[floor, share] * (1.0 + shares[share] * (won - 1.0))
                if not _LEAST < product < _MOST:
                    logs[floor, share] += np.log(product)
                    product = 1.0
                products[floor, share] = product
    return (logs + np.log(products)).reshape(-1)


def answers_log10_p(draws: Draws, scheme: Scheme, keys: Sequence[bytes]) -> Floats:
    """Return the p-value of the sum of all scores under each key, base-10 logarithms.

    What can be asked without any model at hand; the null hypothesis is the same.
    """
    totals = np.array([scheme.scores(draws, key).sum() for key in keys])
    return scheme.setting.law(totals, draws) if keys else np.empty(0)

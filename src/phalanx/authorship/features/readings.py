"""What a language model makes of a text, token by token, and the statistics that follow from it.

They need no fit and know no label: whatever a model would itself have written lies where it expects
its own words to lie. All are turned so that more says "more like models".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

Floats = npt.NDArray[np.float64]

READING_NAMES = ("curvature", "perplexity ratio", "likelihood", "rank")
"""What each statistic is, in order."""

_AT_ONCE = 64
"""Tokens whose distributions are held in memory together."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a scoring model p says of each token, and what a sampling model q expects of p there.

    Shape (tokens,) each; natural logarithms.
    """

    log_probability: Floats
    """log p of the token that stands there."""

    expected: Floats
    """Mean of log p over the tokens that q would write."""

    variance: Floats
    """Variance of log p over these."""

    rank: Floats
    """1 for the token that p holds likeliest."""

    def __post_init__(self) -> None:
        """Refuse what no model says."""
        shapes = {self.log_probability.shape, self.expected.shape, self.variance.shape}
        if shapes != {self.rank.shape} or self.rank.ndim != 1:
            message = "a reading has four numbers for each token"
            raise ValueError(message)
        numbers = np.concatenate([self.log_probability, self.expected, self.variance, self.rank])
        if not np.isfinite(numbers).all() or (self.variance < 0).any() or (self.rank < 1).any():
            message = "a reading is finite, its variances are not negative, its ranks begin at 1"
            raise ValueError(message)

    @property
    def tokens(self) -> int:
        """How many were read."""
        return int(self.rank.size)


def reading_of(scoring: Floats, sampling: Floats, tokens: npt.NDArray[np.int64]) -> Reading:
    r"""Return what two models make of the tokens of a text.

    Parameters:
        scoring: What the model p says before each token, before the softmax, shape
            (tokens, vocabulary).
        sampling: The same of q; the same array where one model is both.
        tokens: Number of each token that stands there, shape (tokens,).

    Returns:
        With $\mu_t = \sum_v q(v) \log p(v)$ and $\sigma_t^2 = \sum_v q(v) \log^2 p(v) - \mu_t^2$.

    Examples:
        >>> even = np.zeros((1, 4))
        >>> said = reading_of(even, even, np.array([2]))
        >>> round(float(said.expected[0]), 3), float(said.variance[0]), float(said.rank[0])
        (-1.386, 0.0, 1.0)
    """
    if scoring.shape != sampling.shape or scoring.shape[:1] != tokens.shape:
        message = "both models give one distribution over one vocabulary before each token"
        raise ValueError(message)
    found = np.empty((4, tokens.size))
    for begin in range(0, tokens.size, _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        logs = log_softmax(scoring[part].astype(np.float64), axis=1)
        shares = np.exp(log_softmax(sampling[part].astype(np.float64), axis=1))
        said = np.take_along_axis(logs, tokens[part, None], axis=1)[:, 0]
        mean = (shares * logs).sum(axis=1)
        variance = (shares * (logs - mean[:, None]) ** 2).sum(axis=1)
        rank = 1.0 + (logs > said[:, None]).sum(axis=1)
        found[:, part] = said, mean, variance, rank
    return Reading(*found)


def curvature(reading: Reading) -> float:
    r"""Return by how many standard deviations a text is likelier than what q would have written.

    $\sum_t (\log p(x_t) - \mu_t) / \sqrt{\sum_t \sigma_t^2}$: 0 on average, with variance 1, for
    text that q wrote itself.

    References:
        Bao, Zhao, Teng, Yang & Zhang, "Fast-DetectGPT", ICLR 2024, equation 5, analytic form.

    Examples:
        >>> one = np.ones(4)
        >>> curvature(Reading(-1.0 * one, -1.5 * one, one, one))
        1.0
    """
    spread = float(np.sqrt(reading.variance.sum()))
    return float((reading.log_probability - reading.expected).sum() / spread) if spread else 0.0


def perplexity_ratio(reading: Reading) -> float:
    """Return the log-perplexity of a text over what q expects it to be: small for models.

    The scoring model is the performer of the paper, the sampling model its observer.

    References:
        Hans et al., "Spotting LLMs with Binoculars", ICML 2024, equation 4.

    Examples:
        >>> one = np.ones(4)
        >>> perplexity_ratio(Reading(-1.0 * one, -2.0 * one, one, one))
        0.5
    """
    expected = float(reading.expected.sum())
    return float(reading.log_probability.sum()) / expected if expected else 1.0


def statistics_of(reading: Reading) -> Floats:
    """Return the numbers of `READING_NAMES`; zeros and an even ratio where nothing was read.

    Examples:
        >>> one = np.ones(4)
        >>> statistics_of(Reading(-1.0 * one, -2.0 * one, one, one)).tolist()
        [2.0, -0.5, -1.0, 0.0]
    """
    if not reading.tokens:
        return np.array([0.0, -1.0, 0.0, 0.0])
    return np.array(
        [
            curvature(reading),
            -perplexity_ratio(reading),
            reading.log_probability.mean(),
            # Adding 0 turns a negative zero into a positive one.
            -np.log(reading.rank).mean() + 0.0,
        ]
    )

"""The order of training as a mark that nobody had to make.

What a model saw last it remembers best. Whoever trained it on texts in a random order, and kept
that order, can ask whether a suspect's likelihood of the texts follows it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence import calibrate_p_mixed
from phalanx.evidence.tails import EXACT_UP_TO, inversions_log10_cdf
from phalanx.model import ExactEvidence, Inconclusive
from phalanx.provenance.sources import LogprobSource

_NULL = "What the suspect makes of the texts does not depend on the order in which ours saw them."
_ASSUMPTIONS = (
    "The order was drawn at random, for our model alone, and was not given away.",
    "Which texts are asked about was chosen without asking the suspect.",
    "Nothing is assumed of the suspect: it may know the texts, from us or from elsewhere.",
)
_MOST_TEXTS = 50_000

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFinding:
    """Whether a likelihood follows an order."""

    texts: int
    """Texts that were compared."""

    correlation: float
    """Kendall's rank correlation, from -1 to 1; ties count against the order."""

    log10_p: float
    """Chance that a random order is followed as much, base-10 logarithm."""

    exact: bool
    """Whether the chance was added up; else it is a bound from above."""

    has_reference: bool
    """Whether a reference model's likelihoods were taken away."""

    def evidence(self) -> ExactEvidence:
        """Return the finding as evidence."""
        way = "minus a reference's " if self.has_reference else ""
        return ExactEvidence(
            rule_id="PHX-P105",
            name="memory in the order of our training",
            family="provenance",
            null_hypothesis=_NULL,
            observation=(
                f"rank correlation {self.correlation:.3f} of the order and the log-likelihood "
                f"{way}over {self.texts:,} texts"
            ),
            log10_e=float(calibrate_p_mixed(np.array([self.log10_p]))[0]),
            reachable_log10_e=None,
            sample_size=self.texts,
            reference_size=0,
            method=(
                "order of training, Kendall's correlation, "
                f"{'exact law' if self.exact else 'bound of the tail'}, version 1"
            ),
            assumptions=_ASSUMPTIONS,
            decisive=True,
            exact_log10_p=self.log10_p,
        )


def mean_log_probability(source: LogprobSource, texts: Sequence[str]) -> Floats:
    """Return what a model gives each text, a token on average; nan for a text without tokens.

    Raises:
        PhalanxError: If the model cannot be read.
    """
    return np.array(
        [float(said.mean()) if said.size else np.nan for said in source.log_probabilities(texts)]
    )


def weigh_order(
    log_likelihood: Floats,
    position: npt.NDArray[np.int64],
    reference: Floats | None = None,
    *,
    log10_level: float = -3.0,
) -> OrderFinding | Inconclusive:
    r"""Test whether a suspect finds texts the likelier the later our model saw them.

    Null hypothesis: given the texts, the order is independent of the suspect. It was drawn at
    random, so every order is as likely as any other, and the number of pairs that stand the wrong
    way round has the law of inversions, whatever the likelihoods are. Pairs with equal
    likelihoods count as wrong, which can only make p larger.

    A reference that did not see the texts in this order takes away what makes one text likelier
    than another for any model. It costs no validity and gains much power.

    Parameters:
        log_likelihood: Of each text under the suspect, best a token on average, shape (texts,);
            texts that are nan here or in the reference are left out.
        position: When our model saw each text, shape (texts,), no two alike: texts of one step
            are numbered as they stand in the batch.
        reference: The same as the first under a model that is not ours.
        log10_level: Level that a finding must be able to reach.

    Returns:
        The finding, or why there are too few texts for one.

    Raises:
        ValueError: If shapes differ, a position comes twice, or there are more than 50,000 texts.

    References:
        Kuditipudi et al., "Blackbox model provenance via palimpsestic membership inference",
        2025, who use Spearman's correlation; the law of Kendall's is known exactly.

    Examples:
        >>> random = np.random.default_rng(0)
        >>> seen, likely = random.permutation(200), random.normal(size=200)
        >>> found = weigh_order(likely + 0.01 * seen, seen)
        >>> found.exact, found.log10_p < -6
        (True, True)
        >>> weigh_order(likely[:4], seen[:4]).reason
        '4 texts are too few: 24 orders of them do not reach a level of 1e-3, 7 texts do'
    """
    likely = np.asarray(log_likelihood, dtype=np.float64)
    other = np.zeros(likely.shape) if reference is None else np.asarray(reference, np.float64)
    if not likely.shape == other.shape == position.shape or likely.ndim != 1:
        message = f"shapes differ: {likely.shape}, {position.shape}, {other.shape}"
        raise ValueError(message)
    if np.unique(position).size != position.size or position.size > _MOST_TEXTS:
        message = f"a position comes twice, or there are more than {_MOST_TEXTS:,} texts"
        raise ValueError(message)
    kept = np.isfinite(likely) & np.isfinite(other)
    in_order = np.argsort(position[kept])
    values = (likely - other)[kept][in_order]
    count = values.size
    if _log10_orders(count) < -log10_level:
        enough = next(size for size in range(1, 1000) if _log10_orders(size) >= -log10_level)
        return Inconclusive(
            reason=(
                f"{count} texts are too few: {math.factorial(count)} orders of them do not reach "
                f"a level of 1e{log10_level:g}, {enough} texts do"
            ),
            reachable_log10_e=_log10_orders(count),
        )
    wrong = sum(int((values[at] >= values[at + 1 :]).sum()) for at in range(count))
    return OrderFinding(
        texts=count,
        correlation=1.0 - 4.0 * wrong / (count * (count - 1)),
        log10_p=inversions_log10_cdf(wrong, count),
        exact=count <= EXACT_UP_TO,
        has_reference=reference is not None,
    )


def _log10_orders(items: int) -> float:
    return math.lgamma(items + 1.0) / math.log(10.0)

r"""Weights of hypotheses after what somebody else says of them.

e-BH holds its rate under any weights $w_i \ge 0$ of mean one that do not look at the e-values,

$$E\Big[\frac{\text{false}}{\text{all}}\Big] \le \frac{\text{rate}}{n}\sum_{i \text{ true null}}
  E[w_i e_i] \le \text{rate},$$

whoever chose them and why. So hints that were made without the data may say where to look first.
They may be wrong, or lies. Hence a share of the error stays with the hypotheses as they were
weighed before, and what is rejected at that share of the rate without hints is rejected with them.
A hypothesis alone may lose more: where others fall, k falls with them, and every level rises.

Weights must not follow hints that change from look to look: what is favoured today and another
hypothesis tomorrow spend the same share of the error twice.

Where a hint was read from the same records as part of the evidence, that part says nothing new
given the hint. The hypothesis then has two e-values: the whole one, valid with weights that do
not depend on hints, and one without that part, valid given the hints. Their mean under the two
weights is used; its mean is at most the sum of the weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence.combination import mean

FAVOURED_SHARE = 0.5
"""Share of the error that is spent where hints point."""


@dataclass(frozen=True, slots=True)
class Favour:
    """What hints say of each hypothesis before anybody looks at its e-values, shape (n,) each."""

    hint: npt.NDArray[np.int64]
    """The hint that is about the hypothesis, -1 for none."""

    first: npt.NDArray[np.float64]
    """Probability, in [0, 1], that it is what the hint is about, for its first null."""

    second: npt.NDArray[np.float64]
    """The same for its second null; hints that share data with it are left out."""

    fit: npt.NDArray[np.float64]
    """How well it fits its hint, in [0, 1], where several hypotheses are about one."""

    first_log10_es: npt.NDArray[np.float64]
    """Evidence against the first null without what the hints were read from."""

    def share(
        self, probability: npt.NDArray[np.float64], among: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.float64]:
        """Divide what is spent on hints among hypotheses.

        Each hint gets as much as the largest probability among its hypotheses, and these divide
        it by probability and fit.

        Parameters:
            probability: `first` or `second`.
            among: Which hypotheses count.

        Returns:
            Shape (n,); the sum is the expected number of hints that are about any of them.

        Examples:
            >>> hints = np.array([0, 0, 1, -1])
            >>> one = np.ones(4)
            >>> favour = Favour(hints, np.array([0.9, 0.9, 0.2, 0.0]), one, one, one)
            >>> favour.share(favour.first, np.ones(4, dtype=bool)).round(2).tolist()
            [0.45, 0.45, 0.2, 0.0]
        """
        shares = np.zeros(self.hint.size)
        fits = probability * self.fit
        rows = np.flatnonzero(among & (self.hint >= 0) & (fits > _TINY))
        if not rows.size:
            return shares
        hint, fitting = self.hint[rows], fits[rows]
        largest = np.zeros(int(hint.max()) + 1)
        np.maximum.at(largest, hint, probability[rows])
        shares[rows] = largest[hint] * fitting / np.bincount(hint, weights=fitting)[hint]
        return shares


def favoured_first(
    log10_es: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], favour: Favour
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return evidence against the first null, and its weights, when hints count.

    Parameters:
        log10_es: The whole evidence, shape (n,).
        weights: Without hints, at least 0, shape (n,).
        favour: What hints say.

    Returns:
        log10 e and weights of sum 1 at most, each of shape (n,). The share of hints is spent
        whatever they say, since the whole evidence is valid only with weights that do not depend
        on them.

    Examples:
        >>> says = np.array([0.8, 0.0])
        >>> one = Favour(np.array([0, -1]), says, says, np.ones(2), np.array([1.0, 2.0]))
        >>> log10_es, shares = favoured_first(np.array([1.0, 2.0]), np.ones(2), one)
        >>> log10_es.tolist(), shares.tolist()
        ([1.0, 2.0], [0.75, 0.25])
    """
    own = weights / max(float(weights.sum()), _TINY) * (1.0 - FAVOURED_SHARE)
    hinted = favour.share(favour.first, np.ones(weights.size, dtype=np.bool_))
    hinted *= FAVOURED_SHARE / max(float(hinted.sum()), _TINY)
    shares = own + hinted
    changed = np.flatnonzero((hinted > 0.0) & (favour.first_log10_es != log10_es))
    mixed = log10_es.astype(np.float64)
    for row in changed.tolist():
        mixed[row] = mean(
            [float(log10_es[row]), float(favour.first_log10_es[row])],
            [float(own[row]), float(hinted[row])],
        )
    return mixed, shares


def favoured_second(
    weights: npt.NDArray[np.float64], favour: Favour, linked: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return the weights of the second null among the linked, when hints count.

    What hints do not ask for, their probabilities adding up to less than one, is given back.

    Parameters:
        weights: Without hints, at least 0, shape (n,).
        favour: What hints say.
        linked: Who is asked, shape (n,).

    Returns:
        Weights that sum to 1 over the linked, shape (n,).

    Examples:
        >>> says = np.array([0.1, 0.0])
        >>> few = Favour(np.array([0, -1]), says, says, np.ones(2), np.zeros(2))
        >>> favoured_second(np.ones(2), few, np.array([True, True])).round(3).tolist()
        [0.525, 0.475]
    """
    hinted = favour.share(favour.second, linked)
    asked, sizes = float(hinted.sum()), float(weights[linked].sum())
    spent = FAVOURED_SHARE * min(asked, 1.0) if sizes > 0.0 else 1.0
    own = weights * linked * ((1.0 - spent) / sizes if sizes > 0.0 else 0.0)
    return np.asarray(own + hinted * (spent / max(asked, _TINY)))


_TINY = float(np.finfo(np.float64).tiny)

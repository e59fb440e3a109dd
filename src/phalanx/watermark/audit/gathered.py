"""Does a model choose the winners of a key more often than it should? For weights and answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from phalanx.watermark.audit.choices import Choices
from phalanx.watermark.audit.winners import Floats, winners
from phalanx.watermark.schemes.scheme import Scheme

STRENGTHS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""How strong the bet is, in standard deviations of the sum under the null hypothesis; averaged
over. The best is the number of deviations that will be seen."""

RARE = (16.0, 64.0, 256.0)
"""A context that came so often has half of the weight of a usual one; averaged over."""

FLOOR = 1e-3
"""An expectation below counts as this one: nobody learns how unlikely a rare token is."""

_LN10 = float(np.log(10.0))


def answers_excess(choices: Choices) -> Floats:
    """Return how far each choice exceeds what was expected, for answers.

    Over the square root of what is expected: between the best for a student that says some
    winners outright, whatever their chance, and for one that raises all of them in proportion.
    """
    over = (choices.said - choices.expected) / np.sqrt(np.maximum(choices.expected, FLOOR))
    return over * choices.times[:, None]


def weights_excess(choices: Choices) -> Floats:
    """Return how far each choice exceeds what was expected, for probabilities.

    In proportion; and as much for a context that came once, whose probabilities are exact.
    """
    return (choices.said - choices.expected) / np.maximum(choices.expected, FLOOR)


def excess_log10_e(
    choices: Choices, excess: Floats, scheme: Scheme, keys: Sequence[bytes]
) -> Floats:
    r"""Test for each key whether a suspect chooses its winners more often than it should.

    Null hypothesis: the suspect was made without texts of the key. Then the key's numbers of
    different contexts and tokens are independent and uniform given all that was gathered: which
    contexts came and how often, what the suspect chose, what the reference and the marked model
    expect. So the winner $W$ after each context is a draw from the probabilities $p$ that its race
    is run with, and draws after different contexts are independent. $p$ is the mean of what the
    marked model gives, whose owner has it; any other that knows nothing of the key is as valid, and
    wins less. What must not know of the key: documents, prompts, both models, which candidates
    race, which contexts are kept.

    With $x_a$ the excess of candidate $a$, less its mean under $p$, and weighted by how
    usual the context is, the e-value is the mean over `STRENGTHS` and `RARE` of

    $$\prod_c e^{\beta x_{W_c}} \Big/ \sum_a p_a e^{\beta x_a}$$

    whose factors have mean one under the null, whatever the excess is, as long as it does not
    depend on the key.

    Parameters:
        choices: What was gathered.
        excess: `answers_excess` or `weights_excess` of it.
        scheme: One whose tokens race.
        keys: The keys, each asked by itself: correct for how many there are.

    Returns:
        Base-10 logarithms of the e-values, shape (keys,).

    Raises:
        ValueError: If the scheme has no races.
    """
    places = np.arange(choices.times.size)
    won = [winners(choices.field, scheme, key).astype(np.int32) for key in keys]
    bets = [
        [float(raised[places, each].sum()) - norm for each in won]
        for raised, norm in _bets(choices, excess)
    ]
    result: Floats = (np.logaddexp.reduce(bets, axis=0) - np.log(len(bets))) / _LN10
    return result


def _bets(choices: Choices, excess: Floats) -> Iterator[tuple[Floats, float]]:
    """Yield exponents, and the logarithm of the mean of their product under the null."""
    log_p = choices.field.log_p
    p = np.exp(log_p)
    centred = excess - (p * excess).sum(axis=1, keepdims=True)
    for rare in RARE:
        usual = choices.times / (choices.times + rare)
        weighted = centred * usual[:, None]
        deviation = float(np.sqrt((p * weighted**2).sum()))
        # Where nothing exceeds anything every bet is one.
        scaled = weighted / deviation if deviation > 0.0 else weighted
        for strength in STRENGTHS:
            raised = strength * scaled
            top = raised.max(axis=1)
            sums = (p * np.exp(raised - top[:, None])).sum(axis=1)
            yield raised, float((top + np.log(sums)).sum())

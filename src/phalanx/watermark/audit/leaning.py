"""Does a model lean towards the tokens that a key would have chosen? For open weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phalanx.watermark.audit.winners import Field, Floats, Integers, winners
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.scheme import Scheme

EXPONENTS = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0)
"""How strongly the bet follows the suspect's lean; averaged over. Small ones win where the suspect
differs from the reference for many reasons, large ones where only the mark sets them apart."""

_MOST = 20.0
"""Largest lean in nats that is believed: one place must not decide."""

_LN10 = float(np.log(10.0))


@dataclass(frozen=True, slots=True, eq=False)
class Leaning:
    """What two models say at places where tokens race."""

    field: Field
    """The places."""

    log_lean: Floats
    """Shape (places, candidates): natural logarithm of what the suspect gives each candidate, less
    that of the reference. The reference knows nothing of the key: the model that the suspect was
    tuned from, better a student of unmarked answers, or the marked model itself, whose
    probabilities do not depend on the key."""


def leaning_between(draws: Draws, candidates: Integers, logs: Floats) -> Leaning:
    """Return how a suspect leans against a reference, where a marked model's tokens race.

    Interfaces that give the likeliest tokens alone give the others no mass. A candidate that the
    marked model gives none cannot win, and of one that both others give none nobody knows the
    lean: these are dropped, and places where none is left. Under the null hypothesis of a test
    what three models say does not depend on the key, so neither does who is dropped: the winner
    among the rest is a draw from their probabilities, and the test stays valid. Where one of the
    two gives no mass, the lean is as large as is believed.

    Parameters:
        draws: Places, each context once.
        candidates: Shape (places, candidates): token numbers, no token twice at a place.
        logs: Shape (3, places, candidates): natural logarithms of what the marked model, the
            suspect and the reference give each candidate, minus infinity for none.

    Returns:
        The places that are left. Dropped candidates have no mass in their race.

    Raises:
        ValueError: If a logarithm is no number, or plus infinity.
    """
    if np.isnan(logs).any() or np.isposinf(logs).any():
        message = "a model gives logarithms of probabilities that are no numbers"
        raise ValueError(message)
    races = np.isfinite(logs[0]) & (np.isfinite(logs[1]) | np.isfinite(logs[2]))
    kept = races.any(axis=1)
    races, said = races[kept], logs[:, kept]
    log_p = np.where(races, said[0], -np.inf)
    lean = np.zeros(log_p.shape)
    lean[races] = said[1][races] - said[2][races]
    left = Draws(
        draws.stream,
        draws.positions[kept],
        draws.tokens[kept],
        draws.context_width,
        draws.repeats,
    )
    return Leaning(Field(left, candidates[kept], log_p - _log_sum(log_p)[:, None]), lean)


def lean_log10_e(leaning: Leaning, scheme: Scheme, keys: Sequence[bytes]) -> Floats:
    r"""Test for each key whether the suspect leans towards the tokens that it would have chosen.

    Null hypothesis: the suspect was made without texts of the key. Then at each context that
    comes for the first time the winner $W$ is a draw from the probabilities $p$ of the marked
    model, given all that was read before, and both models' predictions do not depend on it.

    With $\ell_a$ the lean towards candidate $a$, the e-value is the mean over `EXPONENTS` of

    $$\prod_t e^{\beta \ell_{W_t}} \Big/ \sum_a p_a e^{\beta \ell_a}$$

    whose factors have mean one under the null. It is the likelihood ratio of a suspect whose
    logarithms are the reference's, raised at the winners, plus normal noise.

    Parameters:
        leaning: What was read. With no place, every e-value is one.
        scheme: One whose tokens race.
        keys: The keys, each asked by itself: correct for how many there are.

    Returns:
        Base-10 logarithms of the e-values, shape (keys,).

    Raises:
        ValueError: If a lean is no number, nobody races at a place, or the scheme has no races.

    References:
        Grünwald, de Heide & Koolen, "Safe testing", JRSS B 86 (2024). Sander et al., "Watermarking
        makes language models radioactive", NeurIPS 2024, for reading mode.
    """
    field = leaning.field
    if np.isnan(leaning.log_lean).any() or not np.isfinite(_log_sum(field.log_p)).all():
        message = "a lean is no number, or nobody races at a place"
        raise ValueError(message)
    lean = np.clip(leaning.log_lean, -_MOST, _MOST)
    norms = [_log_sum(field.log_p + exponent * lean) for exponent in EXPONENTS]
    result = np.empty(len(keys))
    places = np.arange(field.draws.count)
    for at, key in enumerate(keys):
        won = lean[places, winners(field, scheme, key)]
        bets = [
            float((exponent * won - norm).sum())
            for exponent, norm in zip(EXPONENTS, norms, strict=True)
        ]
        result[at] = (np.logaddexp.reduce(bets) - np.log(len(bets))) / _LN10
    return result


def _log_sum(logs: Floats) -> Floats:
    """Return logarithms of sums over candidates, some of which may have no mass."""
    top = logs.max(axis=1, initial=-np.inf)
    base = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        result: Floats = base + np.log(np.exp(logs - base[:, None]).sum(axis=1))
    return result

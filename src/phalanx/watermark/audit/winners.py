"""Which token a key would have chosen.

A scheme of the Gumbel kind lets all tokens race; which one wins follows from the key, the context
and the probabilities of the model that is marked. To somebody without the key the winner is a draw
from those probabilities, whatever else he knows: so a model that was made without texts of the key
cannot lean towards winners, and one that leans has seen such texts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence.tails import gamma_log10_sf
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.scheme import Scheme

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Who races at each place: the likeliest tokens, and how likely each of them is to win.

    A race of some tokens of the vocabulary is as fair as one of all; and where the winner of
    all is among them, it wins theirs.
    """

    draws: Draws
    """Places that count, each context once."""

    candidates: Integers
    """Shape (places, candidates): token numbers, no token twice at a place."""

    log_p: Floats
    """Shape (places, candidates): natural logarithms of what the marked model gives them, which
    sum to one at each place."""


def races(scheme: Scheme) -> bool:
    """Tell whether winners of a scheme can be computed: its scores are unit exponentials.

    Examples:
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> races(PhalanxGumbel())
        True
    """
    return scheme.setting.law_of_count is gamma_log10_sf


def winners(field: Field, scheme: Scheme, key: bytes) -> Integers:
    r"""Return which candidate wins at each place, shape (places,).

    The score of a token is $-\ln(1 - u)$ of its number $u$; the winner has the smallest
    $-\ln(u) / p$ (Aaronson 2022).

    Raises:
        ValueError: If the scheme has no races.
    """
    if not races(scheme):
        message = f"{scheme.setting.name} lets no tokens race"
        raise ValueError(message)
    places, candidates = field.candidates.shape
    every = Draws(
        field.draws.stream,
        np.repeat(field.draws.positions, candidates),
        field.candidates.reshape(-1),
        field.draws.context_width,
        0,
    )
    scores = scheme.scores(every, key).reshape(places, candidates)
    with np.errstate(divide="ignore"):
        times = np.log(-np.log(-np.expm1(-scores))) - field.log_p
    first: Integers = times.argmin(axis=1).astype(np.int64)
    return first

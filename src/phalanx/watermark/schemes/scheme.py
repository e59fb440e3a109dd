"""What a scheme of marking is to the detector."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError
from phalanx.watermark.draws import Draws, Unit

Floats = npt.NDArray[np.float64]

CountLaw = Callable[[Floats, int], Floats]
"""Base-10 logarithm of the chance that the sum of so many scores is at least each total, without a
floor: `law_of_count(totals, draws)`."""

DrawsLaw = Callable[[Floats, Draws], Floats]
"""The same over random keys, for the draws of one text: `law_given_draws(totals, draws)`."""

WIDEST_TOKEN = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What both ends must agree on, beside the key."""

    name: str
    """Versioned name of the scheme with its parameters where they are not the usual ones, as
    `registry.open_scheme` takes it: `phalanx-gumbel-v1?context_width=2`."""

    context_width: int
    """Tokens before a token that its choice depends on."""

    unit: Unit
    """What counts once."""

    before_first: int | None = None
    """What an engine takes for the tokens before the first of an answer, where it marks the first
    ones too, as `draws.draw` takes it; null where they are not marked, or not counted."""

    key_bytes: int
    """Length of a key. Engines that take integers get them from these bytes, big-endian."""

    null_hypothesis: str
    """In words."""

    assumptions: tuple[str, ...]
    """What must hold for a p-value to mean what it says."""

    cost: str
    """What the mark costs: quality, diversity, time."""

    law_of_count: CountLaw
    """Law of a sum of so many scores if the text has nothing to do with the key: how much text a
    level takes. Where `law_given_draws` is null it is the law of every text, too."""

    law_given_draws: DrawsLaw | None = None
    """Where keys are few or alike, so that what one key reads in a text says something of what
    others do: the law over random keys given the text, whoever wrote it. What is called by
    `law`."""

    widest_token: int = WIDEST_TOKEN
    """Largest token number that the scheme tells from all others; wider ones are refused."""

    most: float = math.inf
    """Largest score that a draw can have."""

    gain: Callable[[float], float] | None = None
    """Mean score of a marked draw whose token was chosen with so many nats of entropy, or a
    number below it; null where nothing is known, and then no text is called unmarked."""

    def law(self, totals: Floats, draws: Draws) -> Floats:
        """Return the p-value of each total of these draws, base-10 logarithms without a floor.

        Null hypothesis: the key was drawn at random, and the text written without it. All keys
        of a text are best asked at once: the law given the draws is found once for each call.

        Parameters:
            totals: Sums of scores, shape (keys,).
            draws: That the scores are of.
        """
        if self.law_given_draws is not None:
            return self.law_given_draws(totals, draws)
        return self.law_of_count(totals, draws.count)

    def check_tokens(self, draws: Draws) -> None:
        """Raise if a token is wider than the scheme tells from others.

        Raises:
            InputError: If a token of the stream or a draw is; with what to do.
        """
        if draws.widest > self.widest_token:
            message = (
                f"token {draws.widest} is beyond those of {self.name}, which end at "
                f"{self.widest_token}"
            )
            raise InputError(
                message,
                next_step=(
                    "Read the text by the tokenizer of the model that the mark was set with, and "
                    "give the scheme the size of its vocabulary, if it takes one."
                ),
            )


@runtime_checkable
class Scheme(Protocol):
    """A way of marking text, and of seeing the mark again.

    A text that was made without a key scores under it like any other text; what was made with
    it scores higher. Scores of different draws are independent under the null hypothesis.
    Both methods refuse draws by `Setting.check_tokens`.
    """

    @property
    def setting(self) -> Setting:
        """What both ends must agree on."""
        ...

    def scores(self, draws: Draws, key: bytes) -> npt.NDArray[np.float64]:
        """Return the score of each draw, shape (draws,)."""
        ...

    def totals(self, draws: Draws, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return the sum of all scores under each key; keys have shape (keys, key_bytes)."""
        ...

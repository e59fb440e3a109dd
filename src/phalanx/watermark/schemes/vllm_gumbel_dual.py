"""`vllm-gumbel-dual-v1`: the mark that vLLM sets where a small model drafts for a large one.

Two keys are derived from the secret. Under speculative decoding the draft's tokens race under
the first, and what the large model puts in their place under the second; without it, the second
is taken with chance alpha. The detector does not know which, and weighs both: the score is
(1 - alpha) of the first and alpha of the second. The recipe was checked against vLLM 0.33.0.
"""

from __future__ import annotations

import hashlib
from functools import partial

import numpy as np
import numpy.typing as npt

from phalanx.evidence.tails import hypoexponential_log10_sf
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.names import write_name
from phalanx.watermark.schemes.phalanx_gumbel import gumbel_gain
from phalanx.watermark.schemes.scheme import Setting
from phalanx.watermark.schemes.vllm_gumbel import (
    ASSUMPTIONS,
    BEFORE_FIRST,
    CONTEXT_WIDTH,
    KEY_BYTES,
    MOST,
    NULL_HYPOTHESIS,
    WIDEST_TOKEN,
    check_width,
    integer_key,
    philox_scores,
    philox_totals,
)

NAME = "vllm-gumbel-dual-v1"
ALPHA = 0.1
FIRST, SECOND = b"key_a", b"key_b"


class VllmGumbelDual:
    """Two keyed races, as vLLM's `dual_key_gumbel`, with the exact law of their weighted sum.

    The engine's own detector puts a gamma law of the same mean and variance in its place,
    which is too light far out.

    Parameters:
        alpha: Weight of the second key, 0 to 1.
        context_width: Tokens of context, 1 to 64.

    Raises:
        ValueError: If either is out of range.

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> key = (42).to_bytes(8, "big")
        >>> VllmGumbelDual().scores(draw([range(6)], 4), key).round(4).tolist()
        [0.7372, 0.6602]
    """

    def __init__(self, alpha: float = ALPHA, context_width: int = CONTEXT_WIDTH) -> None:
        """Name the setting."""
        check_width(context_width)
        if not 0.0 <= alpha <= 1.0:
            message = f"alpha must be 0 to 1, not {alpha}"
            raise ValueError(message)
        self.alpha = float(alpha)
        self._weights = (1.0 - self.alpha, self.alpha)
        first, second = self._weights
        # A choice under the one key scores under that key alone.
        kept = first**2 + second**2
        self.setting = Setting(
            name=write_name(
                NAME,
                {"alpha": alpha, "context_width": context_width},
                {"alpha": ALPHA, "context_width": CONTEXT_WIDTH},
            ),
            context_width=context_width,
            unit="pair",
            before_first=BEFORE_FIRST,
            key_bytes=KEY_BYTES,
            null_hypothesis=NULL_HYPOTHESIS,
            assumptions=ASSUMPTIONS,
            cost="None on average over keys; fewer repeats of an answer than with one key.",
            law_of_count=partial(
                hypoexponential_log10_sf, first_weight=first, second_weight=second
            ),
            widest_token=WIDEST_TOKEN,
            most=MOST,
            gain=partial(_gain, kept=kept),
        )

    def scores(self, draws: Draws, key: bytes) -> npt.NDArray[np.float64]:
        """Return the weighted score of each draw."""
        self.setting.check_tokens(draws)
        first, second = (philox_scores(draws, each) for each in derive_keys(key))
        return self._weights[0] * first + self._weights[1] * second

    def totals(self, draws: Draws, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return the sum of all scores under each key; 100 ns for each draw and key."""
        self.setting.check_tokens(draws)
        pairs = [derive_keys(key.tobytes()) for key in keys]
        first, second = (philox_totals(draws, [pair[i] for pair in pairs]) for i in (0, 1))
        return self._weights[0] * first + self._weights[1] * second


def _gain(entropy_nats: float, kept: float) -> float:
    return 1.0 + kept * (gumbel_gain(entropy_nats) - 1.0)


def derive_keys(key: bytes) -> tuple[int, int]:
    """Return the integer keys of both races.

    Raises:
        ValueError: If the key has another length.
    """
    integer_key(NAME, key)
    first, second = (hashlib.sha256(domain + key).digest()[:8] for domain in (FIRST, SECOND))
    return int.from_bytes(first, "big"), int.from_bytes(second, "big")

"""How much text it takes: without enough, nothing seen means nothing."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from phalanx.watermark.schemes.scheme import Setting

RICH_NATS = 5.0
"""Entropy per token that no text exceeds for long: what is too short even then is too short."""

ASSUMED_NATS = 0.5
"""Entropy per token where none is given: a model's choices mostly have between 0.5 and 2. To
assume much would call marked text unmarked; to assume little only says less."""

_LONGEST = 1 << 34


@lru_cache(maxsize=1024)
def draws_needed(setting: Setting, log10_level: float, mean_score: float) -> int | None:
    """Return how many draws reach a level if each has the mean score.

    A marked text of so many draws is seen with a chance of about a half.

    Parameters:
        setting: Of the scheme.
        log10_level: Level that a p-value must reach, after correction: base-10 logarithm.
        mean_score: Of a marked draw.

    Returns:
        Draws, or null if no text is long enough.

    Examples:
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> draws_needed(PhalanxGumbel().setting, -6.0, 1.645)
        76
        >>> draws_needed(PhalanxGumbel().setting, -6.0, 1.0) is None
        True
    """

    def reaches(draws: int) -> bool:
        return bool(setting.law_of_count(np.array([draws * mean_score]), draws)[0] <= log10_level)

    high = 1
    while not reaches(high):
        high *= 2
        if high > _LONGEST:
            return None
    low = high // 2
    while high - low > 1:
        half = (low + high) // 2
        low, high = (low, half) if reaches(half) else (half, high)
    return high


@lru_cache(maxsize=1024)
def shortest_text(setting: Setting, log10_level: float) -> int:
    """Return the draws below which a level is out of reach, however rich the text.

    Every draw is of a token chosen with five nats of entropy; where nothing is known of what that
    brings, every draw scores the bound.

    Examples:
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> shortest_text(PhalanxGumbel().setting, -6.0)
        7
    """
    score = setting.most
    if setting.gain is not None:
        score = min(score, setting.gain(RICH_NATS))
    if not np.isfinite(score):
        return 1
    return draws_needed(setting, log10_level, score) or _LONGEST


def why_not_evaluable(
    setting: Setting, draws: int, log10_level: float, entropy_nats: float | None
) -> str:
    """Return why nothing seen would mean nothing, or an empty text.

    Parameters:
        setting: Of the scheme.
        draws: Tokens that count.
        log10_level: Level that the p-value must reach after correction.
        entropy_nats: Per token; where it is not known, `ASSUMED_NATS` are assumed.
    """
    shortest = shortest_text(setting, log10_level)
    if draws < shortest:
        return f"{draws:,} draws are too few: {shortest:,} are the least for this level"
    if setting.gain is None:
        return (
            "what a mark of this scheme adds to a score is not known: that none is seen says "
            "nothing, however long the text"
        )
    nats = ASSUMED_NATS if entropy_nats is None else entropy_nats
    needed = draws_needed(setting, log10_level, setting.gain(nats))
    if needed is None or draws < needed:
        amount = "no number" if needed is None else f"{needed:,}"
        assumed = ", which are assumed because none were given," if entropy_nats is None else ""
        return (
            f"{draws:,} draws at {nats:.2g} nats a token{assumed} are too few to see a mark that "
            f"is there: about {amount} of them would do"
        )
    return ""

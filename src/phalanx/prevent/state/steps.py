"""A request in the tables of the state, as it comes in and as it ends: account and group together.

Each step is one call of a kernel, for a single request as for the requests of a replay.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from phalanx.prevent.state.kernel import arrive, settle
from phalanx.prevent.state.turned_away import continued_in, remember_in

ACCOUNT, GROUP, ORGANISATION, CONTENT = 0, 2, 4, 5
"""Places in the words of a request; the first two are of two words each."""

WORDS = 6

Words = npt.NDArray[np.uint64]
Known = npt.NDArray[np.float64]


@numba.njit(cache=True, nogil=True)
def arrive_one(
    accounts: Any,  # noqa: ANN401 - tuples of arrays, as `Accounts.table` returns them
    groups: Any,  # noqa: ANN401 - as above
    away: Any,  # noqa: ANN401 - as above, of `TurnedAway`
    words: Words,
    has_group: bool,
    now_us: int,
    tokens: float,
    weight: float,
    matches_template: bool,
    of_account: Known,
    of_group: Known,
) -> bool:
    """Count a request that comes in.

    Parameters:
        words: Of the request, shape (WORDS,).
        has_group: Whether the words of its group say something.
        now_us: By the clock of the state.
        tokens: Output tokens that are set aside for it.
        weight: Of a token of new content.
        matches_template: Whether its prompt matches a shared template.
        of_account: Filled with the counters of its account; so is `of_group`, with not a number if
            there is none.

    Returns:
        Whether another account was turned away with the same moments before.
    """
    contents, away_accounts, owners, at_us, _ = away
    continues = continued_in(
        contents, away_accounts, owners, at_us, words[CONTENT], words[ACCOUNT],
        words[ORGANISATION], now_us,
    )  # fmt: skip
    identity, seen_us, counters, registers, index, tally, evicted_value = accounts
    arrive(
        identity, seen_us, counters, registers, index, tally, evicted_value, words[ACCOUNT],
        words[ACCOUNT + 1], now_us, tokens, tokens * weight, continues, matches_template,
        of_account,
    )  # fmt: skip
    of_group[:] = np.nan
    if has_group:
        identity, seen_us, counters, registers, index, tally, evicted_value = groups
        arrive(
            identity, seen_us, counters, registers, index, tally, evicted_value, words[GROUP],
            words[GROUP + 1], now_us, tokens, tokens * weight, continues, matches_template,
            of_group,
        )  # fmt: skip
    return continues


@numba.njit(cache=True, nogil=True)
def settle_one(
    accounts: Any,  # noqa: ANN401 - as above
    groups: Any,  # noqa: ANN401 - as above
    away: Any,  # noqa: ANN401 - as above
    words: Words,
    has_group: bool,
    now_us: int,
    began_us: int,
    set_aside: float,
    tokens: int,
    weight: float,
    repeated: float,
    turned_away: bool,
) -> float:
    """Put what a request got in the place of what was set aside for it.

    Parameters:
        words: Of the request, shape (WORDS,).
        has_group: Whether the words of its group say something.
        now_us: By the clock of the state.
        began_us: When it came in, by the same clock.
        set_aside: Output tokens that were set aside for it.
        tokens: That it got.
        weight: Of a token of new content.
        repeated: Novelty of content that is not new.
        turned_away: Whether it was refused, or the model was too busy for it.

    Returns:
        Its information value.
    """
    if turned_away:
        contents, away_accounts, owners, at_us, overwritten = away
        remember_in(
            contents, away_accounts, owners, at_us, overwritten, words[CONTENT], words[ACCOUNT],
            words[ORGANISATION], now_us,
        )  # fmt: skip
    identity, seen_us, counters, registers, index, tally, evicted_value = accounts
    value = settle(
        identity, seen_us, counters, registers, index, tally, evicted_value, words[ACCOUNT],
        words[ACCOUNT + 1], now_us, began_us, set_aside, set_aside * weight, tokens, weight,
        repeated, words[CONTENT],
    )  # fmt: skip
    if has_group:
        identity, seen_us, counters, registers, index, tally, evicted_value = groups
        settle(
            identity, seen_us, counters, registers, index, tally, evicted_value, words[GROUP],
            words[GROUP + 1], now_us, began_us, set_aside, set_aside * weight, tokens, weight,
            repeated, words[CONTENT],
        )  # fmt: skip
    return value

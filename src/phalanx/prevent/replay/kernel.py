"""Requests that come in and end in the order of time, decided one by one without Python.

Each goes through the kernels that a single request goes through: `arrive_one`, `walk_one`,
`settle_one`. What stands here is the order, and who is refused.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from phalanx.prevent.facts import COLUMN
from phalanx.prevent.policy.actions import Action
from phalanx.prevent.policy.walking import Held, walk_one
from phalanx.prevent.state.layout import COUNTERS
from phalanx.prevent.state.steps import (
    ACCOUNT,
    CONTENT,
    GROUP,
    ORGANISATION,
    WORDS,
    arrive_one,
    settle_one,
)

ALLOW, MARK, TRIM = int(Action.ALLOW), int(Action.MARK), int(Action.TRIM)
NEXT_ARRIVAL, NEXT_END = 0, 1
"""Places in the cursor."""

ACTS, WATCHED = int(Held.ACTS), int(Held.WATCHED)
_FACTS = len(COLUMN)
_CONTINUES = COLUMN["continues_elsewhere"]
_RATES, _GROUP_RATES = COLUMN["requests_per_minute"], COLUMN["group_requests_per_minute"]
NO_KEY, OWN_KEY, CAMPAIGN_KEY = 0, 1, 2
"""What a rule marks with."""


@numba.njit(cache=True, nogil=True)
def run_until(
    last: int,
    cursor: npt.NDArray[np.int64],
    requests: Any,  # noqa: ANN401 - tuples of arrays, as `running` makes them
    facts: Any,  # noqa: ANN401 - as above
    accounts: Any,  # noqa: ANN401 - as above
    groups: Any,  # noqa: ANN401 - as above
    away: Any,  # noqa: ANN401 - as above
    program: Any,  # noqa: ANN401 - as above
    rules: Any,  # noqa: ANN401 - as above
    repeated: float,
    results: Any,  # noqa: ANN401 - as above
) -> None:
    """Go on until so many requests have come in; with the last one, until all have ended.

    Parameters:
        last: Requests that have come in then.
        cursor: Where to go on, shape (2,); changed.
    """
    at_us, end_us, end_order, account, identities, group, has_group = requests[:7]
    owner, content, choices, set_aside, weight, matches, tokens, refused = requests[7:]
    columns, numbers, answers, grants, places, campaign_keys = facts
    kind, column, low, high, any_of, all_of, none_of, starts, share, despite = program
    actions, key_kinds, most_tokens = rules
    done, in_force, held, served, values, ended = results
    words = np.empty(WORDS, dtype=np.uint64)
    row = np.full(_FACTS, np.nan)
    of_account = row[_RATES : _RATES + len(COUNTERS)]
    of_group = row[_GROUP_RATES : _GROUP_RATES + len(COUNTERS)]
    total = at_us.size
    while True:
        arrival, end = cursor[NEXT_ARRIVAL], cursor[NEXT_END]
        while end < total and ended[end_order[end]]:
            end += 1
        cursor[NEXT_END] = end
        if end < total:
            which = end_order[end]
            comes_first = arrival == total or (
                end_us[which] < at_us[arrival]
                or (end_us[which] == at_us[arrival] and which < arrival)
            )
            if comes_first:
                _take(words, which, account, identities, group, owner, content)
                values[which] = settle_one(
                    accounts, groups, away, words, has_group[which], end_us[which], at_us[which],
                    float(set_aside[which]), served[which], weight[which], repeated,
                    refused[which],
                )  # fmt: skip
                ended[which] = True
                continue
        if arrival >= last:
            return
        cursor[NEXT_ARRIVAL] = arrival + 1
        now_us = at_us[arrival]
        _take(words, arrival, account, identities, group, owner, content)
        is_continued = arrive_one(
            accounts, groups, away, words, has_group[arrival], now_us, float(set_aside[arrival]),
            weight[arrival], matches[arrival], of_account, of_group,
        )  # fmt: skip
        for fact in range(columns.size):
            row[columns[fact]] = numbers[arrival, fact]
        row[_CONTINUES] = 1.0 if is_continued else 0.0
        walk_one(
            row, answers[arrival], grants[arrival], places[account[arrival]], kind, column, low,
            high, any_of, all_of, none_of, starts, share, despite, held[arrival],
        )  # fmt: skip
        has_campaign_key = campaign_keys[account[arrival]]
        done[arrival], limit = _joined(
            held[arrival], ACTS, actions, key_kinds, most_tokens, has_campaign_key
        )
        in_force[arrival], _ = _joined(
            held[arrival], WATCHED, actions, key_kinds, most_tokens, True
        )
        if done[arrival] <= TRIM:
            served[arrival] = tokens[arrival]
            if limit > 0:
                served[arrival] = min(tokens[arrival], limit * choices[arrival])
            continue
        served[arrival] = 0
        settle_one(
            accounts, groups, away, words, has_group[arrival], now_us, now_us,
            float(set_aside[arrival]), 0, weight[arrival], repeated, True,
        )  # fmt: skip
        ended[arrival] = True


@numba.njit(cache=True, nogil=True)
def _take(
    words: npt.NDArray[np.uint64],
    which: int,
    account: npt.NDArray[np.int64],
    identities: npt.NDArray[np.uint64],
    group: npt.NDArray[np.uint64],
    owner: npt.NDArray[np.uint64],
    content: npt.NDArray[np.uint64],
) -> None:
    """Write the words of a request."""
    for half in range(2):
        words[ACCOUNT + half] = identities[account[which], half]
        words[GROUP + half] = group[which, half]
    words[ORGANISATION], words[CONTENT] = owner[which], content[which]


@numba.njit(cache=True, nogil=True)
def _joined(
    held: npt.NDArray[np.uint8],
    least: int,
    actions: npt.NDArray[np.uint8],
    key_kinds: npt.NDArray[np.uint8],
    most_tokens: npt.NDArray[np.int64],
    has_campaign_key: bool,
) -> tuple[int, int]:
    """Return the action of the rules that hold so far at least, and the shortest answer; 0: any.

    A mark whose key is missing is none, as in `decide`.
    """
    action, limit, has_key = 0, 0, False
    for rule in range(held.size):
        if held[rule] >= least:
            action = max(action, actions[rule])
            has_key |= key_kinds[rule] == OWN_KEY
            has_key |= key_kinds[rule] == CAMPAIGN_KEY and has_campaign_key
            if most_tokens[rule] > 0 and (limit == 0 or most_tokens[rule] < limit):
                limit = most_tokens[rule]
    if action == MARK and not has_key:
        action = ALLOW
    return action, limit

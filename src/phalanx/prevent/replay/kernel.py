"""Requests that come in and end in the order of time, decided one by one without Python.

Each goes through the kernels that a single request goes through: `continued_in`, `arrive`,
`walk_one`, `settle`, `remember_in`. What stands here is the order, and who is refused.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from phalanx.prevent.facts import COLUMN
from phalanx.prevent.policy.actions import Action
from phalanx.prevent.policy.walking import Held, walk_one
from phalanx.prevent.state.kernel import arrive, settle
from phalanx.prevent.state.turned_away import continued_in, remember_in

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
    contents, away_accounts, away_owners, away_at, overwritten = away
    known = np.empty(accounts[2].shape[1])
    row = np.full(_FACTS, np.nan)
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
                values[which] = _end_one(
                    accounts, groups, identities[account[which]], group[which], has_group[which],
                    end_us[which], at_us[which], set_aside[which], served[which], weight[which],
                    repeated, content[which],
                )  # fmt: skip
                if refused[which]:
                    remember_in(
                        contents, away_accounts, away_owners, away_at, overwritten, content[which],
                        identities[account[which], 0], owner[which], end_us[which],
                    )  # fmt: skip
                ended[which] = True
                continue
        if arrival >= last:
            return
        cursor[NEXT_ARRIVAL] = arrival + 1
        now_us = at_us[arrival]
        who = identities[account[arrival]]
        is_continued = continued_in(
            contents, away_accounts, away_owners, away_at, content[arrival], who[0],
            owner[arrival], now_us,
        )  # fmt: skip
        asked = float(set_aside[arrival])
        for fact in range(columns.size):
            row[columns[fact]] = numbers[arrival, fact]
        row[_CONTINUES] = 1.0 if is_continued else 0.0
        _arrive(
            accounts, who, now_us, asked, weight[arrival], is_continued, matches[arrival], known
        )
        row[_RATES : _RATES + known.size] = known
        row[_GROUP_RATES : _GROUP_RATES + known.size] = np.nan
        if has_group[arrival]:
            _arrive(
                groups, group[arrival], now_us, asked, weight[arrival], is_continued,
                matches[arrival], known,
            )  # fmt: skip
            row[_GROUP_RATES : _GROUP_RATES + known.size] = known
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
        _end_one(
            accounts, groups, who, group[arrival], has_group[arrival], now_us, now_us,
            set_aside[arrival], 0, weight[arrival], repeated, content[arrival],
        )  # fmt: skip
        remember_in(
            contents, away_accounts, away_owners, away_at, overwritten, content[arrival], who[0],
            owner[arrival], now_us,
        )  # fmt: skip
        ended[arrival] = True


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


@numba.njit(cache=True, nogil=True)
def _arrive(
    table: Any,  # noqa: ANN401 - a tuple of arrays
    who: npt.NDArray[np.uint64],
    now_us: int,
    tokens: float,
    weight: float,
    continues: bool,
    matches: bool,
    known: npt.NDArray[np.float64],
) -> None:
    identity, seen_us, counters, registers, index, tally, evicted_value = table
    arrive(
        identity, seen_us, counters, registers, index, tally, evicted_value, who[0], who[1],
        now_us, tokens, tokens * weight, continues, matches, known,
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _settle(
    table: Any,  # noqa: ANN401 - a tuple of arrays
    who: npt.NDArray[np.uint64],
    now_us: int,
    began_us: int,
    set_aside: float,
    tokens: int,
    weight: float,
    repeated: float,
    content: np.uint64,
) -> float:
    identity, seen_us, counters, registers, index, tally, evicted_value = table
    return settle(
        identity, seen_us, counters, registers, index, tally, evicted_value, who[0], who[1],
        now_us, began_us, set_aside, set_aside * weight, tokens, weight, repeated, content,
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _end_one(
    accounts: Any,  # noqa: ANN401 - a tuple of arrays
    groups: Any,  # noqa: ANN401 - as above
    who: npt.NDArray[np.uint64],
    group: npt.NDArray[np.uint64],
    has_group: bool,
    now_us: int,
    began_us: int,
    set_aside: int,
    tokens: int,
    weight: float,
    repeated: float,
    content: np.uint64,
) -> float:
    asked = float(set_aside)
    value = _settle(accounts, who, now_us, began_us, asked, tokens, weight, repeated, content)
    if has_group:
        _settle(groups, group, now_us, began_us, asked, tokens, weight, repeated, content)
    return value

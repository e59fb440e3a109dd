"""A policy applied to traffic, from the first request to the last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from phalanx.prevent.policy.document import CAMPAIGN_KEY
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.policy.program import compiled
from phalanx.prevent.replay import kernel
from phalanx.prevent.replay.traffic import Traffic
from phalanx.prevent.state.online import OnlineState

TOKENS_PER_SECOND = 50.0
"""With which answers are taken to come, because logs do not say when they ended."""

_AT_ONCE = 200_000
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of each request, in the order of time."""

    done: npt.NDArray[np.uint8]
    """Values of `Action`: what was done."""

    in_force: npt.NDArray[np.uint8]
    """What would be done if every rule were enforced."""

    held: npt.NDArray[np.uint8]
    """Values of `Held`, shape (requests, rules)."""

    tokens: npt.NDArray[np.int64]
    """Output tokens that were served: fewer than were logged where the policy refuses or trims."""

    value: npt.NDArray[np.float64]
    """Information value of these."""


def enforced(policy: Policy) -> Policy:
    """Return a policy as if it, and each of its rules, were enforced."""
    stage = {"stage": "enforce", "canary_percent": None}
    rules = tuple(rule.model_copy(update=stage) for rule in policy.document.rules)
    document = policy.document.model_copy(update=stage | {"rules": rules})
    return replace(policy, document=document, program=compiled(document))


def room_for(traffic: Traffic) -> OnlineState:
    """Return an empty state that has a row for every account and group of some traffic."""
    groups = np.unique(traffic.group[traffic.has_group], axis=0).shape[0]
    return OnlineState(max(len(traffic.accounts), 16), max(groups, 16))


def replay(
    traffic: Traffic,
    policy: Policy,
    state: OnlineState,
    progress: Callable[[float], None],
    tokens_per_second: float = TOKENS_PER_SECOND,
) -> Replayed:
    """Let traffic come in and end again, under a policy.

    A refused request gets nothing, and what a user would have done instead is not guessed. An
    answer takes as long as the logged one.

    Parameters:
        traffic: Gathered for this policy.
        policy: What its stages let act acts.
        state: Of before; changed.
        progress: Told the share that is done.
        tokens_per_second: That answers come with, above 0.

    Returns:
        What became of each request. Requests are decided as `Gateway.check` decides them, with the
        same kernels and the same numbers.
    """
    rows, rules = traffic.requests, policy.document.rules
    took = np.ceil(traffic.tokens / tokens_per_second * _MICROSECONDS).astype(np.int64)
    end_us = traffic.at_us + took
    made = Replayed(
        np.zeros(rows, dtype=np.uint8),
        np.zeros(rows, dtype=np.uint8),
        np.zeros((rows, len(rules)), dtype=np.uint8),
        np.zeros(rows, dtype=np.int64),
        np.zeros(rows),
    )
    requests = (
        traffic.at_us, end_us, np.argsort(end_us, kind="stable"), traffic.account,
        traffic.identities, traffic.group, traffic.has_group, traffic.owner, traffic.content,
        traffic.choices, traffic.set_aside, traffic.weight, traffic.matches_template,
        traffic.tokens, traffic.turned_away,
    )  # fmt: skip
    facts = (
        traffic.columns, traffic.numbers, traffic.answers, traffic.grants, traffic.places,
        traffic.campaign_keys,
    )  # fmt: skip
    cursor = np.zeros(2, dtype=np.int64)
    results = (
        made.done, made.in_force, made.held, made.tokens, made.value, np.zeros(rows, dtype=np.bool_)
    )  # fmt: skip
    for begin in range(0, rows, _AT_ONCE):
        last = min(begin + _AT_ONCE, rows)
        with state.lock:
            kernel.run_until(
                last, cursor, requests, facts, state.accounts.table, state.groups.table,
                state.turned_away.table, policy.program.arrays, _rules(policy),
                policy.document.value.repeated, results,
            )  # fmt: skip
        progress(last / rows)
    if rows:
        state.clock.latest_us = int(max(traffic.at_us[-1], end_us.max()))
    return made


def _rules(
    policy: Policy,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return of each rule its action, what it marks with, and its longest answer; 0 for any."""
    kinds = [
        kernel.NO_KEY
        if not each.keys
        else kernel.CAMPAIGN_KEY
        if each.keys == (CAMPAIGN_KEY,)
        else kernel.OWN_KEY
        for each in policy.measures
    ]
    return (
        np.array([each.action for each in policy.measures], dtype=np.uint8),
        np.array(kinds, dtype=np.uint8),
        np.array([each.most_output_tokens or 0 for each in policy.measures], dtype=np.int64),
    )

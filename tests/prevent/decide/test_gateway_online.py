"""A gateway that watches decides by what it has watched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from phalanx.errors import PhalanxError
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.decide.gateway import Gateway
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.knowledge.pools import Pools
from phalanx.prevent.online.budget import Budget
from phalanx.prevent.online.reference import fitted
from phalanx.prevent.online.statistics import STATISTICS
from phalanx.prevent.online.watch import Watch
from phalanx.prevent.policy.document import ValueWeights
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.request import Request
from phalanx.prevent.state.online import OnlineState

MakePolicy = Callable[..., Policy]
KEY = bytes(32)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
NAMES = tuple(f"account-{each}" for each in range(20))
KNOWN = Knowledge(pools=Pools(4, {"pool-1": NAMES}))
RAISED = {"reason": "PHX-G012", "action": "verify", "when": {"online_raised": True}}
UNLIKE = {
    "reason": "PHX-G012", "action": "slow", "delay_seconds": 1,
    "when": {"group_online_log10_e": {"at_least": 1.0}},
}  # fmt: skip


def _fail(error: PhalanxError) -> None:
    pytest.fail(str(error))


def _gateway(policy: Policy, *, watches: bool = True) -> Gateway:
    largest = np.random.default_rng(1).uniform(0.0, 0.05, (400, len(STATISTICS)))
    budget = Budget(false_discovery_rate=0.5, share=0.9, epochs=1, accounts=1_000, pools=1)
    value = ValueWeights().model_dump(mode="json")
    reference = fitted(largest, NOW, NOW + timedelta(days=1), 1, value, budget, {})
    watch = Watch(reference, value, lambda _alert: None) if watches else None
    return Gateway(lambda: policy, lambda: KNOWN, OnlineState(64, 16), KEY, _fail, watch)


def _ask(gateway: Gateway, number: int, name: str) -> Decision:
    request = Request(
        exchange_id=f"r{number}", account_id=name, model="large", max_tokens=500,
        prompt=f"Think step by step, then grade answer {number}.",
    )  # fmt: skip
    now = NOW + timedelta(seconds=number)
    decided = gateway.check(request, now)
    if decided.under_way is not None:
        gateway.settle(decided.under_way, 500, now, turned_away=False)
    return decided.decision


def test_a_pool_that_is_raised_is_stopped_and_the_decision_says_by_what(
    make_policy: MakePolicy,
) -> None:
    """First its evidence slows it, then the list stops it; others are served on."""
    gateway = _gateway(make_policy(RAISED, UNLIKE))
    actions = [_ask(gateway, each, NAMES[each % 20]).action for each in range(200)]
    assert [actions[0], actions[-1]] == ["allow", "verify"]
    order = {"allow": 0, "slow": 1, "verify": 2}
    assert sorted(actions, key=order.__getitem__) == actions
    decision = _ask(gateway, 200, NAMES[0])
    reason = decision.reasons[0]
    assert (reason.code, reason.rule, reason.held) == ("PHX-G012", "rule-0", "acts")
    (seen,) = reason.evidence
    assert (seen.fact, seen.value) == ("online_raised", True)
    assert _ask(gateway, 201, "somebody else").action == "allow"


def test_where_nothing_is_watched_nothing_holds(make_policy: MakePolicy) -> None:
    """A fact that is unknown accuses nobody."""
    gateway = _gateway(make_policy(RAISED, UNLIKE), watches=False)
    assert {_ask(gateway, each, NAMES[each % 20]).action for each in range(60)} == {"allow"}

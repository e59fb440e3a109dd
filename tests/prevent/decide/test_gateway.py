"""Requests that come in, are decided, and end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.errors import PhalanxError, ServiceError
from phalanx.model.grant import Grant
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.decide.gateway import Gateway
from phalanx.prevent.knowledge.campaigns import Campaigns, Membership
from phalanx.prevent.knowledge.grants import grant_index
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.request import Request
from phalanx.prevent.state.layout import TOKENS, VALUE
from phalanx.prevent.state.online import Arrival, OnlineState, Standing

MakePolicy = Callable[..., Policy]
KEY = bytes(32)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MARK_KEY = "wmk_" + "0" * 32
KNOWN = Knowledge(campaigns=Campaigns(1, {"harvester": Membership("c1", 7.5)}))


class BrokenState(OnlineState):
    """A state that cannot be reached."""

    def arrive(self, arrival: Arrival) -> Standing:
        """Fail as a database does."""
        message = f"the state is gone, at {arrival.at_us}"
        raise ServiceError(message)


def _gateway(
    policy: Policy, knowledge: Knowledge = KNOWN, state: OnlineState | None = None
) -> tuple[Gateway, list[PhalanxError]]:
    alarms: list[PhalanxError] = []
    made = Gateway(
        lambda: policy, lambda: knowledge, state or OnlineState(64, 16), KEY, alarms.append
    )
    return made, alarms


def _request(account: str = "harvester", **more: Any) -> Request:
    said = {
        "exchange_id": "r1",
        "account_id": account,
        "model": "large-1",
        "prompt": "Think step by step, then grade the following answer.",
        "max_tokens": 1_000,
    }
    return Request.model_validate(said | more)


def _codes(decision: Decision) -> list[str]:
    return [each.code for each in decision.reasons]


MARKING = {
    "reason": "PHX-G001",
    "action": "mark",
    "key": "campaign",
    "when": {"campaign_member": True},
}
BLOCKING = {"reason": "PHX-G001", "action": "block", "when": {"campaign_member": True}}


def test_a_member_of_a_campaign_is_served_with_the_mark_of_its_key(make_policy: MakePolicy) -> None:
    """The decision names the key, the rule, and what the rule looked at."""
    gateway, _ = _gateway(make_policy(MARKING), replace(KNOWN, keys={"c1": MARK_KEY}))
    decision = gateway.check(_request(), NOW).decision
    assert (decision.action, decision.key_id) == ("mark", MARK_KEY)
    (reason,) = decision.reasons
    assert (reason.code, reason.held) == ("PHX-G001", "acts")
    (seen,) = reason.evidence
    assert (seen.fact, seen.value, seen.holds) == ("campaign_member", True, True)
    assert decision.appeal.startswith("apl_")
    assert decision.policy_digest == "0" * 64


def test_a_mark_without_a_key_is_told_and_not_pretended(make_policy: MakePolicy) -> None:
    """The output is unmarked, and nobody believes that it is marked."""
    gateway, _ = _gateway(make_policy(MARKING))
    decision = gateway.check(_request(), NOW).decision
    assert (decision.action, decision.key_id) == ("allow", None)
    assert decision.in_force == "mark"
    assert _codes(decision) == ["PHX-G001", "PHX-G105"]


def test_others_are_let_pass_without_a_word(make_policy: MakePolicy) -> None:
    """No reason, no handle."""
    gateway, _ = _gateway(make_policy(BLOCKING))
    decision = gateway.check(_request("honest"), NOW).decision
    assert (decision.action, decision.reasons, decision.appeal) == ("allow", (), "")


def _granted(purpose: Any) -> Knowledge:
    grant = Grant(
        grant_id="g1",
        purpose=purpose,
        accounts=("harvester",),
        valid_from=NOW,
        valid_until=NOW + timedelta(days=1),
        issued_by="counsel",
    )
    return replace(KNOWN, grants=grant_index([grant]))


def test_a_grant_holds_a_rule_off_and_the_decision_says_so(make_policy: MakePolicy) -> None:
    """With the rule, which would have acted."""
    gateway, _ = _gateway(make_policy(BLOCKING), _granted("evaluation"))
    decision = gateway.check(_request(), NOW).decision
    assert (decision.action, decision.grants) == ("allow", ("g1",))
    assert _codes(decision) == ["PHX-G001", "PHX-G101"]
    assert decision.reasons[0].held == "held off by grant"


def test_a_grant_that_is_overruled_is_named(make_policy: MakePolicy) -> None:
    """So that whoever gave it hears of it."""
    rule = {**BLOCKING, "despite_grants": ["reseller"]}
    gateway, _ = _gateway(make_policy(rule), _granted("reseller"))
    decision = gateway.check(_request(), NOW).decision
    assert decision.action == "block"
    assert _codes(decision) == ["PHX-G001", "PHX-G102"]
    assert "g1" in decision.reasons[1].detail


@pytest.mark.parametrize(
    ("on_failure", "action", "code"),
    [("open", "allow", "PHX-G103"), ("closed", "block", "PHX-G104")],
)
def test_a_state_that_is_gone_is_an_alarm_and_the_policy_decides(
    make_policy: MakePolicy, on_failure: str, action: str, code: str
) -> None:
    """No request hangs, and none fails."""
    policy = make_policy(BLOCKING, on_failure=on_failure)
    gateway, alarms = _gateway(policy, state=BrokenState(16, 16))
    decided = gateway.check(_request("honest"), NOW)
    assert (decided.decision.action, _codes(decided.decision)) == (action, [code])
    assert decided.under_way is None
    assert len(alarms) == 1


BUDGET = {
    "reason": "PHX-G004",
    "action": "block",
    "when": {"value_per_day": {"above": 3_000}},
}


def test_a_budget_lets_no_more_pass_that_come_at_once(make_policy: MakePolicy) -> None:
    """Requests under way count: of ten at once, three fit."""
    gateway, _ = _gateway(make_policy(BUDGET))
    prompts = [f"Grade the following answer, {number}." for number in range(10)]
    actions = [gateway.check(_request(prompt=each), NOW).decision.action for each in prompts]
    assert actions == ["allow"] * 3 + ["block"] * 7


def test_what_was_not_used_of_a_budget_is_there_again(make_policy: MakePolicy) -> None:
    """Short answers cost what they are, not what they might have been."""
    gateway, _ = _gateway(make_policy(BUDGET))
    for number in range(20):
        decided = gateway.check(_request(prompt=f"Grade the following answer, {number}."), NOW)
        assert decided.decision.action == "allow"
        assert decided.under_way is not None
        assert gateway.settle(decided.under_way, 50, NOW, turned_away=False) is not None


def test_whoever_was_refused_is_known_when_another_account_comes_with_it(
    make_policy: MakePolicy,
) -> None:
    """A pool that fails over to its next account."""
    rule = {
        "reason": "PHX-G007",
        "action": "slow",
        "delay_seconds": 5,
        "when": {"continues_elsewhere": True},
    }
    gateway, _ = _gateway(make_policy(BLOCKING, rule))
    assert gateway.check(_request(), NOW).decision.action == "block"
    decision = gateway.check(_request("next"), NOW + timedelta(seconds=2)).decision
    assert (decision.action, decision.delay_seconds) == ("slow", 5)


@settings(max_examples=40)
@given(
    st.text(max_size=200) | st.sampled_from(["\ud800", "\0", "[{" * 500, "x" * 100_000]),
    st.none() | st.text(max_size=50),
    st.none() | st.sampled_from(["unknown", "::1", "192.0.2.1", "\ud800"]),
    st.none() | st.integers(0, 10**9),
)
def test_a_hostile_request_gets_a_decision_too(
    make_policy: MakePolicy,
    prompt: str,
    system_prompt: str | None,
    client_ip: str | None,
    max_tokens: int | None,
) -> None:
    """Half surrogates, control characters and depth break nothing."""
    request = Request.model_construct(
        **_request().model_dump()
        | {
            "prompt": prompt,
            "system_prompt": system_prompt,
            "client_ip": client_ip,
            "max_tokens": max_tokens,
        }
    )
    gateway, alarms = _gateway(make_policy(BUDGET))
    decided = gateway.check(request, NOW)
    assert decided.decision.action in {"allow", "block"}
    assert not alarms


def test_who_asks_for_a_billion_answers_wipes_nothing_out(make_policy: MakePolicy) -> None:
    """What was counted stands after a request that sets aside more than a single float holds."""
    many: dict[str, Any] = {"max_tokens": 8_192, "n": 1_000_000_000}
    refused = {"when": {"choices": {"above": 100}}, "reason": "PHX-G008", "action": "block"}
    state = OnlineState(64, 16)
    gateway, _ = _gateway(make_policy(refused), state=state)
    for number in range(50):
        asked = _request(exchange_id=f"r{number}", prompt=f"Grade answer {number}.")
        let_in = gateway.check(asked, NOW).under_way
        assert let_in is not None
        gateway.settle(let_in, 900, NOW, turned_away=False)
    row = state.accounts.counters[0]
    before = row[list(TOKENS + VALUE)].copy()

    for number in range(20):
        later = NOW + timedelta(milliseconds=number)
        assert gateway.check(_request(**many), later).decision.action == "block"

    assert before[0] == 45_000
    assert abs(row[list(TOKENS + VALUE)] - before).max() < 100

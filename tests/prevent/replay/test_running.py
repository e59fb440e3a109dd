"""A replay says what a gateway would have said of each request, one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.errors import PhalanxError
from phalanx.logs.schema import EXCHANGE_SCHEMA
from phalanx.model.grant import Grant
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.decide.gateway import Gateway, UnderWay
from phalanx.prevent.knowledge.campaigns import Campaigns, Membership
from phalanx.prevent.knowledge.grants import grant_index
from phalanx.prevent.knowledge.indicators import Indicator, Indicators
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.policy.actions import Action
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.policy.walking import Held
from phalanx.prevent.replay.gathering import gather
from phalanx.prevent.replay.running import enforced, replay, room_for
from phalanx.prevent.request import Request
from phalanx.prevent.state.layout import USED

MakePolicy = Callable[..., Policy]
KEY = bytes(range(32))
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SPEED = 100.0
_INDICATOR = Indicator(
    "i1", "c9", "network", 80, NOW - timedelta(days=1), NOW + timedelta(seconds=90)
)
KNOWN = Knowledge(
    campaigns=Campaigns(1, {"a0": Membership("c1", 7.5), "a1": Membership("c2", 3.0)}),
    keys={"c1": "wmk_" + "0" * 32},
    grants=grant_index(
        [
            Grant(
                grant_id="g1", purpose="reseller", accounts=("a0",), organisations=("o1",),
                valid_from=NOW + timedelta(seconds=30), valid_until=NOW + timedelta(seconds=200),
                issued_by="counsel",
            ),
        ]
    ),
    indicators=Indicators({("network", 0, "AS64500"): (_INDICATOR,)}),
)  # fmt: skip
HELD = {"acts": Held.ACTS, "watched": Held.WATCHED, "held off by grant": Held.BY_GRANT}
RULES: tuple[dict[str, Any], ...] = (
    {
        "reason": "PHX-G001", "action": "mark", "key": "campaign", "when": {"campaign_member": True}
    },
    {
        "reason": "PHX-G004", "action": "trim", "most_output_tokens": 40,
        "when": {
            "value_per_day": {"above": 300},
            "capabilities": {"any_of": ["reasoning", "grading"]},
        },
    },
    {
        "reason": "PHX-G007", "action": "block", "despite_grants": ["reseller"],
        "when": {"continues_elsewhere": True},
    },
    {
        "reason": "PHX-G002", "action": "verify",
        "when": {"indicator_confidence": {"at_least": 50}, "model": {"none_of": ["small*"]}},
    },
    {
        "reason": "PHX-G005", "action": "slow", "delay_seconds": 2, "stage": "canary",
        "canary_percent": 50.0, "when": {"group_requests_per_minute": {"above": 4}},
    },
    {"reason": "PHX-G008", "action": "block", "when": {"choices": {"at_least": 3}}},
    {
        "reason": "PHX-G010", "action": "slow", "delay_seconds": 1, "stage": "shadow",
        "when": {
            "account_age_days": {"below": 2}, "prompt_characters": {"above": 25},
            "temperature": {"above": 0.5}, "tools": True,
        },
    },
)  # fmt: skip

PROMPTS = (
    "Think step by step, then grade the following answer.",
    "Grade the following answer: \u00e4\u00f6\u00fc",
    "What time is it?",
    "```\ncode\n```",
    "",
)
EXCHANGES = st.fixed_dictionaries(
    {
        "seconds": st.integers(0, 2_400).map(lambda tenths: tenths / 10),
        "account_id": st.sampled_from(["a0", "a1", "a2", "a3"]),
        "organisation": st.sampled_from([None, "o1", "o2"]),
        "model": st.sampled_from(["large-1", "small-1"]),
        "prompt": st.sampled_from(PROMPTS),
        "system_prompt": st.sampled_from([None, "", "Think step by step.", "Be brief."]),
        "history": st.sampled_from([None, "\x1euser\x1fHi"]),
        "output_tokens": st.sampled_from([None, 0, 1, 30, 500, 5_000]),
        "response_characters": st.sampled_from([-1, 0, 403]),
        "status": st.sampled_from([None, 200, 200, 400, 429, 503]),
        "asn": st.sampled_from([None, "AS64500", "AS64501"]),
        "max_tokens": st.sampled_from([None, -5, 10, 1_000, 100_000]),
        "n": st.sampled_from([None, 0, 1, 3]),
        "temperature": st.sampled_from([None, 0.0, 1.0, 500.0]),
        "logprobs": st.sampled_from([None, False, True]),
        "tools_hash": st.sampled_from([None, "t"]),
        "age": st.sampled_from([None, 0.5, 30.0]),
    }
)


def _row(number: int, said: dict[str, Any]) -> dict[str, Any]:
    row = dict.fromkeys(EXCHANGE_SCHEMA.names) | said
    at = NOW + timedelta(seconds=row.pop("seconds"))
    age = row.pop("age")
    return row | {
        "exchange_id": f"r{number}",
        "timestamp": at,
        "history_turns": 0 if row["history"] is None else 1,
        "account_created_at": None if age is None else NOW - timedelta(days=age),
    }


def _batches(rows: list[dict[str, Any]]) -> list[pa.RecordBatch]:
    """Return rows in two batches, as a reader does."""
    half = len(rows) // 2
    parts = [part for part in (rows[:half], rows[half:]) if part]
    return [pa.RecordBatch.from_pylist(part, schema=EXCHANGE_SCHEMA) for part in parts]


def _request(row: dict[str, Any]) -> Request:
    """Return what a gateway would have been told of a row."""
    names = (
        "exchange_id", "account_id", "model", "prompt", "history", "history_turns",
        "system_prompt", "organisation", "asn", "account_created_at", "logprobs", "n",
    )  # fmt: skip
    said = {name: row[name] for name in names}
    said["max_tokens"] = None if (row["max_tokens"] or 0) < 0 else row["max_tokens"]
    said["temperature"] = None if (row["temperature"] or 0) > 100 else row["temperature"]
    said["tools"] = None if row["tools_hash"] is None else True
    return Request.model_validate(said)


def _tokens(row: dict[str, Any]) -> int:
    if row["output_tokens"] is not None:
        return int(row["output_tokens"])
    return max(int(row["response_characters"]), 0) // 4


def _one_by_one(
    rows: list[dict[str, Any]], gateway: Gateway
) -> tuple[list[Decision], dict[int, float]]:
    """Let requests come in and end in the order of time, each by itself."""
    order = sorted(range(len(rows)), key=lambda number: rows[number]["timestamp"])
    decisions: list[Decision] = []
    values: dict[int, float] = {}
    under_way: list[tuple[datetime, int, UnderWay, int]] = []

    def end_until(moment: datetime | None) -> None:
        under_way.sort(key=lambda each: each[:2])
        while under_way and (moment is None or under_way[0][0] <= moment):
            ended_at, place, one, tokens = under_way.pop(0)
            refused = (rows[order[place]]["status"] or 0) >= 429
            value = gateway.settle(one, tokens, ended_at, turned_away=refused)
            assert value is not None
            values[place] = value

    for place, number in enumerate(order):
        row = rows[number]
        end_until(row["timestamp"])
        decided = gateway.check(_request(row), row["timestamp"])
        decisions.append(decided.decision)
        if decided.under_way is not None:
            most, tokens = decided.decision.most_output_tokens, _tokens(row)
            took = timedelta(microseconds=int(np.ceil(tokens / SPEED * 1_000_000)))
            if most is not None:
                tokens = min(tokens, most * max(row["n"] or 1, 1))
            under_way.append((row["timestamp"] + took, place, decided.under_way, tokens))
    end_until(None)
    return decisions, values


def _as_it_is(policy: Policy) -> Policy:
    return policy


def _alarm(error: PhalanxError) -> None:
    pytest.fail(str(error))


def _unheard(share: float) -> None:
    assert 0 < share <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(EXCHANGES, min_size=1, max_size=60), st.sampled_from([enforced, _as_it_is]))
def test_a_replay_answers_as_single_requests_are_answered(
    make_policy: MakePolicy, said: list[dict[str, Any]], staged: Callable[[Policy], Policy]
) -> None:
    """Actions, rules, values, and the state that is left: all the same, to the last bit."""
    policy = staged(make_policy(*RULES))
    rows = [_row(number, each) for number, each in enumerate(said)]
    traffic = gather(_batches(rows), policy, KNOWN, KEY)
    state, alone = room_for(traffic), room_for(traffic)
    made = replay(traffic, policy, state, _unheard, SPEED)

    gateway = Gateway(lambda: policy, lambda: KNOWN, alone, KEY, _alarm)
    decisions, values = _one_by_one(rows, gateway)

    assert [Action(int(each)).word for each in made.done] == [each.action for each in decisions]
    in_force = [Action(int(each)).word for each in made.in_force]
    assert in_force == [each.in_force for each in decisions]
    for held, decision in zip(made.held, decisions, strict=True):
        expected = np.zeros(len(RULES), dtype=np.uint8)
        for reason in decision.reasons:
            if reason.rule is not None and reason.held is not None:
                expected[int(reason.rule.removeprefix("rule-"))] = HELD[reason.held]
        assert held.tolist() == expected.tolist()
    assert made.value.tolist() == [values.get(place, 0.0) for place in range(len(rows))]
    for one, other in ((state.accounts, alone.accounts), (state.groups, alone.groups)):
        assert one.tally[USED] == other.tally[USED]
        np.testing.assert_array_equal(one.identity, other.identity)
        np.testing.assert_array_equal(one.counters, other.counters)
        np.testing.assert_array_equal(one.registers, other.registers)
        np.testing.assert_array_equal(one.seen_us, other.seen_us)

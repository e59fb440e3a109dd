"""Whom a policy would have touched, told by class."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from phalanx.logs.schema import EXCHANGE_SCHEMA
from phalanx.model.grant import Grant
from phalanx.prevent.knowledge.campaigns import Campaigns, Membership
from phalanx.prevent.knowledge.grants import grant_index
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.replay.gathering import gather
from phalanx.prevent.replay.report import LISTED, OTHERS, ReplayReport, report_of
from phalanx.prevent.replay.running import replay, room_for

MakePolicy = Callable[..., Policy]
NOW = datetime(2026, 6, 1, tzinfo=UTC)
_GRANT = Grant(
    grant_id="g1", purpose="evaluation", accounts=("tester",), issued_by="counsel",
    valid_from=NOW, valid_until=NOW + timedelta(days=1),
)  # fmt: skip
KNOWN = Knowledge(
    campaigns=Campaigns(1, {"harvester": Membership("c1", 7.5)}), grants=grant_index([_GRANT])
)
BLOCKING = {"reason": "PHX-G008", "action": "block", "when": {"choices": {"at_least": 4}}}


def _row(second: int, account: str, **more: Any) -> dict[str, Any]:
    said = {
        "exchange_id": f"r{second}", "timestamp": NOW + timedelta(seconds=second),
        "account_id": account, "model": "large", "prompt": f"question {second}",
        "history_turns": 0, "response_characters": -1, "output_tokens": 100, "n": 1,
    }  # fmt: skip
    return dict.fromkeys(EXCHANGE_SCHEMA.names) | said | more


def _report(
    policy: Policy, rows: list[dict[str, Any]], knowledge: Knowledge = KNOWN, most: int = 20
) -> ReplayReport:
    batch = pa.RecordBatch.from_pylist(rows, schema=EXCHANGE_SCHEMA)
    traffic = gather([batch], policy, knowledge, bytes(32))
    made = replay(traffic, policy, room_for(traffic), lambda _share: None)
    return report_of(traffic, policy, made, most, 50.0, as_enforced=False)


ROWS = [
    _row(0, "harvester", n=8, organisation="o1"),
    _row(1, "harvester", n=1, organisation="o1"),
    _row(2, "tester", n=8, organisation="o2"),
    _row(3, "someone", n=8, organisation="o2"),
    _row(4, "another", n=1),
]


def test_classes_are_told_apart_by_what_is_known_of_accounts(make_policy: MakePolicy) -> None:
    """Granted, listed, and all others; a campaign, an owner, an account by their names."""
    report = _report(make_policy(BLOCKING), ROWS)
    said = {(each.kind, each.name): each for each in report.classes}
    assert said["standing", LISTED].in_force["block"] == 1
    assert said["standing", LISTED].requests == 2
    assert said["standing", "granted: evaluation"].touched == 0
    others = said["standing", OTHERS]
    assert (others.accounts, others.touched_accounts, others.touched, others.refused) == (
        2,
        1,
        1,
        1,
    )
    assert said["campaign", "c1"].touched == 1
    assert said["organisation", "o1"].requests == 2
    assert said["account", "someone"].touched == 1


def test_what_is_refused_has_no_value_and_the_rest_has(make_policy: MakePolicy) -> None:
    """100 tokens of what names no capability weigh a quarter."""
    report = _report(make_policy(BLOCKING), ROWS)
    said = {each.name: each.value for each in report.classes if each.kind == "standing"}
    assert said == {LISTED: 25.0, "granted: evaluation": 25.0, OTHERS: 25.0}


def test_a_rule_says_where_it_acts_is_watched_or_is_held_off(make_policy: MakePolicy) -> None:
    """In shadow it is watched."""
    watched = {**BLOCKING, "stage": "shadow"}
    report = _report(make_policy(BLOCKING, watched), ROWS)
    assert [(each.acts, each.watched, each.held_off, each.accounts) for each in report.rules] == [
        (2, 0, 1, 2),
        (0, 2, 1, 2),
    ]


def test_classes_that_are_not_touched_are_counted_not_listed(make_policy: MakePolicy) -> None:
    """All standings are listed; of the others as many as were asked for."""
    report = _report(make_policy(BLOCKING), ROWS, most=1)
    kinds = [each.kind for each in report.classes]
    assert kinds.count("standing") == 3
    assert [kinds.count(kind) for kind in ("campaign", "organisation", "account")] == [1, 1, 1]
    assert report.left_out == {"standing": 0, "campaign": 0, "organisation": 1, "account": 3}


def test_a_rule_about_what_no_log_says_is_not_evaluable(make_policy: MakePolicy) -> None:
    """It touches nobody, and nobody takes that for a result."""
    unheard = {"reason": "PHX-G008", "action": "block", "when": {"logprobs": True}}
    unlisted = {"reason": "PHX-G001", "action": "block", "when": {"campaign_member": True}}
    in_part = {
        "reason": "PHX-G005", "action": "slow", "delay_seconds": 1.0,
        "when": {"group_requests_per_hour": {"above": 1}},
    }  # fmt: skip
    report = _report(make_policy(unheard, unlisted, in_part), ROWS, Knowledge())
    assert [each.is_evaluable for each in report.rules] == [False, False, True]
    assert [dict(each.unknown) for each in report.rules] == [
        {"logprobs": 5},
        {"campaign_member": 5},
        {"group_requests_per_hour": 1},
    ]


def test_exchanges_count_in_the_order_of_time_not_of_the_log(make_policy: MakePolicy) -> None:
    """A log may be written as answers end."""
    rule = {
        "reason": "PHX-G005", "action": "block", "when": {"requests_per_hour": {"above": 2.5}}
    }  # fmt: skip
    rows = [_row(second, "a", response_characters=400, output_tokens=None) for second in range(4)]
    report = _report(make_policy(rule), rows[::-1])
    assert report.begins == NOW
    assert report.classes[0].in_force["block"] == 2
    assert report.estimated_tokens == 4

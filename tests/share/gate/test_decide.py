"""The decision: circumstances, approvals, attribution, statistics, and hostile objects."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.share.gate import Batch, Context, Policy, Rule, decide
from phalanx.share.gate.findings import Finding
from phalanx.share.wire import (
    EXTENSION_ID,
    Authorship,
    Handling,
    Object,
    Statistic,
    content_hash,
    member_id,
    observable,
    relationship,
    sighting,
    statistic,
)

RED = Handling(tlp="red", pap="red", legal_basis="us-rule-of-reason")


def _rules(found: tuple[Finding, ...]) -> set[str]:
    return {each.rule_id for each in found}


@pytest.mark.parametrize(
    ("changes", "rule_id", "action"),
    [
        ({"purpose": "pricing"}, "A12", "refuse"),
        ({"purpose": ""}, "A12", "refuse"),
        ({"legal_bases": ("us-rule-of-reason",)}, "A13", "refuse"),
        ({"legal_bases": ("us-cisa-2015", "eu-gdpr-6-1-f")}, "A13", "refuse"),
        ({"legal_bases": ()}, "A13", "refuse"),
        ({"recipients": frozenset()}, "A14", "refuse"),
        ({"member": "identity--1"}, "A14", "refuse"),
        ({"batch": None}, "A17", "delay"),
    ],
)
def test_circumstances_stand_against_any_object(
    corpus: ModuleType,
    context: Context,
    policy: Policy,
    by: Authorship,
    changes: dict[str, Any],
    rule_id: str,
    action: str,
) -> None:
    """Purpose, basis, recipients and rhythm are judged whatever the object says."""
    decision = decide(corpus.rule_of(by), replace(context, **changes), policy)
    assert not decision.may_leave
    assert decision.action == action
    assert rule_id in _rules(decision.findings)


def test_recipients_are_all_or_a_group(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """One left out is one too few; a group with a criterion is taken whole."""
    some = frozenset(sorted(context.recipients)[:-1])
    assert decide(corpus.rule_of(by), replace(context, recipients=some), policy).action == "refuse"
    group = context.agreement.circles(context.member, context.now)["affected"]
    assert decide(corpus.rule_of(by), replace(context, recipients=group), policy).action == "allow"


def test_batches_grow_by_one_size_and_leave_in_time(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """A batch not full, too large or too early waits for a slot; a retraction does not."""
    slot = context.now
    for batch in (
        Batch(objects=63, slot=slot),
        Batch(objects=4096, slot=slot, previous_objects=64),
        Batch(objects=64, slot=slot + timedelta(hours=6), previous_objects=64),
        Batch(objects=64, slot=slot - timedelta(minutes=1), previous_objects=64),
    ):
        decision = decide(corpus.rule_of(by), replace(context, batch=batch), policy)
        assert decision.action == "delay"
        assert decision.release_at == slot + timedelta(hours=6)
    last = corpus.rule_of(by, revoked=True)
    assert decide(last, replace(context, batch=None), policy).action == "allow"


def test_a_lapsed_basis_leaves_red_with_two_persons(
    corpus: ModuleType,
    context: Context,
    policy: Policy,
    by: Authorship,
    approve: Callable[..., Context],
) -> None:
    """Without a basis in force only TLP:RED leaves, with an analyst and counsel."""
    bare = replace(context, legal_bases=("us-rule-of-reason",))
    red = corpus.rule_of(by, object_marking_refs=RED.references)
    held = decide(red, bare, policy)
    assert (held.action, held.approvals) == ("hold", ("analyst", "counsel"))
    both = approve(bare, red, ("ada", "analyst"), ("bo", "counsel"))
    assert decide(red, both, policy).action == "allow"
    amber = corpus.rule_of(by)
    both = approve(bare, amber, ("ada", "analyst"), ("bo", "counsel"))
    assert decide(amber, both, policy).action == "refuse"


@pytest.mark.parametrize(
    ("who", "action"),
    [
        ([("ada", "analyst"), ("bo", "counsel")], "allow"),
        ([("ada", "analyst")], "hold"),
        ([("bo", "counsel")], "hold"),
        ([("cy", "analyst"), ("cy", "counsel")], "hold"),
        ([("cy", "analyst"), ("CY ", "counsel")], "hold"),
        ([("ada", "analyst"), ("mallory", "counsel")], "hold"),
        ([("ada", "counsel"), ("bo", "analyst")], "hold"),
    ],
)
def test_attribution_needs_two_persons_in_two_roles(
    corpus: ModuleType,
    context: Context,
    policy: Policy,
    by: Authorship,
    approve: Callable[..., Context],
    who: list[tuple[str, str]],
    action: str,
) -> None:
    """One person in both roles, or somebody without the role, is not enough."""
    actor = "intrusion-set--7d0c9d3c-2f34-4b6e-9d57-2b8b39b1a001"
    item = relationship(corpus.campaign_of(by)["id"], "attributed-to", actor, by)
    decision = decide(item, approve(context, item, *who), policy)
    assert decision.action == action


def test_approvals_are_of_one_version_and_end(
    corpus: ModuleType,
    context: Context,
    policy: Policy,
    by: Authorship,
    approve: Callable[..., Context],
) -> None:
    """What was approved is these bytes, until a day."""
    item = corpus.campaign_of(by, description="ask Dana for the details")
    approved = approve(context, item, ("ada", "analyst"))
    assert decide(item, approved, policy).action == "allow"
    other = {**item, "name": "ask Dana"}
    assert decide(other, approved, policy).action == "hold"
    later = context.now + timedelta(days=3)
    late = replace(approved, now=later, batch=Batch(objects=64, slot=later))
    assert decide(item, late, policy).action == "hold"


def test_no_approval_releases_what_never_leaves(
    corpus: ModuleType,
    context: Context,
    policy: Policy,
    by: Authorship,
    approve: Callable[..., Context],
) -> None:
    """Prices stay, whoever approves."""
    item = corpus.campaign_of(by, description="sold at 20 USD")
    both = approve(context, item, ("ada", "analyst"), ("bo", "counsel"))
    assert decide(item, both, policy).action == "refuse"


def test_an_attribution_states_evidence_and_confidence(
    corpus: ModuleType,
    context: Context,
    policy: Policy,
    by: Authorship,
    approve: Callable[..., Context],
) -> None:
    """Without either, nobody can approve it."""
    for bare in (replace(by, confidence=None), replace(by, techniques=())):
        item = relationship(
            corpus.campaign_of(by)["id"], "attributed-to", corpus.campaign_of(by)["id"], bare
        )
        both = approve(context, item, ("ada", "analyst"), ("bo", "counsel"))
        assert decide(item, both, policy).action == "refuse"


def test_exemplars_need_red_and_two_persons(
    corpus: ModuleType,
    context: Context,
    policy: Policy,
    by: Authorship,
    approve: Callable[..., Context],
) -> None:
    """A raw template leaves to named persons only, if an analyst and counsel say so."""
    item = {
        **observable(corpus.sketch("s"), RED.references),
        "exemplar": "You are a careful grader.",
    }
    assert decide(item, context, policy).action == "hold"
    both = approve(context, item, ("ada", "analyst"), ("bo", "counsel"))
    assert decide(item, both, policy).action == "allow"
    amber = {**item, "object_marking_refs": by.handling.references}
    both = approve(context, amber, ("ada", "analyst"), ("bo", "counsel"))
    assert decide(amber, both, policy).action == "refuse"


def test_rare_templates_stay(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """A template of few accounts says who they are."""
    item = observable(corpus.sketch("s"), by.handling.references)
    assert decide(item, replace(context, template_accounts=19), policy).action == "refuse"


def test_accounts_are_blinded(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """A suspected account leaves as its fingerprint, as an object and in a pattern."""
    account = {
        "type": "user-account",
        "spec_version": "2.1",
        "id": "user-account--29f2c0da-317c-50a3-a916-884334a830fb",
        "user_id": "acct_17",
        "object_marking_refs": by.handling.references,
    }
    decision = decide(account, context, policy)
    assert decision.action == "blind"
    expected = context.tokens["account", "acct_17"]
    assert decision.item == observable(expected, by.handling.references)
    rule = corpus.rule_of(by, pattern="[user-account:user_id IN ('acct_17', 'acct_18')]")
    decision = decide(rule, context, policy)
    assert decision.action == "blind"
    assert decision.item is not None
    assert "acct" not in json.dumps(decision.item)
    assert decide(decision.item, context, policy).action == "allow"


def test_volumes_leave_in_buckets(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """An exact count becomes the lower end of its bucket, in number and word."""
    seen = {**sighting(corpus.rule_of(by)["id"], 1, by.created, by.modified, by), "count": 4_321}
    decision = decide(seen, context, policy)
    assert decision.action == "bucket"
    assert decision.item is not None
    assert decision.item["count"] == 3_000
    assert decision.item["extensions"][EXTENSION_ID]["count_bucket"] == "3000-9999"


def _statistic(context: Context, by: Authorship, counts: list[int], days: int = 120) -> Object:
    members = (context.member, *sorted(context.recipients))
    counted = Statistic(
        key="s",
        measure="accounts",
        period_end=context.now - timedelta(days=days),
        contributions=dict(zip(members, counts, strict=False)),
        about=(member_id("somebody"),),
    )
    return statistic(counted, by)


@pytest.mark.parametrize(
    ("counts", "days", "action"),
    [
        ([40, 40, 40, 40, 40, 40], 120, "aggregate"),
        ([40, 40, 40, 40, 40], 120, "aggregate"),
        ([40, 40, 40, 40], 120, "refuse"),
        ([40, 40, 40, 40, 0, 0], 120, "refuse"),
        ([400, 40, 40, 40, 40, 40], 120, "refuse"),
        ([40, 40, 40, 40, 40, 40], 89, "delay"),
    ],
)
def test_statistics_are_totals_of_enough_members(
    context: Context, policy: Policy, by: Authorship, counts: list[int], days: int, action: str
) -> None:
    """Too few, too dominant or too young, and the number stays; else only a total leaves."""
    decision = decide(_statistic(context, by, counts, days), replace(context, noise=7), policy)
    assert decision.action == action
    if action == "aggregate":
        assert decision.item is not None
        extension = decision.item["extensions"][EXTENSION_ID]
        assert "contributions" not in extension
        assert extension["total_bucket"] == 100
    if action == "delay":
        assert decision.release_at == context.now + timedelta(days=1)


@pytest.mark.parametrize("rule_id", [f"A{number}" for number in range(18)])
def test_without_any_rule_nothing_leaves(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship, rule_id: str
) -> None:
    """A policy in which one rule has lapsed lets nothing pass."""

    def ended(rule: Rule) -> Rule:
        return replace(rule, valid_until=context.now) if rule.id == rule_id else rule

    lapsed = replace(policy, rules=tuple(map(ended, policy.rules)))
    decision = decide(corpus.rule_of(by), context, lapsed)
    assert decision.action == "refuse"
    assert rule_id in decision.findings[0].reason
    before = replace(context, now=context.now - timedelta(microseconds=1))
    assert "A0" not in _rules(decide(corpus.rule_of(by), before, lapsed).findings)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything in an object, and of it."""
    found = [path]
    if isinstance(value, dict):
        for name, inner in value.items():
            found += _places(inner, (*path, name))
    if isinstance(value, list):
        for place, inner in enumerate(value):
            found += _places(inner, (*path, place))
    return found


def _wrapped(secret: str, wraps: list[str]) -> Any:
    value: Any = secret
    for wrap in wraps:
        name = value if isinstance(value, str) else "x_value"
        value = {"list": [value], "object": {"x_value": value}, "name": {name: 1}}[wrap]
    return value


MUTATIONS = st.fixed_dictionaries(
    {
        "item": st.integers(0, 4),
        "place": st.integers(0, 10**6),
        "secret": st.integers(0, 10**6),
        "how": st.sampled_from(["replace", "append", "add", "name"]),
        "wraps": st.lists(st.sampled_from(["list", "object", "name"]), max_size=3),
    }
)


@given(mutation=MUTATIONS)
def test_a_forbidden_value_never_leaves_anywhere(
    corpus: ModuleType,
    context: Context,
    policy: Policy,
    by: Authorship,
    mutation: dict[str, Any],
) -> None:
    """In any field, list, name or extension, at any depth, a forbidden text stays."""
    secrets = [
        text for rule_id, texts in corpus.TEXTS.items() if rule_id != "A16" for text in texts
    ]
    secret = _wrapped(secrets[mutation["secret"] % len(secrets)], mutation["wraps"])
    how = mutation["how"]
    items = [
        corpus.rule_of(by),
        corpus.campaign_of(by),
        observable(corpus.fingerprint("a"), by.handling.references),
        observable(corpus.sketch("a"), by.handling.references),
        relationship(corpus.rule_of(by)["id"], "indicates", corpus.campaign_of(by)["id"], by),
    ]
    item = copy.deepcopy(items[mutation["item"]])
    places = _places(item)
    path = places[mutation["place"] % len(places)]
    holder: Any = item
    for step in path[:-1]:
        holder = holder[step]
    if not path or how == "add":
        target = holder if not path else holder[path[-1]]
        (target if isinstance(target, dict) else item)["x_added"] = secret
    elif how == "name" and isinstance(holder, dict):
        holder[secret if isinstance(secret, str) else "x_named"] = holder.pop(path[-1])
    elif how == "append" and isinstance(holder[path[-1]], list):
        holder[path[-1]].append(secret)
    elif how == "append" and isinstance(holder[path[-1]], str) and isinstance(secret, str):
        holder[path[-1]] += " " + secret
    else:
        holder[path[-1]] = secret
    decision = decide(item, context, policy)
    assert not decision.may_leave
    assert decision.item is None or decision.action in {"hold", "delay"}


@given(
    item=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_object_is_decided(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship, item: Any
) -> None:
    """Whatever is submitted, there is a decision, and it is no, unless nothing was added."""
    for submitted in ({"type": item}, {"x": item}, {**corpus.rule_of(by), "pattern": item},
                      {**corpus.campaign_of(by), "extensions": item},
                      {**corpus.rule_of(by), "object_marking_refs": item},
                      {**_statistic(context, by, [4] * 6), "extensions": {EXTENSION_ID: item}},
                      {**corpus.rule_of(by), "modified": item}):  # fmt: skip
        assert item == {} or not decide(submitted, context, policy).may_leave


def test_a_decision_is_the_same_again(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """It depends on what it is given only, and names the policy that it rests on."""
    first, second = (decide(corpus.rule_of(by), context, policy) for _ in range(2))
    assert first == second
    assert first.policy_sha256 == policy.sha256
    assert first.before == content_hash(corpus.rule_of(by))

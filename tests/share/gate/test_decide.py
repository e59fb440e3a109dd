"""The decision: circumstances, approvals, attribution, statistics, and hostile objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from phalanx.share.gate import Batch, Context, Policy, Rule, decide
from phalanx.share.gate.findings import Finding
from phalanx.share.wire import (
    Authorship,
    Handling,
    content_hash,
    relationship,
    revoked,
)

BASES = ("us-rule-of-reason", "eu-gdpr-6-1-f")
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


@pytest.mark.parametrize("bases", [("us-rule-of-reson", "eu-gdpr-6-1-f"), (*BASES, "none")])
def test_a_basis_that_the_policy_does_not_know_has_not_lapsed(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship, bases: tuple[str, ...]
) -> None:
    """A misspelt name is told as such, with those that there are, before what is missing."""
    decision = decide(corpus.rule_of(by), replace(context, legal_bases=bases), policy)
    assert decision.action == "refuse"
    (first, *_) = [each.reason for each in decision.findings if each.rule_id == "A13"]
    (wrong,) = set(bases) - {"us-rule-of-reason", "eu-gdpr-6-1-f"}
    known = "eu-gdpr-6-1-f, us-cisa-2015, us-rule-of-reason"
    assert first == f"the policy knows no basis {wrong!r}; it knows {known}"


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
    """A batch not full, too large or too early waits for a slot."""
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


def test_a_retraction_leaves_at_once_if_it_says_nothing_else(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """What left is taken back outside of batches and bases, and whatever rules came since."""
    left = corpus.campaign_of(by, description="ask Dana for the details")
    bare = replace(context, batch=None, legal_bases=(), taken_back=left)
    last = revoked(left, context.now, by.member)
    decision = decide(last, bare, policy)
    assert (decision.action, decision.item) == ("allow", last)
    for changed in (
        {**last, "description": "ask Ada"},
        {**last, "x_note": 1},
        {**last, "revoked": False},
        {**last, "modified": "2027-01-01T00:00:00.000Z"},
        {**last, "modified": "soon"},
    ):
        assert not decide(changed, bare, policy).may_leave
    assert decide(last, replace(bare, taken_back=None), policy).action == "refuse"
    assert decide(last, replace(bare, recipients=frozenset()), policy).action == "refuse"


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


def test_a_decision_is_the_same_again(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """It depends on what it is given only, and names the policy that it rests on."""
    first, second = (decide(corpus.rule_of(by), context, policy) for _ in range(2))
    assert first == second
    assert first.policy_sha256 == policy.sha256
    assert first.before == content_hash(corpus.rule_of(by))

"""Exemplars, templates, accounts, volumes, statistics: what is judged beyond single fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import ModuleType

import pytest

from phalanx.share.gate import Context, Policy, decide
from phalanx.share.wire import (
    EXTENSION_ID,
    Authorship,
    Domain,
    Handling,
    observable,
    pattern_of,
    sighting,
)

RED = Handling(tlp="red", pap="red", legal_basis="us-rule-of-reason")


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
    corpus: ModuleType,
    context: Context,
    policy: Policy,
    by: Authorship,
    counts: list[int],
    days: int,
    action: str,
) -> None:
    """Too few, too dominant or too young, and the number stays; else only a total leaves."""
    members = [context.member, *sorted(context.recipients)]
    item = corpus.statistic_of(by, members, counts, days)
    assert decide(item, context, policy).action == "refuse", "no noise was drawn"
    decision = decide(item, replace(context, noise=7), policy)
    assert decision.action == action
    if action == "aggregate":
        assert decision.item is not None
        extension = decision.item["extensions"][EXTENSION_ID]
        assert "contributions" not in extension
        assert extension["total_bucket"] == 100
    if action == "delay":
        assert decision.release_at == context.now + timedelta(days=1)


def test_a_domain_with_words_waits_for_an_analyst(
    context: Context, policy: Policy, by: Authorship, approve: Callable[..., Context]
) -> None:
    """Anybody can register any words; the name of a member stays whoever approves."""
    sold = observable(Domain(value="tokens-at-a-discount.example"), by.handling.references)
    assert decide(sold, context, policy).action == "hold"
    assert decide(sold, approve(context, sold, ("ada", "analyst")), policy).action == "allow"
    own = observable(Domain(value="status.northwindlabs.example"), by.handling.references)
    assert decide(own, approve(context, own, ("ada", "analyst")), policy).action == "refuse"


def test_rare_templates_stay_in_patterns_too(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship
) -> None:
    """A rule over a sketch says as much as the sketch."""
    rule = corpus.rule_of(by, pattern=pattern_of([corpus.sketch("s")]))
    assert decide(rule, context, policy).action == "allow"
    assert decide(rule, replace(context, template_accounts=19), policy).action == "refuse"

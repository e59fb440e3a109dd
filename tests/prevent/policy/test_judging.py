"""A policy applied to requests: what holds for every policy, and for every request."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.prevent.facts import COLUMN, FACTS, TEXT_COLUMN, Fact
from phalanx.prevent.policy.actions import Action, Measures
from phalanx.prevent.policy.conditions import NumberTest, SetTest, Test, TextTest
from phalanx.prevent.policy.document import PolicyDocument
from phalanx.prevent.policy.judging import failed, judge, purposes_mask
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.policy.program import PURPOSE_BIT, compiled
from phalanx.prevent.policy.walking import Held
from phalanx.prevent.rules import FACTS_OF_REASON
from phalanx.sketches.prompts import CAPABILITIES, CAPABILITY_BIT

_NUMBERS = st.floats(-10, 10).map(lambda number: round(number, 1))
_TEXTS = st.sampled_from(["large-1", "large-2", "small", "L[a]", "", "\ud800", "a\nb"])
_PATTERNS = st.lists(st.sampled_from(["large-*", "small", "?mall", "L[a]", "*"]), min_size=1)
_NAMES = st.lists(st.sampled_from(CAPABILITIES), min_size=1, max_size=3)


def _tests_of(fact: Fact) -> st.SearchStrategy[Any]:
    match fact.kind:
        case "number":
            low = st.fixed_dictionaries({}, optional={"at_least": _NUMBERS, "above": _NUMBERS})
            high = st.fixed_dictionaries(
                {},
                optional={
                    "at_most": _NUMBERS.map(lambda number: number + 21),
                    "below": _NUMBERS.map(lambda number: number + 21),
                },
            )
            return st.builds(lambda a, b: a | b, low, high).filter(bool)
        case "flag":
            return st.booleans()
        case "text":
            return st.fixed_dictionaries(
                {}, optional={"one_of": _PATTERNS, "none_of": _PATTERNS}
            ).filter(bool)
        case "set":
            return st.sampled_from(["any_of", "all_of", "none_of"]).flatmap(
                lambda verb: st.fixed_dictionaries({verb: _NAMES})
            )


_ACTIONS: list[dict[str, Any]] = [
    {"action": "allow"},
    {"action": "mark", "key": "campaign"},
    {"action": "mark", "key": "wmk_" + "a" * 32},
    {"action": "slow", "delay_seconds": 2},
    {"action": "slow", "delay_seconds": 5, "key": "campaign"},
    {"action": "trim", "drop_logprobs": True},
    {"action": "trim", "most_output_tokens": 100, "delay_seconds": 1},
    {"action": "trim", "most_output_tokens": 50, "summarise_reasoning": True},
    {"action": "verify"},
    {"action": "block"},
]
_STAGES: list[dict[str, Any]] = [
    {"stage": "shadow"},
    {"stage": "enforce"},
    {"stage": "canary", "canary_percent": 5},
    {"stage": "canary", "canary_percent": 50},
]
_STAGE_OF_FACT = {fact.name: fact for fact in FACTS}


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a rule without a name."""
    reason = draw(st.sampled_from(sorted(FACTS_OF_REASON)))
    asked = {draw(st.sampled_from(FACTS_OF_REASON[reason]))} | draw(
        st.sets(st.sampled_from(sorted(_STAGE_OF_FACT)), max_size=2)
    )
    return {
        "reason": reason,
        "when": {name: draw(_tests_of(_STAGE_OF_FACT[name])) for name in sorted(asked)},
        "despite_grants": draw(st.lists(st.sampled_from(sorted(PURPOSE_BIT)), max_size=2)),
        **draw(st.sampled_from(_ACTIONS)),
        **draw(st.sampled_from(_STAGES)),
    }


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what a policy file says."""
    return {
        "schema": "phalanx.gateway-policy/1",
        "name": "drawn",
        "on_failure": draw(st.sampled_from(["open", "closed"])),
        "appeals": "mailto:appeals@example.com",
        "rules": [
            {"name": f"rule-{number}", **rule}
            for number, rule in enumerate(draw(st.lists(rules(), min_size=1, max_size=5)))
        ],
        **draw(st.sampled_from(_STAGES)),
    }


Facts = tuple[np.ndarray[Any, np.dtype[np.float64]], tuple[str | None, ...]]


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Draw what is known of a request; much of it is not."""
    numbers = np.full(len(COLUMN), np.nan)
    for fact in FACTS:
        if fact.kind == "text" or draw(st.booleans()):
            continue
        match fact.kind:
            case "flag":
                numbers[COLUMN[fact.name]] = draw(st.integers(0, 1))
            case "set":
                numbers[COLUMN[fact.name]] = draw(st.integers(0, 127))
            case _:
                extremes = st.sampled_from([np.inf, -np.inf, 0.0])
                numbers[COLUMN[fact.name]] = draw(_NUMBERS | extremes)
    texts = tuple(draw(st.none() | _TEXTS) for _ in TEXT_COLUMN)
    return numbers, texts


GRANTS = st.integers(0, 31)
PLACES = st.floats(0, 1, exclude_max=True)


def made(said: dict[str, Any]) -> Policy:
    """Return the policy that a file says."""
    document = PolicyDocument.model_validate(said)
    measures = tuple(rule.measures for rule in document.rules)
    return Policy(document, "0" * 64, compiled(document), measures)


def _said(name: str, test: Test, known: Facts) -> bool:
    """Say once more, in other words, whether a test holds."""
    numbers, texts = known
    if isinstance(test, TextTest):
        text = texts[TEXT_COLUMN[name]]
        if text is None:
            return False

        def like(patterns: tuple[str, ...]) -> bool:
            return any(fnmatchcase(text, each.replace("[", "[[]")) for each in patterns)

        return (test.one_of is None or like(test.one_of)) and not (
            test.none_of is not None and like(test.none_of)
        )
    number = numbers[COLUMN[name]]
    if math.isnan(number):
        return False
    match test:
        case NumberTest():
            return (
                (test.at_least is None or number >= test.at_least)
                and (test.above is None or number > test.above)
                and (test.at_most is None or number <= test.at_most)
                and (test.below is None or number < test.below)
            )
        case SetTest():
            held = {each for each in CAPABILITIES if int(number) & CAPABILITY_BIT[each]}
            return (
                (not test.any_of or bool(held & set(test.any_of)))
                and held >= set(test.all_of or ())
                and not held & set(test.none_of or ())
            )
        case _:
            return bool(number) == test


@settings(max_examples=50)
@given(policies(), facts(), GRANTS, PLACES)
def test_every_request_gets_an_outcome(
    said: dict[str, Any], known: Facts, grants: int, place: float
) -> None:
    """Whatever is known of it, and whatever is not; and never more than would be in force."""
    policy = made(said)
    found = judge(policy, *known, grants, place)
    assert found.measures.action in Action
    assert found.measures.action <= found.in_force.action


@settings(max_examples=50)
@given(policies(), facts(), PLACES)
def test_a_rule_holds_where_all_that_it_asks_for_is_so(
    said: dict[str, Any], known: Facts, place: float
) -> None:
    """The kernel says what the words of the policy say."""
    policy = made(said)
    expected = {
        number
        for number, rule in enumerate(policy.document.rules)
        if all(_said(name, test, known) for name, test in rule.tests.items())
    }
    assert {each.rule for each in judge(policy, *known, 0, place).rules} == expected


@settings(max_examples=50)
@given(policies(), facts(), GRANTS, PLACES)
def test_the_most_severe_rule_that_acts_decides(
    said: dict[str, Any], known: Facts, grants: int, place: float
) -> None:
    """In the order of actions that the reference states."""
    policy = made(said)
    found = judge(policy, *known, grants, place)
    acting = [policy.measures[each.rule].action for each in found.rules if each.held == Held.ACTS]
    assert found.measures.action == max(acting, default=Action.ALLOW)


@settings(max_examples=50)
@given(policies(), facts(), st.integers(1, 31), PLACES)
def test_a_grant_is_never_overruled_silently(
    said: dict[str, Any], known: Facts, grants: int, place: float
) -> None:
    """A rule acts in spite of grants only if it names the purpose of each, and it is told."""
    policy = made(said)
    for each in judge(policy, *known, grants, place).rules:
        named = purposes_mask(policy.document.rules[each.rule].despite_grants)
        if each.held == Held.BY_GRANT:
            assert grants & ~named
            assert not each.overrules_grant
        else:
            assert not grants & ~named
            assert each.overrules_grant


@settings(max_examples=50)
@given(policies(), facts(), PLACES)
def test_without_a_grant_nothing_is_overruled(
    said: dict[str, Any], known: Facts, place: float
) -> None:
    """Who has no grant reads of none."""
    for each in judge(made(said), *known, 0, place).rules:
        assert each.held != Held.BY_GRANT
        assert not each.overrules_grant


@settings(max_examples=50)
@given(policies(), facts(), GRANTS, PLACES)
def test_a_policy_in_shadow_never_acts(
    said: dict[str, Any], known: Facts, grants: int, place: float
) -> None:
    """Neither by a rule that is enforced by itself, nor where the gateway cannot decide."""
    said = {key: value for key, value in said.items() if key != "canary_percent"}
    policy = made({**said, "stage": "shadow"})
    assert judge(policy, *known, grants, place).measures == Measures()
    assert failed(policy, place).measures == Measures()


@settings(max_examples=50)
@given(policies(), facts(), GRANTS, st.tuples(PLACES, PLACES))
def test_what_a_canary_does_to_one_account_it_does_to_all_before(
    said: dict[str, Any], known: Facts, grants: int, places: tuple[float, float]
) -> None:
    """An account nearer to 0 is never treated more mildly: growing a share only adds accounts."""
    policy = made(said)
    nearer, farther = (judge(policy, *known, grants, place) for place in sorted(places))
    assert nearer.measures.action >= farther.measures.action
    assert nearer.in_force == farther.in_force


@settings(max_examples=50)
@given(policies(), rules(), facts(), GRANTS, PLACES)
def test_a_rule_that_is_added_never_makes_a_decision_milder(
    said: dict[str, Any], further: dict[str, Any], known: Facts, grants: int, place: float
) -> None:
    """Nobody switches a defence off by adding to it."""
    before = judge(made(said), *known, grants, place)
    more = {**said, "rules": [{"name": "further", **further}, *said["rules"]]}
    assert judge(made(more), *known, grants, place).measures.action >= before.measures.action


@pytest.mark.parametrize(
    ("on_failure", "stage", "place", "action"),
    [
        ("open", {"stage": "enforce"}, 0.0, Action.ALLOW),
        ("closed", {"stage": "enforce"}, 0.99, Action.BLOCK),
        ("closed", {"stage": "canary", "canary_percent": 5}, 0.04, Action.BLOCK),
        ("closed", {"stage": "canary", "canary_percent": 5}, 0.06, Action.ALLOW),
        ("closed", {"stage": "shadow"}, 0.0, Action.ALLOW),
    ],
)
def test_where_nothing_can_be_decided_the_policy_says_what_is_done(
    make_policy: Any, on_failure: str, stage: dict[str, Any], place: float, action: Action
) -> None:
    """Open lets pass, closed blocks, and no stage is left behind for it."""
    found = failed(make_policy({"action": "verify"}, on_failure=on_failure, **stage), place)
    assert found.failed
    assert found.measures.action == action


def test_outcomes_that_are_remembered_do_not_grow_without_end(make_policy: Any) -> None:
    """Who brings about ever new combinations of rules gains no memory."""
    policy = make_policy(*({"action": "allow"} for _ in range(14)))
    for number in range(4_100):
        held = bytes(2 * (number >> rule & 1) for rule in range(14))
        policy.outcome(held, has_grant=False)
    assert len(policy._outcomes) <= 4_096

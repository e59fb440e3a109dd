"""What a policy may say, and what is refused."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from phalanx.formats.schema import POLICY_SCHEMA_PATH, policy_schema
from phalanx.model.grant import GrantPurpose
from phalanx.prevent.facts import COLUMN, FACT, FACTS, TEXT_COLUMN
from phalanx.prevent.policy.conditions import Capability
from phalanx.prevent.policy.document import Reason
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.policy.program import PURPOSE_BIT
from phalanx.prevent.policy.wording import in_words
from phalanx.prevent.rules import FACTS_OF_REASON, gateway_rules
from phalanx.sketches.prompts import CAPABILITIES

MakePolicy = Callable[..., Policy]
VALIDATOR = importlib.import_module("jsonschema").Draft202012Validator


def test_the_published_schema_is_that_of_the_types() -> None:
    """`python -m phalanx.formats.schema` writes it again."""
    assert json.loads(POLICY_SCHEMA_PATH.read_text(encoding="utf-8")) == policy_schema()
    VALIDATOR.check_schema(policy_schema())


def test_the_schema_takes_what_the_program_takes(make_policy: MakePolicy) -> None:
    """An editor that knows the schema does not complain about a policy that holds."""
    policy = make_policy({"action": "mark", "key": "campaign"}, {"action": "block"})
    said = policy.document.model_dump(mode="json", by_alias=True, exclude_none=True)
    VALIDATOR(policy_schema()).validate(said)


def test_names_that_stand_in_two_places_agree() -> None:
    """Types list what other modules define, because a type cannot be computed."""
    assert get_args(Capability) == CAPABILITIES
    assert set(get_args(Reason)) == set(FACTS_OF_REASON)
    assert set(PURPOSE_BIT) == set(get_args(GrantPurpose))
    assert len({1 << n for n in range(8)} & set(PURPOSE_BIT.values())) == len(PURPOSE_BIT)


def test_every_reason_is_about_facts_that_there_are() -> None:
    """And is explained; no fact is without a reason to ask for it."""
    asked = {fact for facts in FACTS_OF_REASON.values() for fact in facts}
    assert asked == set(FACT)
    assert set(FACTS_OF_REASON) < {rule.rule_id for rule in gateway_rules()}


def test_every_fact_has_one_column() -> None:
    """Numbers, flags and sets in one array, texts in another place."""
    assert sorted(COLUMN.values()) == list(range(len(COLUMN)))
    assert sorted(TEXT_COLUMN.values()) == list(range(len(TEXT_COLUMN)))
    assert set(COLUMN) | set(TEXT_COLUMN) == {fact.name for fact in FACTS}


_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"action": "block", "when": {}}, "ask for something"),
    ({"action": "block", "when": {"colour": True}}, "colour"),
    ({"action": "block", "when": {"model": True}}, "model"),
    ({"action": "block", "when": {"prompt_characters": {}}}, "say at_least"),
    ({"action": "block", "when": {"prompt_characters": {"above": 3, "below": 3}}}, "no number"),
    ({"action": "block", "when": {"prompt_characters": {"above": "3"}}}, "prompt_characters"),
    ({"action": "block", "when": {"prompt_characters": {"above": float("nan")}}}, "finite"),
    ({"action": "block", "when": {"model": {}}}, "one_of or none_of"),
    ({"action": "block", "when": {"model": {"one_of": []}}}, "one_of"),
    ({"action": "block", "when": {"model": {"one_of": ["*" * 201]}}}, "one_of"),
    ({"action": "block", "reason": "PHX-G999"}, "PHX-G"),
    ({"action": "block", "reason": "PHX-G004"}, "PHX-G004 is about value_per_hour"),
    ({"action": "burn"}, "action"),
    ({"action": "mark"}, "mark needs a key"),
    ({"action": "mark", "key": "secret"}, "key"),
    ({"action": "block", "key": "campaign"}, "marks nothing"),
    ({"action": "slow"}, "slow needs"),
    ({"action": "slow", "delay_seconds": 61}, "delay_seconds"),
    ({"action": "block", "delay_seconds": 1}, "does not slow"),
    ({"action": "trim"}, "trim, and only trim"),
    ({"action": "block", "drop_logprobs": True}, "trim, and only trim"),
    ({"action": "block", "stage": "canary"}, "canary_percent"),
    ({"action": "block", "canary_percent": 5}, "canary_percent"),
    ({"action": "block", "stage": "canary", "canary_percent": 0}, "canary_percent"),
    ({"action": "block", "despite_grants": ["weather"]}, "despite_grants"),
    ({"action": "block", "name": "Has Spaces"}, "name"),
    ({"action": "block", "unless": {}}, "unless"),
    (
        {
            "action": "block",
            "reason": "PHX-G009",
            "when": {"capabilities": {"any_of": ["coding"], "none_of": ["coding"]}},
        },
        "no set",
    ),
    (
        {
            "action": "block",
            "reason": "PHX-G009",
            "when": {"capabilities": {"any_of": ["charm"]}},
        },
        "capabilities",
    ),
]


@pytest.mark.parametrize(("rule", "said"), _REFUSED, ids=[said for _, said in _REFUSED])
def test_a_rule_that_says_too_little_or_too_much_is_refused(
    make_policy: MakePolicy, rule: dict[str, Any], said: str
) -> None:
    """What a rule means is never guessed."""
    with pytest.raises(ValidationError, match=said):
        make_policy(rule)


@pytest.mark.parametrize(
    "head",
    [
        {"schema": "phalanx.gateway-policy/2"},
        {"stage": "canary"},
        {"stage": "enforce", "canary_percent": 5},
        {"on_failure": "maybe"},
        {"appeals": ""},
        {"rules": []},
        {"colour": "red"},
        {"value": {"other": -1}},
        {"value": {"capabilities": {"charm": 1}}},
    ],
)
def test_a_head_that_is_wrong_is_refused(make_policy: MakePolicy, head: dict[str, Any]) -> None:
    """A policy of a later version too: it may mean something else."""
    with pytest.raises(ValidationError):
        make_policy({"action": "block"}, **head)


def test_two_rules_of_one_name_are_refused(make_policy: MakePolicy) -> None:
    """Decisions and replays name rules."""
    with pytest.raises(ValidationError, match="two rules are called same"):
        make_policy({"action": "block", "name": "same"}, {"action": "allow", "name": "same"})


def test_a_test_is_told_in_the_words_of_the_file(make_policy: MakePolicy) -> None:
    """So that a trace can be compared with the policy."""
    policy = make_policy(
        {
            "action": "block",
            "when": {
                "prompt_characters": {"at_least": 10, "below": 2_000_000},
                "tools": False,
                "model": {"one_of": ["large-*", "huge"]},
                "capabilities": {"any_of": ["tool use"]},
            },
        }
    )
    assert [in_words(*each) for each in policy.document.rules[0].tests.items()] == [
        "prompt_characters at least 10 and below 2000000",
        "tools is false",
        "capabilities any_of tool use",
        "model one_of large-*, huge",
    ]

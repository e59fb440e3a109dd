"""What tests of the gateway share: policies in a few words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from phalanx.prevent.policy.document import PolicyDocument
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.policy.program import compiled

MakePolicy = Callable[..., Policy]


def policy_of(said: dict[str, Any]) -> Policy:
    """Return the policy of a parsed file."""
    document = PolicyDocument.model_validate(said)
    measures = tuple(rule.measures for rule in document.rules)
    return Policy(document, "0" * 64, compiled(document), measures)


@pytest.fixture(scope="session")
def make_policy() -> MakePolicy:
    """Make a policy of some rules; each gets a name, and a condition that always holds."""

    def make(*rules: dict[str, Any], **head: Any) -> Policy:
        named = [
            {
                "name": f"rule-{number}",
                "reason": "PHX-G011",
                "when": {"prompt_characters": {"at_least": 0}},
                **rule,
            }
            for number, rule in enumerate(rules)
        ]
        return policy_of(
            {
                "schema": "phalanx.gateway-policy/1",
                "name": "production",
                "stage": "enforce",
                "on_failure": "open",
                "appeals": "mailto:appeals@example.com",
                "rules": named,
                **head,
            }
        )

    return make

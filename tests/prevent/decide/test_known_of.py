"""The facts of one request stand where a policy looks for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from phalanx.prevent.decide.deciding import facts_of
from phalanx.prevent.decide.known_of import Found
from phalanx.prevent.decide.reading import Reading
from phalanx.prevent.facts import FACT, RATES
from phalanx.prevent.knowledge.campaigns import Membership
from phalanx.prevent.knowledge.indicators import Indicator
from phalanx.prevent.knowledge.templates import TemplateMatch
from phalanx.prevent.request import Request
from phalanx.prevent.state.online import Standing

NOW = datetime(2026, 6, 1, tzinfo=UTC)
REQUEST = Request(
    exchange_id="r1", account_id="a1", model="large-1", prompt="Grade it.", history_turns=3,
    organisation="org", endpoint="/v1", asn="AS64500", country="SE", user_agent="agent",
    email_domain="example.com", account_created_at=NOW - timedelta(days=2), max_tokens=10, n=4,
    temperature=0.5, logprobs=True, stream=False, tools=True,
)  # fmt: skip
READING = Reading(3, True, 7, TemplateMatch("c3", "i3", 0.75))  # noqa: FBT003 - it quotes code
FOUND = Found(
    Membership("c1", 7.5), Indicator("i2", "c2", "domain", 80, NOW, NOW + timedelta(days=1)), ()
)
STANDING = Standing(
    np.arange(len(RATES), dtype=float),
    np.arange(len(RATES), dtype=float) + 100,
    continues_elsewhere=True,
    at_us=0,
)
EXPECTED: dict[str, Any] = {
    "prompt_characters": 9.0, "history_turns": 3.0, "max_tokens": 10.0, "choices": 4.0,
    "temperature": 0.5, "account_age_days": 2.0, "logprobs": True, "stream": False, "tools": True,
    "code": True, "continues_elsewhere": True, "campaign_member": True, "campaign_log10_e": 7.5,
    "indicator_confidence": 80.0, "template_jaccard": 0.75,
    "capabilities": ("reasoning", "grading"), "model": "large-1", "endpoint": "/v1",
    "organisation": "org", "country": "SE", "asn": "AS64500", "user_agent": "agent",
    "email_domain": "example.com", "campaign": "c1", "shared_campaign": "c2",
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_each_fact_of_a_request_is_found_by_its_name(name: str) -> None:
    """Numbers, flags, sets and texts."""
    assert facts_of(REQUEST, READING, FOUND, STANDING, NOW).value(name) == EXPECTED[name]


def test_the_facts_of_the_state_stand_in_its_order() -> None:
    """Of the account, and of its group."""
    facts = facts_of(REQUEST, READING, FOUND, STANDING, NOW)
    for place, name in enumerate(RATES):
        assert facts.value(name) == place
        assert facts.value(f"group_{name}") == place + 100


def test_what_is_not_said_is_not_known() -> None:
    """Of a request that says nothing, by an account that nobody asked about."""
    request = Request(exchange_id="r1", account_id="a1", model="large-1", prompt="")
    facts = facts_of(
        request, Reading(0, False, 0, None), Found(None, None, ()), None, NOW  # noqa: FBT003 - no code
    )  # fmt: skip
    known = {name for name in FACT if facts.value(name) is not None}
    assert known == {"prompt_characters", "code", "capabilities", "campaign_member", "model"}

"""What tests of the gateway share: policies in a few words, a gateway that runs, who asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient

from phalanx.prevent.desk.desk import machine_now
from phalanx.prevent.knowledge.campaigns import Campaigns, Membership
from phalanx.prevent.policy.document import PolicyDocument
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.policy.program import compiled
from phalanx.prevent.sidecar.app import create_app
from phalanx.prevent.sidecar.callers import Callers
from phalanx.prevent.sidecar.settings import SidecarSettings
from phalanx.prevent.sidecar.sidecar import Sidecar
from phalanx.prevent.state.online import State
from phalanx.prevent.upkeep.parts import Part
from phalanx.prevent.upkeep.running import Bounds, Places, RunningGateway

MakePolicy = Callable[..., Policy]
POLICY = """\
schema = "phalanx.gateway-policy/1"
name = "production"
stage = "enforce"
on_failure = "open"
appeals = "https://example.com/appeals"

[[rules]]
name = "members"
reason = "PHX-G001"
action = "mark"
key = "campaign"
when.campaign_member = true

[[rules]]
name = "soft-labels"
reason = "PHX-G008"
action = "trim"
drop_logprobs = true
most_output_tokens = 100
when.logprobs = true

[[rules]]
name = "many-answers"
reason = "PHX-G008"
action = "block"
when.choices = { above = 100 }

[[rules]]
name = "hot"
reason = "PHX-G008"
action = "slow"
delay_seconds = 5
when.temperature = { above = 1.9 }
"""
MARK_KEY = "wmk_" + "0" * 32
BOUNDS = Bounds(
    most_under_way=1_000,
    most_under_way_characters=10_000_000,
    under_way_seconds=60.0,
    reload_seconds=0.05,
    snapshot_seconds=60.0,
    log_file_bytes=1_000_000,
)


@dataclass
class Served:
    """A sidecar, and what asks it."""

    running: RunningGateway
    client: TestClient
    policy: Path

    def decide(self, **more: Any) -> dict[str, Any]:
        """Ask for a decision, which is given."""
        answer = self.client.post("/v1/decide", json=request_of(**more))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def metric(self, name: str) -> float:
        """Return a count."""
        lines = self.client.get("/metrics").text.splitlines()
        return next(float(each.split()[-1]) for each in lines if each.startswith(name))


def request_of(**more: Any) -> dict[str, Any]:
    """Return a request as JSON says it."""
    said = {"exchange_id": "r1", "account_id": "honest", "model": "large", "prompt": "Why?"}
    return {name: value for name, value in (said | more).items() if value is not None}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Put a sidecar together; what runs is ended afterwards."""
    made: list[RunningGateway] = []

    def start(
        policy: str = POLICY,
        callers: Callers | None = None,
        pseudonym_key: bytes | None = None,
        members: tuple[str, ...] = ("harvester",),
        bounds: dict[str, Any] | None = None,
        state: State | None = None,
        now: Callable[[], datetime] = machine_now,
        **settings: Any,
    ) -> Served:
        path = tmp_path / "policy.toml"
        path.write_text(policy)
        campaigns = Campaigns(1, {each: Membership("c1", 7.5) for each in members})
        known = Part("store", (), lambda _: replace(_, campaigns=campaigns, keys={"c1": MARK_KEY}))
        places = Places(
            policy=path, key=bytes(32), parts=[known], pseudonym_key=pseudonym_key,
            snapshot=tmp_path / "state", exchanges=tmp_path / "exchanges",
        )  # fmt: skip
        running = RunningGateway(
            places, replace(BOUNDS, **(bounds or {})), structlog.get_logger("test"), state, now
        )
        made.append(running)
        said = SidecarSettings(open_metrics=True, **settings)
        sidecar = Sidecar(
            running.desk, said, lambda: callers, running.reach, is_remote=state is not None
        )
        client = TestClient(create_app(sidecar), raise_server_exceptions=False)
        return Served(running, client, path)

    yield start
    for each in made:
        each.close()


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

"""`phalanx gateway serve`: a process that decides over HTTP, and what it survives."""

from __future__ import annotations

import dataclasses
import json
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from phalanx.cli import ExitCode, main
from phalanx.cli.application import build_app
from phalanx.cli.gateway_serve_options import SidecarOptions
from phalanx.govern.ledger import begin_ledger, open_ledger
from phalanx.prevent.sidecar.settings import SidecarSettings
from phalanx.store.tables import CAMPAIGNS, MEMBERS, METADATA, SCANS

POLICY = """\
schema = "phalanx.gateway-policy/1"
name = "production"
stage = "enforce"
on_failure = "open"
appeals = "https://example.com/appeals"

[[rules]]
name = "many-answers"
reason = "PHX-G008"
action = "block"
when.choices = { above = 100 }
"""
ASKED = {"exchange_id": "r1", "account_id": "alice", "model": "large", "prompt": "Why?"}


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.toml").write_text(POLICY)


class Running:
    """A gateway in a process of its own."""

    def __init__(self, born: Any, port: int) -> None:
        """Keep the process."""
        self.born = born
        self._base = f"http://127.0.0.1:{port}"

    def ask(self, path: str, said: object = None, token: str = "") -> Any:
        """Ask, and return status and text."""
        data = None if said is None else json.dumps(said).encode()
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        asked = urllib.request.Request(self._base + path, data, headers)  # noqa: S310 - our own
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - our own
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def decide(self, **more: Any) -> dict[str, Any]:
        """Return a decision."""
        status, text = self.ask("/v1/decide", ASKED | more)
        assert status == 200, text
        said: dict[str, Any] = json.loads(text)
        return said

    def metric(self, name: str) -> float:
        """Return a count."""
        lines = self.ask("/metrics")[1].splitlines()
        return next(float(each.split()[-1]) for each in lines if each.startswith(name))

    def until(self, name: str, value: float) -> None:
        """Wait until a count has a value."""
        for _ in range(600):
            if self.metric(name) == value:
                return
            time.sleep(0.05)
        message = f"{name} is {self.metric(name)}"
        raise AssertionError(message)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, and return its exit status."""
        self.born.send_signal(how)
        return int(self.born.wait())


@pytest.fixture
def serve(nursery: Any) -> Iterator[Callable[..., Running]]:
    """Start gateways; those that still run are ended."""
    running: list[Running] = []

    def start(*words: str) -> Running:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        born = nursery.born(
            "gateway", "serve", "--policy", "policy.toml", "--port", str(port),
            "--reload-seconds", "0.05", *words, said=Path("said.txt"),
        )  # fmt: skip
        made = Running(born, port)
        running.append(made)
        for _ in range(1_200):
            assert born.poll() is None, Path("said.txt").read_text()
            with suppress(OSError):
                if made.ask("/healthz")[0] == 200:
                    return made
            time.sleep(0.05)
        message = Path("said.txt").read_text()
        raise AssertionError(message)

    yield start
    for each in running:
        if each.born.poll() is None:
            each.end(signal.SIGKILL)


def test_options_are_the_settings() -> None:
    """Each has the name and the default that the sidecar's settings have."""
    ours = {each.name: each.default for each in dataclasses.fields(SidecarOptions)}
    theirs = {each.name: each.default for each in dataclasses.fields(SidecarSettings)}
    assert ours == theirs


def test_callers_come_and_go_while_it_runs(serve: Callable[..., Running]) -> None:
    """A token is shown once; one that is removed is worth nothing a moment later."""
    for name in ("litellm", "envoy"):
        assert main(["gateway", "add-caller", name, "-o", f"{name}.token"]) == ExitCode.CLEAN
    tokens = {name: Path(f"{name}.token").read_text().strip() for name in ("litellm", "envoy")}
    running = serve("--callers", "gateway.callers", "--open-metrics")
    assert running.ask("/v1/decide", ASKED)[0] == 401
    assert running.ask("/v1/decide", ASKED, tokens["litellm"])[0] == 200
    assert main(["gateway", "remove-caller", "litellm"]) == ExitCode.CLEAN
    for _ in range(600):
        if running.ask("/v1/decide", ASKED, tokens["litellm"])[0] == 401:
            break
        time.sleep(0.05)
    assert running.ask("/v1/decide", ASKED, tokens["litellm"])[0] == 401
    assert running.ask("/v1/decide", ASKED, tokens["envoy"])[0] == 200
    assert running.end() == ExitCode.CLEAN


def test_what_cannot_be_is_refused_before_it_listens(capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that is none, an address for everybody, group keys without a list."""
    Path("broken.toml").write_text("[")
    for words, said in (
        (["--policy", "broken.toml"], "no policy of the gateway"),
        (["--policy", "policy.toml", "--host", "0.0.0.0"], "in clear"),  # noqa: S104 - refused
        (["--policy", "policy.toml", "--group-keys", "g.keys"], "match list"),
        (["--policy", "policy.toml", "--store", "none.db"], "none.db"),
    ):
        assert main(["gateway", "serve", *words]) == ExitCode.BAD_INPUT
        assert said in capsys.readouterr().err


def test_the_guide_names_commands_that_are_there() -> None:
    """Each command of the pages is understood as it is written."""
    guides = Path(__file__).parents[2] / "docs" / "how-to"
    lines = [
        line
        for page in ("gateway.md", "gateway-server.md")
        for line in (guides / page).read_text().splitlines()
        if line.startswith("phalanx gateway ")
    ]
    assert len(lines) > 6
    for line in lines:
        build_app().parse_args(line.split()[1:], exit_on_error=False, print_error=False)


BLOCKS_MEMBERS = """
[[rules]]
name = "members"
reason = "PHX-G001"
action = "block"
when.campaign_member = true
"""
COUNTS = """
[[rules]]
name = "many-requests"
reason = "PHX-G005"
action = "block"
when.requests_per_day = { above = 2.5 }
"""


def keep_scan(number: int, *accounts: str) -> None:
    """Keep in a store what a scan listed: one campaign of some accounts."""
    engine = create_engine("sqlite:///scans.db")
    METADATA.create_all(engine)
    now = "2026-06-01T00:00:00+00:00"
    moments = ("started_at", "first_exchange", "last_exchange", "kept_until")
    counts = ("exchanges", "exchanges_in_all", "rejected", "skipped", "waiting")
    texts = ("phalanx_version", "key_id", "parameters", "manifest_sha256")
    scan = {
        **dict.fromkeys(moments, now), **dict.fromkeys(counts, 0), **dict.fromkeys(texts, ""),
        "number": number,
    }  # fmt: skip
    campaign = {
        "campaign_id": f"c{number}", "verdict": "campaign", "formed_at": now, "discovered_at": now,
        "log10_e": 9.0, "exchanges": 1, "first_scan": number, "last_scan": number,
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(CAMPAIGNS.insert(), campaign)
        for account in accounts:
            member = {"campaign_id": f"c{number}", "account_id": account}
            seen = {"first_scan": number, "last_scan": number}
            connection.execute(MEMBERS.insert(), member | seen)
        connection.execute(SCANS.insert(), scan)
    engine.dispose()


def test_a_policy_is_taken_while_it_runs_and_a_broken_one_is_not(
    serve: Callable[..., Running],
) -> None:
    """The old one holds, an alarm rises and is counted, and ends when the file is whole."""
    running = serve("--clear-identifiers")
    assert running.decide(n=200)["action"] == "block"
    Path("policy.toml").write_text(POLICY.replace("block", "allow"))
    for _ in range(600):
        if running.decide(n=200)["action"] == "allow":
            break
        time.sleep(0.05)
    assert running.decide(n=200)["action"] == "allow"
    Path("policy.toml").write_text("[[rules")
    running.until("phalanx_gateway_policy_stale", 1)
    assert running.decide(n=200)["action"] == "allow"
    assert running.metric('phalanx_gateway_alarms_total{of="policy"}') == 1
    Path("policy.toml").unlink()
    running.until('phalanx_gateway_alarms_total{of="policy"}', 2)
    Path("policy.toml").write_text(POLICY)
    running.until("phalanx_gateway_policy_stale", 0)
    assert running.decide(n=200)["action"] == "block"
    said = [json.loads(line) for line in Path("said.txt").read_text().splitlines() if "{" in line]
    assert any(each["event"] == "alarm" and "policy" in each["reason"] for each in said)


def test_a_store_that_is_gone_leaves_campaigns_known(serve: Callable[..., Running]) -> None:
    """A scan that is kept while the gateway runs is known; without the store, what was known is."""
    Path("policy.toml").write_text(POLICY + BLOCKS_MEMBERS)
    keep_scan(1, "somebody else")
    running = serve("--clear-identifiers", "--store", "scans.db")
    assert running.decide()["action"] == "allow"
    keep_scan(2, "alice", "bob")
    running.until("phalanx_gateway_known_accounts", 2)
    assert running.decide()["action"] == "block"
    Path("scans.db").rename("gone.db")
    running.until('phalanx_gateway_knowledge_stale{part="store"}', 1)
    assert running.decide()["action"] == "block"
    Path("gone.db").rename("scans.db")
    running.until('phalanx_gateway_knowledge_stale{part="store"}', 0)


def test_what_kill_loses_is_what_came_after_the_last_snapshot(
    serve: Callable[..., Running],
) -> None:
    """It is counted at the next start; what a clean end loses is nothing."""
    Path("policy.toml").write_text(POLICY + COUNTS)
    words = ("--clear-identifiers", "--state", "kept/state", "--snapshot-seconds", "0.05")
    running = serve(*words)
    assert running.decide()["action"] == "allow"
    running.until("phalanx_gateway_snapshot_requests", 1)
    assert running.end(signal.SIGKILL) == -signal.SIGKILL

    slow = serve(*words[:-1], "3600")
    assert slow.metric("phalanx_gateway_lost_requests") == 0
    assert slow.decide(exchange_id="r2")["action"] == "allow"
    assert slow.end(signal.SIGKILL) == -signal.SIGKILL

    again = serve(*words[:-1], "3600")
    assert again.metric("phalanx_gateway_lost_requests") == 1
    assert again.metric("phalanx_gateway_state_accounts") == 1
    assert again.decide(exchange_id="r3")["action"] == "allow"
    assert again.end() == ExitCode.CLEAN

    last = serve(*words[:-1], "3600")
    assert last.metric("phalanx_gateway_lost_requests") == 0
    assert last.decide(exchange_id="r4")["action"] == "block"
    assert "requests lost" in Path("said.txt").read_text()


def test_policies_in_force_stand_in_the_ledger(serve: Callable[..., Running]) -> None:
    """At the start and when another is taken; a ledger that is away is told, and gets it later."""
    begin_ledger(Path("ledger"), "lab.example/ledger", 1)
    running = serve("--ledger", "ledger")
    Path("ledger").rename("away")
    Path("policy.toml").write_text(POLICY.replace("enforce", "shadow"))
    running.until("phalanx_gateway_unrecorded_policies", 1)
    for _ in range(600):
        if 'phalanx_gateway_alarms_total{of="ledger"}' in running.ask("/metrics")[1]:
            break
        time.sleep(0.05)
    assert running.metric('phalanx_gateway_alarms_total{of="ledger"}') >= 1
    assert running.decide(n=200)["action"] == "allow"
    Path("away").rename("ledger")
    running.until("phalanx_gateway_unrecorded_policies", 0)
    assert running.end() == ExitCode.CLEAN
    assert open_ledger(Path("ledger")).check() == 2
    events = [each.event for each in open_ledger(Path("ledger")).events()]
    assert [each.facts["stage"] for each in events] == ["enforce", "shadow"]
    assert {each.subject for each in events} == {"gateway policy production"}

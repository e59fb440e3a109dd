"""A state that several gateways share says what the state in the process says."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from phalanx.errors import MissingExtraError, PhalanxError, ServiceError
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.decide.gateway import Gateway
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.policy.loading import Policy
from phalanx.prevent.request import Request
from phalanx.prevent.state.layout import COUNTERS, identity_of
from phalanx.prevent.state.online import Arrival, OnlineState, Standing
from phalanx.prevent.state.shared import SharedState, open_shared_state

MakePolicy = Callable[..., Policy]
NewRedis = Callable[..., Any]
SECOND = 1_000_000
BEGIN_US = 1_780_315_200 * SECOND
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
_secrets = count()

SAME = 2.0**-22
"""Counters are single floats, and two libraries of mathematics may round an exponential apart."""


def _secret() -> bytes:
    """Return a secret that no other test has, and so a state of its own."""
    return next(_secrets).to_bytes(32)


@pytest.fixture
def state(redis_url: str) -> SharedState:
    """Open a state that knows nobody."""
    return open_shared_state(redis_url, _secret(), {})


def _arrival(account: str = "a", second: float = 0, **more: Any) -> Arrival:
    said = Arrival(
        account=identity_of(account, bytes(32)), group=None, organisation=0, content=7,
        at_us=BEGIN_US + round(second * SECOND), set_aside_tokens=100, weight=1.0,
    )  # fmt: skip
    return replace(said, **more)


def _known(standing: Standing) -> dict[str, float]:
    return dict(zip(COUNTERS, standing.account.tolist(), strict=True))


EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "account": st.integers(0, 5),
            "group": st.none() | st.integers(0, 2),
            "organisation": st.integers(0, 2),
            "content": st.integers(0, 3) | st.integers(2**63, 2**64 - 1),
            "after_us": st.integers(-20 * SECOND, 70 * SECOND)
            | st.integers(0, 40 * 86_400 * SECOND),
            "set_aside": st.integers(0, 100_000),
            "weight": st.sampled_from([0.0, 0.25, 1.0, 1 / 3, 900.0]),
            "matches": st.booleans(),
            "tokens": st.integers(0, 100_000),
            "lasts_us": st.integers(0, 10**8),
            "turned_away": st.booleans(),
        }
    ),
    min_size=1,
    max_size=40,
)


def _alike(one: Standing, other: Standing) -> None:
    assert one.at_us == other.at_us
    assert one.continues_elsewhere == other.continues_elsewhere
    np.testing.assert_allclose(one.account, other.account, rtol=SAME)
    assert (one.group is None) == (other.group is None)
    if one.group is not None and other.group is not None:
        np.testing.assert_allclose(one.group, other.group, rtol=SAME)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_both_states_say_the_same_of_the_same_requests(
    redis_url: str, events: list[dict[str, Any]]
) -> None:
    """Whatever comes, from whom, in which order, and whatever the clock does."""
    shared, own = open_shared_state(redis_url, _secret(), {}), OnlineState(64, 16)
    now_us = BEGIN_US
    for event in events:
        now_us += event["after_us"]
        group = None if event["group"] is None else identity_of(f"g{event['group']}", bytes(32))
        arrival = Arrival(
            account=identity_of(f"a{event['account']}", bytes(32)), group=group,
            organisation=event["organisation"], content=event["content"], at_us=now_us,
            set_aside_tokens=event["set_aside"], weight=event["weight"],
            matches_template=event["matches"],
        )  # fmt: skip
        standing = own.arrive(arrival)
        _alike(shared.arrive(arrival), standing)
        ended = (
            arrival, standing.at_us, now_us + event["lasts_us"], event["tokens"], 0.1,
        )  # fmt: skip
        values = [each.settle(*ended, turned_away=event["turned_away"]) for each in (shared, own)]
        assert values[0] == pytest.approx(values[1], rel=SAME)
    assert shared.counts() == own.counts()


RULES: tuple[dict[str, Any], ...] = (
    {"reason": "PHX-G004", "action": "block", "when": {"value_per_day": {"above": 3_000}}},
    {
        "reason": "PHX-G005", "action": "slow", "delay_seconds": 2,
        "when": {"group_requests_per_minute": {"above": 4}},
    },
    {"reason": "PHX-G007", "action": "verify", "when": {"continues_elsewhere": True}},
    {"reason": "PHX-G006", "action": "trim", "drop_logprobs": True,
     "when": {"distinct_contents": {"above": 6}}},
)  # fmt: skip


def _fail(error: PhalanxError) -> None:
    pytest.fail(str(error))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.none() | st.integers(0, 1), st.integers(0, 12),
            st.integers(0, 90), st.integers(0, 2_000),
        ),
        min_size=1, max_size=40,
    )
)  # fmt: skip
def test_a_gateway_decides_the_same_on_both(
    make_policy: MakePolicy, redis_url: str, events: list[tuple[int, int | None, int, int, int]]
) -> None:
    """Actions, reasons and the state behind them."""
    key, policy = _secret(), make_policy(*RULES)
    states = open_shared_state(redis_url, key, {}), OnlineState(64, 16)
    gateways = [
        Gateway(lambda: policy, lambda: Knowledge(), each, key, _fail)  # noqa: PLW0108
        for each in states
    ]
    now = NOW
    for account, organisation, content, later, tokens in events:
        now += timedelta(seconds=later)
        request = Request(
            exchange_id="r", account_id=f"a{account}", model="m", max_tokens=1_000,
            organisation=None if organisation is None else f"o{organisation}",
            prompt=f"Grade the following answer, {content}.",
        )  # fmt: skip
        told: list[Decision] = []
        for gateway in gateways:
            decided = gateway.check(request, now)
            told.append(replace(decided.decision, reasons=()))
            if decided.under_way is not None:
                gateway.settle(decided.under_way, tokens, now, turned_away=False)
        assert told[0] == told[1]


def test_gateways_with_one_secret_share_what_they_count(redis_url: str) -> None:
    """What one has let in, the other knows; with another secret nobody knows it."""
    secret = _secret()
    here, there = (open_shared_state(redis_url, secret, {}) for _ in range(2))
    here.arrive(_arrival())
    assert _known(there.arrive(_arrival()))["requests_per_day"] == 2
    stranger = open_shared_state(redis_url, _secret(), {})
    assert _known(stranger.arrive(_arrival()))["requests_per_day"] == 1


def test_what_was_turned_away_by_one_gateway_is_known_to_the_other(redis_url: str) -> None:
    """A pool that fails over comes in by another door."""
    secret = _secret()
    here, there = (open_shared_state(redis_url, secret, {}) for _ in range(2))
    first = _arrival()
    here.settle(first, here.arrive(first).at_us, first.at_us, 0, 0.1, turned_away=True)
    assert there.arrive(_arrival("b", 5)).continues_elsewhere
    assert not there.arrive(_arrival("a", 5)).continues_elsewhere
    assert not there.arrive(_arrival("b", 70)).continues_elsewhere


def test_who_only_looks_leaves_nothing_behind(redis_url: str) -> None:
    """`phalanx gateway check` may be asked again and again."""
    secret = _secret()
    looking = open_shared_state(redis_url, secret, {}, counts_requests=False)
    group = identity_of("g", bytes(32))
    for _ in range(3):
        assert _known(looking.arrive(_arrival(group=group)))["requests_per_day"] == 1
    counts = looking.counts()
    assert (counts.accounts, counts.groups) == (0, 0)


def test_a_full_state_gives_up_idle_accounts_and_counts_them(redis_url: str) -> None:
    """With the value that is forgotten; the account that is active stays."""
    state = open_shared_state(f"{redis_url}?accounts=32", _secret(), {})
    for number in range(200):
        state.arrive(_arrival(f"a{number}", number))
        known = _known(state.arrive(_arrival("active", number)))
    counts = state.counts()
    assert counts.accounts == 32
    assert counts.evicted == counts.evicted_lately == 201 - 32
    assert counts.evicted_value == pytest.approx(100 * (201 - 32), rel=0.01)
    assert known["requests_per_day"] == pytest.approx(200, rel=0.01)


def test_a_gateway_whose_clock_is_behind_follows_the_others(redis_url: str) -> None:
    """Else what it counts would not fade for a day; the step is counted."""
    secret = _secret()
    ahead, behind = (open_shared_state(redis_url, secret, {}) for _ in range(2))
    ahead.arrive(_arrival(second=86_400))
    behind.arrive(_arrival(second=0))
    assert behind.arrive(_arrival(second=60)).at_us == BEGIN_US + (86_400 + 60) * SECOND
    assert behind.counts().clock_steps_back == 1
    assert ahead.counts().clock_steps_back == 0


def test_a_server_learns_no_identifier(redis_url: str, make_policy: MakePolicy) -> None:
    """Neither names of accounts nor texts are on it, in keys or in values."""
    policy, key = make_policy(*RULES), _secret()
    shared = open_shared_state(redis_url, key, {})
    gateway = Gateway(lambda: policy, Knowledge, shared, key, _fail)
    request = Request(
        exchange_id="exchange-name", account_id="account-name", model="model-name",
        organisation="organisation-name", prompt="prompt-text",
    )  # fmt: skip
    decided = gateway.check(request, NOW)
    assert decided.under_way is not None
    gateway.settle(decided.under_way, 10, NOW, turned_away=True)
    server = Redis.from_url(redis_url)
    held = [
        part
        for name in server.keys("phalanx:*")
        for part in (name, *(each for field in server.hgetall(name).items() for each in field))
    ]
    assert held
    for part in held:
        assert isinstance(part, bytes)
        assert not any(said in part for said in (b"-name", b"prompt", key))


def test_an_account_takes_at_most_300_bytes(redis_url: str) -> None:
    """By what the server says of the whole table."""
    secret = _secret()
    state = open_shared_state(redis_url, secret, {})
    for number in range(2_000):
        state.arrive(_arrival(f"a{number}"))
    server = Redis.from_url(redis_url)
    (name,) = (each for each in server.keys("*:accounts") if server.hlen(each) == 2_000)
    used = server.memory_usage(name, samples=0)
    assert used is not None
    assert used / 2_000 <= 300


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


@pytest.fixture
def failing(
    new_redis: NewRedis, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Any, SharedState, Clock]]:
    """Return a server of one's own, a state on it, and the clock of its pauses."""
    server, clock = new_redis(), Clock()
    state = open_shared_state(server.url, _secret(), {})
    monkeypatch.setattr(state, "_monotonic", clock)
    yield server, state, clock
    server.stop()


@pytest.mark.parametrize(
    ("on_failure", "action", "code"),
    [("open", "allow", "PHX-G103"), ("closed", "block", "PHX-G104")],
)
def test_a_server_that_is_gone_leaves_the_decision_to_the_policy_until_it_is_back(
    failing: tuple[Any, SharedState, Clock],
    make_policy: MakePolicy,
    on_failure: str,
    action: str,
    code: str,
) -> None:
    """Each request that could not be counted is, and nobody restarts the gateway."""
    server, state, clock = failing
    policy, alarms = make_policy(*RULES, on_failure=on_failure), list[PhalanxError]()
    gateway = Gateway(lambda: policy, Knowledge, state, _secret(), alarms.append)
    request = Request(exchange_id="r", account_id="a", model="m", prompt="Hello.")

    before = gateway.check(request, NOW)
    assert before.under_way is not None
    server.stop()
    for _ in range(3):
        decision = gateway.check(request, NOW).decision
        assert (decision.action, [each.code for each in decision.reasons]) == (action, [code])
    assert gateway.settle(before.under_way, 10, NOW, turned_away=False) is None
    assert (state.failures, state.skipped, len(alarms)) == (1, 3, 4)
    assert state.is_away
    assert state.counts().unreached == 4

    server.start()
    clock.now += 2
    after = gateway.check(request, NOW)
    assert after.under_way is not None
    assert gateway.settle(after.under_way, 10, NOW, turned_away=False) is not None
    assert state.counts().unreached == 4
    assert not state.is_away


def test_a_server_that_does_not_answer_is_not_waited_for(
    failing: tuple[Any, SharedState, Clock],
) -> None:
    """It stands still, as under memory pressure; then it goes on."""
    server, state, clock = failing
    state.arrive(_arrival())
    server.process.send_signal(signal.SIGSTOP)
    with pytest.raises(ServiceError, match="cannot be asked"):
        state.arrive(_arrival())
    server.process.send_signal(signal.SIGCONT)
    clock.now += 2
    assert state.arrive(_arrival()).at_us == BEGIN_US


def test_what_a_server_last_told_of_itself_is_told_while_it_is_gone(
    failing: tuple[Any, SharedState, Clock],
) -> None:
    """A page of metrics is no place to fail."""
    server, state, _ = failing
    for number in range(3):
        state.arrive(_arrival(f"a{number}"))
    assert state.counts().accounts == 3
    server.stop()
    for _ in range(2):
        assert (state.counts().accounts, state.counts().unreached) == (3, 0)
        assert not state.counts().answers


def test_a_connection_that_the_server_closed_while_idle_costs_no_request(redis_url: str) -> None:
    """Servers and what stands before them close what is not used."""
    state = open_shared_state(redis_url, _secret(), {})
    state.arrive(_arrival())
    Redis.from_url(redis_url).client_kill_filter(_type="normal", skipme=True)
    assert _known(state.arrive(_arrival()))["requests_per_day"] == 2
    assert state.failures == 0


def test_a_server_that_holds_something_else_is_no_state(redis_url: str) -> None:
    """Whoever wrote there is told of, and nothing is decided on it."""
    secret = _secret()
    state = open_shared_state(redis_url, secret, {})
    state.arrive(_arrival())
    server = Redis.from_url(redis_url)
    mine = [each for each in server.keys("*:accounts") if server.hlen(each) == 1]
    for name in mine:
        server.set(name, "another thing")
    with pytest.raises(ServiceError, match="cannot be asked"):
        state.arrive(_arrival())
    for name in mine:
        server.delete(name)


def test_a_password_comes_from_the_environment(new_redis: NewRedis) -> None:
    """Without it the server is as good as gone."""
    url = new_redis("--requirepass", "hunter2").url
    with pytest.raises(ServiceError, match="cannot be asked"):
        open_shared_state(url, _secret(), {}).arrive(_arrival())
    state = open_shared_state(url, _secret(), {"REDISCLI_AUTH": "hunter2"})
    assert _known(state.arrive(_arrival()))["requests_per_day"] == 1


def test_few_rights_on_the_server_are_enough(new_redis: NewRedis) -> None:
    """Those that the documentation lists, on keys of the state only."""
    page = Path(__file__).parents[4] / "docs" / "how-to" / "gateway.md"
    (line,) = (each for each in page.read_text().splitlines() if each.startswith("user phalanx "))
    rights = line.replace("#HASH", ">hunter2").split()[1:]
    url = new_redis("--user", *rights).url.replace("unix://", "unix://phalanx@")
    state = open_shared_state(f"{url}?accounts=16", _secret(), {"REDISCLI_AUTH": "hunter2"})
    group = identity_of("g", bytes(32))
    for number in range(20):
        arrival = _arrival(f"a{number}", number, group=group)
        began = state.arrive(arrival).at_us
        state.settle(arrival, began, began, 10, 0.1, turned_away=True)
    assert (state.counts().accounts, state.counts().evicted) == (16, 4)
    assert state.failures == 0


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install has no client."""
    for name in ("redis", "redis.backoff", "redis.retry"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match="client of Redis") as error:
        open_shared_state("redis://cache", _secret(), {})
    assert "[redis]" in error.value.diagnostics()

"""Decisions in process: time of each, memory of each account, with a full state and match list.

A million accounts are in the state and a million random sketches on the match list, as unrelated
templates look. Requests are texts of documentation by accounts drawn at random from those in the
state, so that hardly any row is in a cache; each is checked and settled. Time is told twice: by the
clock on the wall, which on a busy machine counts what others do, and by the processor time of the
thread, which does not. Steps are timed apart on the same requests.

Run `python bench/gateway_speed.py`; `--smoke` has 20,000 accounts and sketches.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from phalanx.prevent.decide.deciding import decide
from phalanx.prevent.decide.gateway import Gateway, arrival_of, microseconds
from phalanx.prevent.decide.known_of import look_up
from phalanx.prevent.decide.reading import Reader
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.knowledge.templates import templates_of
from phalanx.prevent.policy.loading import Policy, parse_policy
from phalanx.prevent.request import Request
from phalanx.prevent.state.layout import identity_of
from phalanx.prevent.state.online import Arrival, OnlineState
from phalanx.sketches.templates import GroupKey, GroupKeys, TemplateIndex, TemplateRows
from populations import documentation_passages
from results import peak_memory_bytes, print_table, save

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEY = bytes(32)
GROUP_KEYS = GroupKeys((GroupKey(1, date(2026, 1, 1), b"k" * 32),))
RULES = """
schema = "phalanx.gateway-policy/1"
name = "bench"
stage = "enforce"
on_failure = "open"
appeals = "mailto:appeals@example.com"
[[rules]]
name = "members"
reason = "PHX-G001"
action = "mark"
key = "campaign"
when.campaign_member = true
[[rules]]
name = "taught"
reason = "PHX-G004"
action = "trim"
drop_logprobs = true
[rules.when]
value_per_day = { above = 2_000_000 }
capabilities = { any_of = ["reasoning", "grading"] }
[[rules]]
name = "fast"
reason = "PHX-G005"
action = "slow"
delay_seconds = 2
[rules.when]
requests_per_minute = { above = 600 }
model = { one_of = ["large-*"] }
[[rules]]
name = "templates"
reason = "PHX-G003"
action = "verify"
[rules.when]
template_jaccard = { at_least = 0.8 }
template_matches_per_day = { at_least = 20 }
[[rules]]
name = "young"
reason = "PHX-G010"
action = "slow"
delay_seconds = 1
[rules.when]
account_age_days = { below = 2 }
output_tokens_per_hour = { above = 500_000 }
"""


def filled(accounts: int) -> OnlineState:
    """Return a state that has seen so many accounts."""
    state = OnlineState(1 << (accounts - 1).bit_length(), 1 << 16)
    for number in range(accounts):
        state.arrive(
            Arrival(
                account=identity_of(f"acct_{number}", KEY), group=None, organisation=0,
                content=number, at_us=round(NOW.timestamp() * 1e6) - accounts + number,
                set_aside_tokens=100, weight=1.0,
            )
        )  # fmt: skip
    return state


def known(sketches: int) -> Knowledge:
    """Return a match list of random sketches."""
    rng = np.random.default_rng(1)
    until = round((NOW + timedelta(days=30)).timestamp() * 1_000_000)
    rows = TemplateRows(
        1,
        rng.integers(0, 256, size=(sketches, 128), dtype=np.uint8),
        rng.integers(0, 2**63, size=(sketches, 2), dtype=np.uint64),
        rng.integers(0, 1_000, size=sketches, dtype=np.int32),
        tuple(f"campaign--{number}" for number in range(1_000)),
        np.full(sketches, until, dtype=np.int64),
    )
    return Knowledge(templates=templates_of(TemplateIndex([rows]).snapshot, GROUP_KEYS))


def requests(count: int, accounts: int) -> list[Request]:
    """Return requests of documentation, by accounts drawn at random."""
    with tempfile.TemporaryDirectory() as folder:
        passages = pq.read_table(documentation_passages(Path(folder)))["prompt"].to_pylist()
    rng = np.random.default_rng(2)
    return [
        Request(
            exchange_id=f"r{number}",
            account_id=f"acct_{rng.integers(accounts)}",
            model="large-1",
            organisation=f"org_{rng.integers(1_000)}",
            prompt=passages[int(rng.integers(len(passages)))],
            system_prompt="You are a helpful assistant.",
            max_tokens=1_000,
        )
        for number in range(count)
    ]


Times = npt.NDArray[np.int64]


def timed(each: Callable[[Request], object], asked: list[Request]) -> tuple[Times, Times]:
    """Return nanoseconds of each call: on the wall, and of the processor."""
    wall = np.empty(len(asked), dtype=np.int64)
    busy = np.empty(len(asked), dtype=np.int64)
    for number, request in enumerate(asked):
        began, began_busy = time.perf_counter_ns(), time.thread_time_ns()
        each(request)
        busy[number] = time.thread_time_ns() - began_busy
        wall[number] = time.perf_counter_ns() - began
    return wall, busy


def steps_of(
    policy: Policy, knowledge: Knowledge, state: OnlineState
) -> dict[str, Callable[[Request], object]]:
    """Return what is timed: all of it, and each step by itself."""
    gateway = Gateway(lambda: policy, lambda: knowledge, state, KEY, print)

    def whole(request: Request) -> None:
        decided = gateway.check(request, NOW)
        if decided.under_way is not None:
            gateway.settle(decided.under_way, 300, NOW, turned_away=False)

    sample = Request(exchange_id="r", account_id="acct_1", model="large-1", prompt="Grade it.")
    reader, now_us = Reader(KEY, knowledge.templates), microseconds(NOW)
    reading, found = reader.read(sample, now_us), look_up(sample, Knowledge(), NOW)
    standing = state.arrive(arrival_of(sample, reading, found, policy, KEY, now_us))
    return {
        "check and settle": whole,
        "check": lambda request: gateway.check(request, NOW),
        "  read (templates)": lambda request: reader.read(request, now_us),
        "  look up": lambda request: look_up(request, knowledge, NOW),
        "  hash and count": lambda request: state.arrive(
            arrival_of(request, reading, found, policy, KEY, now_us)
        ),
        "  decide": lambda request: decide(
            request, reading, found, standing, policy, knowledge, KEY, NOW
        ),
    }


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    smoke = parser.parse_args().smoke
    size, asked_count = (20_000, 500) if smoke else (1_000_000, 20_000)
    filled(1_000)  # compiled kernels are no memory of accounts
    before = peak_memory_bytes()
    state = filled(size)
    of_state = peak_memory_bytes() - before
    asked = requests(asked_count, size)
    steps = steps_of(parse_policy(RULES.encode(), "bench"), known(size), state)
    rows, figures = [], {}
    for name, step in steps.items():
        timed(step, asked[:100])
        wall, busy = (each / 1_000 for each in timed(step, asked))
        quantiles = [*np.quantile(busy, (0.5, 0.99)), *np.quantile(wall, (0.5, 0.99))]
        rows.append((name, *(f"{each:,.1f}" for each in quantiles)))
        figures[name.strip()] = {
            "cpu_us_p50": quantiles[0], "cpu_us_p99": quantiles[1],
            "wall_us_p50": quantiles[2], "wall_us_p99": quantiles[3],
        }  # fmt: skip
    load = os.getloadavg()[0]
    print_table(
        f"{asked_count:,} requests, {size:,} accounts, {size:,} sketches; load {load:.1f} on "
        f"{os.cpu_count()} cores; microseconds",
        ("step", "processor p50", "p99", "wall p50", "p99"),
        rows,
    )
    per_account = state.accounts.bytes_per_account
    print(f"{per_account:.0f} bytes an account in arrays; {of_state / size:.0f} measured")
    save(
        "gateway_speed",
        {
            "smoke": smoke, "accounts": size, "sketches": size, "requests": asked_count,
            "load": load, "bytes_per_account": per_account,
            "measured_bytes_per_account": of_state / size, "steps": figures,
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()

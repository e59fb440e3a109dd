"""Decisions on a state in Redis: time of each, memory of each account, beside the one in process.

A server is started on a socket in a folder of its own, and filled with accounts. Requests by
accounts drawn at random are checked and settled through it, and through a state in the process. A
bare `PING` says what of the time is the client's and the socket's. Two gateways that ask the same
server at once are timed too: each is a process, as replicas are.

Run `python bench/gateway_shared.py`; `--smoke` has 2,000 accounts. Without `redis-server` nothing
is measured, and that is said.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from redis import Redis

from phalanx.errors import PhalanxError
from phalanx.prevent.decide.gateway import Gateway
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.policy.loading import parse_policy
from phalanx.prevent.request import Request
from phalanx.prevent.state.layout import identity_of
from phalanx.prevent.state.online import Arrival, OnlineState, State
from phalanx.prevent.state.shared import open_shared_state
from results import print_table, save

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEY = bytes(32)
POLICY = b"""
schema = "phalanx.gateway-policy/1"
name = "bench"
stage = "enforce"
on_failure = "closed"
appeals = "mailto:appeals@example.com"
[[rules]]
name = "taught"
reason = "PHX-G004"
action = "trim"
drop_logprobs = true
[rules.when]
group_value_per_day = { above = 2_000_000_000 }
[[rules]]
name = "fast"
reason = "PHX-G005"
action = "slow"
delay_seconds = 2
[rules.when]
requests_per_minute = { above = 600 }
"""
Times = npt.NDArray[np.float64]
SLICES = 2
"""Gateways that ask at once."""


@contextmanager
def server() -> Iterator[str]:
    """Run a server that nobody else knows, and return its URL."""
    with tempfile.TemporaryDirectory(prefix="redis-", dir="/tmp") as folder:
        socket = f"{folder}/redis.sock"
        command = [
            "redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "",
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not Path(socket).exists():
                time.sleep(0.01)
            yield f"unix://{socket}"
        finally:
            process.terminate()
            process.wait()


def stop(error: PhalanxError) -> None:
    """End the benchmark: what fails is not to be timed."""
    raise SystemExit(error.diagnostics())


def timed(each: Callable[[int], object], count: int) -> Times:
    """Return the microseconds of each call, on the wall."""
    times = np.empty(count)
    for number in range(count):
        began = time.perf_counter_ns()
        each(number)
        times[number] = time.perf_counter_ns() - began
    return times / 1_000


def fill(state: State, accounts: int) -> None:
    """Let so many accounts send a request."""
    for number in range(accounts):
        state.arrive(
            Arrival(
                account=identity_of(f"acct_{number}", KEY), group=None, organisation=0,
                content=number, at_us=round(NOW.timestamp() * 1e6), set_aside_tokens=100,
                weight=1.0,
            )
        )  # fmt: skip


def steps_on(
    state: State, accounts: int, count: int, seed: int
) -> tuple[Callable[[int], None], Callable[[int], None]]:
    """Return a check, and the settling of what was checked, for each of some requests."""
    policy, knowledge = parse_policy(POLICY, "bench"), Knowledge()
    gateway = Gateway(lambda: policy, lambda: knowledge, state, KEY, stop)
    rng = np.random.default_rng(seed)
    asked = [
        Request(
            exchange_id=f"r{number}", account_id=f"acct_{rng.integers(accounts)}", model="large",
            organisation=f"org_{rng.integers(1_000)}", max_tokens=1_000,
            prompt=f"Grade the following answer by the rubric, in two sentences: {number}",
        )
        for number in range(count)
    ]  # fmt: skip
    checked = [gateway.check(asked[0], NOW)] * count

    def check(number: int) -> None:
        checked[number] = gateway.check(asked[number], NOW)

    def settle(number: int) -> None:
        under_way = checked[number].under_way
        if under_way is not None:
            gateway.settle(under_way, 300, NOW, turned_away=False)

    return check, settle


def together(asked: tuple[str, int, int, int]) -> Times:
    """Return the times of one gateway among others: whole requests, checked and settled."""
    url, accounts, count, seed = asked
    check, settle = steps_on(open_shared_state(url, KEY, {}), accounts, count, seed)

    def whole(number: int) -> None:
        check(number)
        settle(number)

    timed(whole, count // 10)
    return timed(whole, count)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    smoke = parser.parse_args().smoke
    if shutil.which("redis-server") is None:
        print("redis-server is not installed: nothing is measured")
        return
    accounts, count = (2_000, 300) if smoke else (200_000, 20_000)
    rows, figures = [], {}
    with server() as url:
        client, shared = Redis.from_url(url), open_shared_state(url, KEY, {})
        before = int(client.info("memory")["used_memory"])
        fill(shared, accounts)
        memory = (int(client.info("memory")["used_memory"]) - before) / accounts
        own = OnlineState()
        fill(own, accounts)
        check, settle = steps_on(shared, accounts, count, 1)
        check_own, settle_own = steps_on(own, accounts, count, 1)
        timed(check, count // 10)
        measured = {
            "check": timed(check, count),
            "settle": timed(settle, count),
            "PING": timed(lambda _: client.ping(), count),
            "check, state in process": timed(check_own, count),
            "settle, state in process": timed(settle_own, count),
        }
        with ProcessPoolExecutor(SLICES) as pool:
            each = pool.map(together, [(url, accounts, count, 2 + n) for n in range(SLICES)])
            measured[f"check and settle, {SLICES} gateways at once"] = np.concatenate([*each])
        in_scripts = client.info("commandstats")["cmdstat_evalsha"]["usec_per_call"]
    for name, times in measured.items():
        quantiles = [float(each) for each in np.quantile(times, (0.5, 0.99, 0.999))]
        rows.append((name, *(f"{each:,.0f}" for each in quantiles)))
        figures[name] = dict(zip(("us_p50", "us_p99", "us_p999"), quantiles, strict=True))
    load = os.getloadavg()[0]
    print_table(
        f"{count:,} requests, {accounts:,} accounts; load {load:.1f} on {os.cpu_count()} cores; "
        "microseconds on the wall",
        ("step", "p50", "p99", "p99.9"),
        rows,
    )
    print(f"{memory:.0f} bytes an account on the server; a script takes it {in_scripts:.0f} µs")
    save(
        "gateway_shared",
        {
            "smoke": smoke, "accounts": accounts, "requests": count, "load": load,
            "bytes_per_account": memory, "script_us": in_scripts, "steps": figures,
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()

"""Ten million requests through one gateway: memory stays as it is, whatever they bring.

Each request brings something that was never seen: accounts, declared owners, clients, contents,
system prompts, turns before. Some are refused, some never end, some hold half characters, and now
and then the policy is read again, another match list comes, a snapshot is written, or the clock is
set back. All tables are full long before the end, so that rows are given up all the time. What the
process holds is read at each of a hundred points of the way; from the tenth on, the line through
these points may not rise by more than 2 % of it by the end.

Run `python bench/gateway_soak.py`; `--smoke` has 20,000 requests. Exits with 1 if memory grows.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from phalanx.errors import PhalanxError
from phalanx.prevent.decide.gateway import Gateway
from phalanx.prevent.knowledge.campaigns import Campaigns, Membership
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.policy.loading import Policy, RunningPolicy
from phalanx.prevent.request import Request
from phalanx.prevent.state.online import OnlineState
from phalanx.prevent.state.snapshot import write_snapshot
from results import print_table, save

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEY = bytes(32)
ACCOUNTS, GROUPS = 1 << 16, 1 << 12
POINTS = 100
MOST_GROWTH = 0.02
"""Of what the process holds, from the tenth point to the last."""

POLICY = """
schema = "phalanx.gateway-policy/1"
name = "soak"
stage = "canary"
canary_percent = {percent}
on_failure = "open"
appeals = "mailto:appeals@example.com"
[[rules]]
name = "taught"
reason = "PHX-G004"
action = "block"
when.group_value_per_day = {{ above = 50_000 }}
[[rules]]
name = "clients"
reason = "PHX-G011"
action = "trim"
drop_logprobs = true
when.user_agent = {{ one_of = ["agent-1*"], none_of = ["*7"] }}
[[rules]]
name = "fails-over"
reason = "PHX-G007"
action = "slow"
delay_seconds = 2
when.continues_elsewhere = true
[[rules]]
name = "campaigns"
reason = "PHX-G001"
action = "mark"
key = "campaign"
when.campaign_member = true
"""


def resident_bytes() -> int:
    """Return what the process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def request_of(number: int) -> Request:
    """Return a request that brings much that was never seen before."""
    owner = number // 16
    return Request.model_construct(
        exchange_id=f"r{number}", account_id=f"acct_{number // 3}", model="large-1",
        organisation=f"org_{owner}" if number % 5 else None, user_agent=f"agent-{number}",
        prompt=f"Grade the following answer by the rubric, and say why: {number // 2}"
        + ("\ud800" if number % 1_000 == 0 else ""),
        system_prompt=f"You are the assistant of project {number // 50}.",
        history=None if number % 4 else f"user: {number}", max_tokens=1_000,
    )  # fmt: skip


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    smoke = parser.parse_args().smoke
    total = 20_000 if smoke else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        held, actions, alarms, took, state = soaked(total, Path(folder))
    points = held[POINTS // 10 :]
    slope = float(np.polyfit(np.arange(len(points)), points, 1)[0])
    growth = slope * (len(points) - 1) / float(np.mean(points))
    counts = state.counts()
    print_table(
        f"{total:,} requests in {took:,.0f} s, {len(alarms)} alarms",
        ("what", "value"),
        [
            ("held after the first tenth", f"{points[0] / 1e6:,.1f} MB"),
            ("held at the end", f"{points[-1] / 1e6:,.1f} MB"),
            ("most that was held", f"{max(held) / 1e6:,.1f} MB"),
            ("growth of the line from there on", f"{growth:.2%}"),
            ("accounts and groups in the state", f"{counts.accounts:,}, {counts.groups:,}"),
            ("rows given up", f"{counts.evicted:,}"),
            *((f"decided: {name}", f"{count:,}") for name, count in sorted(actions.items())),
        ],
    )
    save(
        "gateway_soak",
        {
            "smoke": smoke, "requests": total, "seconds": took, "growth": growth,
            "held_first": points[0], "held_last": points[-1], "held_most": max(held),
            "evicted": counts.evicted, "actions": dict(actions), "alarms": len(alarms),
        },
    )  # fmt: skip
    if growth > MOST_GROWTH and not smoke:
        sys.exit("memory grows")


def soaked(
    total: int, folder: Path
) -> tuple[list[int], Counter[str], list[PhalanxError], float, OnlineState]:
    """Let so many requests through, and return what was held at each point on the way."""
    alarms: list[PhalanxError] = []
    policy_file = folder / "policy.toml"
    policy_file.write_text(POLICY.format(percent=50))
    running = RunningPolicy(policy_file, alarms.append)
    knowledge = [Knowledge()]

    def policy() -> Policy:
        return running.policy

    state = OnlineState(ACCOUNTS, GROUPS)
    gateway = Gateway(policy, lambda: knowledge[0], state, KEY, alarms.append)
    held, actions, now = list[int](), Counter[str](), NOW
    gc.collect()
    gc.freeze()  # What is there by now is no garbage: looking for it takes as long as the requests.
    began = time.perf_counter()
    every = max(total // POINTS, 1)
    for number in range(total):
        decided = gateway.check(request_of(number), now)
        actions[decided.decision.action] += 1
        if decided.under_way is not None and number % 10:
            gateway.settle(decided.under_way, 300, now, turned_away=number % 7 == 0)
        now += timedelta(milliseconds=2)
        if number % every == every - 1:
            point = number // every
            policy_file.write_text(POLICY.format(percent=30 + point % 40))
            running.reload()
            members = {f"acct_{number // 3 + ahead}": Membership("c1", 7.5) for ahead in range(99)}
            knowledge[0] = replace(knowledge[0], campaigns=Campaigns(point, members))
            write_snapshot(state, number, "key_1", folder / "state.arrow")
            now -= timedelta(seconds=60 * (point % 10 == 0))
            gc.collect()
            held.append(resident_bytes())
    return held, actions, alarms, time.perf_counter() - began, state


if __name__ == "__main__":
    main()

"""Replay of logs: requests a second, by what takes the time.

Requests are texts of documentation by accounts drawn at random, in a Parquet log.
Reading the log, gathering facts and deciding are timed apart, by the clock on the wall and by the
processor time of the process, which counts nothing that others do. Once without a match list, and
once with one of as many random sketches as there are requests, of the first part of the log only:
there each prompt is compared by itself.

Run `python bench/gateway_replay.py`; `--smoke` has 5,000 requests.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gateway_speed import KEY, NOW, RULES, known
from phalanx.logs import open_log
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.policy.loading import parse_policy
from phalanx.prevent.replay.gathering import gather
from phalanx.prevent.replay.report import report_of
from phalanx.prevent.replay.running import TOKENS_PER_SECOND, replay, room_for
from populations import documentation_passages
from results import peak_memory_bytes, print_table, save

T = TypeVar("T")
POLICY = parse_policy(RULES.encode(), "bench")


def write_log(path: Path, requests: int, accounts: int) -> int:
    """Write a log; return the bytes of its prompts."""
    passages = pq.read_table(documentation_passages(path.parent))["prompt"].to_pylist()
    rng = np.random.default_rng(2)
    prompts = [passages[each] for each in rng.integers(len(passages), size=requests)]
    pq.write_table(
        pa.table(
            {
                "exchange_id": [f"r{number}" for number in range(requests)],
                "timestamp": [NOW + timedelta(milliseconds=10 * each) for each in range(requests)],
                "account_id": [f"acct_{each}" for each in rng.integers(accounts, size=requests)],
                "organisation": [f"org_{each}" for each in rng.integers(1_000, size=requests)],
                "model": ["large-1"] * requests,
                "system_prompt": ["You are a helpful assistant."] * requests,
                "prompt": prompts,
                "max_tokens": [1_000] * requests,
                "output_tokens": rng.integers(10, 1_000, size=requests),
                "status": [200] * requests,
            }
        ),
        path,
    )
    return sum(len(each.encode()) for each in prompts)


def timed(step: Callable[[], T]) -> tuple[T, float, float]:
    """Return what a step returns, and its seconds: on the wall, and of the processor."""
    began, began_busy = time.perf_counter(), time.process_time()
    made = step()
    return made, time.perf_counter() - began, time.process_time() - began_busy


def steps(
    batches: Iterable[pa.RecordBatch], knowledge: Knowledge
) -> dict[str, tuple[float, float]]:
    """Return seconds of each step, on the wall and of the processor."""
    traffic, *gathering = timed(lambda: gather(batches, POLICY, knowledge, KEY))
    state = room_for(traffic)
    made, *deciding = timed(lambda: replay(traffic, POLICY, state, lambda _share: None))
    _, *telling = timed(
        lambda: report_of(traffic, POLICY, made, 20, TOKENS_PER_SECOND, as_enforced=False)
    )
    named = {"gather facts": gathering, "decide": deciding, "tell by class": telling}
    return {name: (wall, busy) for name, (wall, busy) in named.items()}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    smoke = parser.parse_args().smoke
    requests, accounts = (5_000, 500) if smoke else (500_000, 50_000)
    compared = requests // 10
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        prompt_bytes = write_log(path, requests, accounts)
        steps(open_log(path).batches(), Knowledge())  # compiles kernels
        batches, *reading = timed(lambda: list(open_log(path).batches()))
    table = pa.Table.from_batches(batches)
    found = {"read the log": tuple(reading)} | steps(batches, Knowledge())
    with_templates = steps(table.slice(0, compared).combine_chunks().to_batches(), known(requests))
    rows, figures = [], {}
    whole = {"all": tuple(sum(each) for each in zip(*found.values(), strict=True))}
    for name, (wall, busy), count in (
        *((name, each, requests) for name, each in (found | whole).items()),
        ("gather facts, with a match list", with_templates["gather facts"], compared),
    ):
        rows.append((name, f"{count / busy:,.0f}", f"{count / wall:,.0f}"))
        figures[name] = {
            "cpu_requests_per_second": count / busy,
            "requests_per_second": count / wall,
        }
    load = os.getloadavg()[0]
    print_table(
        f"{requests:,} requests, {accounts:,} accounts, {prompt_bytes / requests:,.0f} bytes a "
        f"prompt; load {load:.1f} on {os.cpu_count()} cores; requests a second",
        ("step", "of processor time", "on the wall"),
        rows,
    )
    save(
        "gateway_replay",
        {
            "smoke": smoke, "requests": requests, "accounts": accounts, "load": load,
            "prompt_bytes": prompt_bytes / requests, "peak_memory_bytes": peak_memory_bytes(),
            "steps": figures,
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()

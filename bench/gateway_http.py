"""Decisions over HTTP: time of each at a rate of requests, as `wrk` sees it.

A gateway runs as a process of its own with the policy of `gateway_speed.py`. `wrk` sends requests
of documentation to `/v1/decide` over connections that stay open, each under another name and by an
account drawn at random. `wrk` has no rate of its own: each connection waits between its requests,
so that all together come to the rate, and what was reached is told beside it. Processor time is
that of the gateway, for each request.

Run `python bench/gateway_http.py`; `--smoke` lasts two seconds. It needs `wrk`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import pyarrow.parquet as pq

from gateway_speed import RULES
from populations import documentation_passages
from results import print_table, save

CONNECTIONS = 64
SCRIPT = """\
local prompts = {{}}
for line in io.lines("{prompts}") do prompts[#prompts + 1] = line end
local threads = 0
function setup(thread) thread:set("number", threads); threads = threads + 1 end
function init() math.randomseed(number); sent = 0 end
function delay() return math.random(0, {twice_mean_ms}) end
function request()
  sent = sent + 1
  local body = string.format(
    '{{"exchange_id":"%d-%d","account_id":"acct_%d","model":"large","max_tokens":500,"prompt":%s}}',
    number, sent, math.random(1, {accounts}), prompts[math.random(1, #prompts)])
  return wrk.format("POST", "/v1/decide", {{["Content-Type"] = "application/json"}}, body)
end
function done(summary, latency)
  print(string.format("RESULT %d %d %d %f %f %f", summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
"""


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1_200):
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz"):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    message = "the gateway does not listen"
    raise SystemExit(message)


def measured(rate: int, seconds: int, accounts: int, port: int, folder: Path) -> dict[str, float]:
    """Return what `wrk` saw of a gateway at a rate.

    Parameters:
        rate: Requests a second that are aimed at.
        seconds: For which they are sent.
        accounts: That send them.
        port: Of the gateway.
        folder: For its files.
    """
    script = folder / "requests.lua"
    script.write_text(
        SCRIPT.format(
            prompts=folder / "prompts.txt", accounts=accounts,
            twice_mean_ms=round(2_000 * CONNECTIONS / rate),
        )
    )  # fmt: skip
    words = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)]
    said = subprocess.run(
        [*words, f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True
    ).stdout
    found = re.search(r"RESULT (.*)", said)
    if found is None:
        raise SystemExit(said)
    requests, micros, errors, p50, p99, p999 = map(float, found[1].split())
    return {
        "requests": requests,
        "per_second": requests / micros * 1e6,
        "errors": errors,
        "p50_ms": p50 / 1e3,
        "p99_ms": p99 / 1e3,
        "p999_ms": p999 / 1e3,
    }


def main() -> None:
    """Measure, print a table, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--smoke", action="store_true")
    smoke = parser.parse_args().smoke
    if shutil.which("wrk") is None:
        print("skipped: wrk is not installed")
        return
    seconds, accounts = (2, 1_000) if smoke else (30, 100_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policy.toml").write_text(RULES)
        passages = pq.read_table(documentation_passages(folder))["prompt"].to_pylist()
        (folder / "prompts.txt").write_text(
            "\n".join(json.dumps(each) for each in passages[:2_000])
        )
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        words = ["gateway", "serve", "--policy", "policy.toml", "--port", str(port)]
        process = subprocess.Popen(
            [sys.executable, "-m", "phalanx", *words, "--clear-identifiers", "--state", "state"],
            cwd=folder, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _until_it_listens(port, process)
            measured(200, 1, accounts, port, folder)
            for rate in (200,) if smoke else (500, 1_000, 2_000):
                before = _processor_seconds(process.pid)
                seen = measured(rate, seconds, accounts, port, folder)
                spent = _processor_seconds(process.pid) - before
                seen["processor_us"] = spent / max(seen["requests"], 1) * 1e6
                print_table(
                    f"Decisions over HTTP, {rate:,} requests a second aimed at",
                    ["figure", "value"],
                    [[figure, f"{value:,.2f}"] for figure, value in seen.items()],
                )
                save("gateway_http", {"smoke": smoke, "rate": rate, "accounts": accounts, **seen})
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()

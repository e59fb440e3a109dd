"""The console under load: first response, 200 people at once, and a group of 5,000 accounts.

A scan of three campaigns, one of 5,000 accounts with 12,000 links, is served by `phalanx console`
as a process of its own. First each page is asked for alone; then 200 sessions ask for pages, one
after the other each, without a pause; then the whole group is placed and sent, and headless
Chromium draws it. A page counts from the request to its last byte, on the same machine; a drawing
from the press of its button to the last stroke.

Run `python bench/console_load.py`; `--smoke` has 8 sessions and a group of 400.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import numpy as np
import pyarrow as pa

from phalanx.console.people.roles import Role
from phalanx.console.people.sessions import begin_session
from phalanx.console.people.tables import SCHEMA
from phalanx.console.people.users import add_user
from phalanx.formats.folder import write_scan
from phalanx.share.hub.database import open_database
from phalanx.store import database_of
from results import print_table, save

ROOT = Path(__file__).parents[1]
GROUP = "campaign-7f3a19c2"
PAGES = ("/", "/campaigns", f"/campaigns/large/{GROUP}", "/findings", "/controls", "/me")


def large_scan(accounts: int, folder: Path) -> None:
    """Write a scan whose first campaign has so many accounts, tied in twelve parts."""
    sys.path.insert(0, str(ROOT))
    from tests.formats.conftest import CAMPAIGNS, scan_of

    first = replace(CAMPAIGNS[0], accounts=accounts)
    drawn = scan_of((first, *CAMPAIGNS[1:]))
    members = [each.account_id for each in drawn.campaigns[0].facts.members]
    rng = np.random.default_rng(5)
    links = accounts * 12 // 5
    one = rng.integers(accounts, size=links)
    part = accounts // 12
    two = (
        np.where(
            rng.random(links) < 0.93,
            (one // part) * part + rng.integers(part, size=links),
            rng.integers(accounts, size=links),
        )
        % accounts
    )
    rules = [("template", "PHX-D001"), ("payment", "PHX-D002"), ("address", "PHX-D003")]
    chosen = rng.integers(len(rules), size=links)
    table = pa.table(
        {
            "a": [members[each] for each in one],
            "b": [members[each] for each in two],
            "group_id": [GROUP] * links,
            "family": [rules[each][0] for each in chosen],
            "rule_id": [rules[each][1] for each in chosen],
            "value": [f"v{each}" for each in rng.integers(links // 3, size=links)],
            "sharing_parties": rng.integers(2, 9, size=links),
            "log_likelihood_ratio": rng.uniform(2, 9, size=links),
        },
        schema=drawn.links.schema,
    )
    write_scan(replace(drawn, links=table), folder)


def enter_people(path: Path, sessions: int) -> list[str]:
    """Make a database with one user and so many sessions; return their tokens."""
    database = open_database(database_of(str(path)), schema=SCHEMA)
    now = datetime.now(UTC)
    with database.write() as connection:
        add_user(connection, "ana", Role.ANALYST, None, now)
        tokens = [
            begin_session(connection, "ana", now.timestamp(), secrets.token_bytes)
            for _ in range(sessions)
        ]
    database.close()
    return tokens


def until_up(url: str) -> None:
    """Wait until the console answers."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            httpx2.get(f"{url}/healthz")
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return
    message = "the console did not begin to listen"
    raise RuntimeError(message)


def alone(url: str, cookie: dict[str, str], times: int) -> dict[str, list[float]]:
    """Ask for each page alone, and return the milliseconds that each took."""
    found: dict[str, list[float]] = {page: [] for page in PAGES}
    with httpx2.Client(base_url=url, cookies=cookie, timeout=60) as client:
        for _ in range(times):
            for page in PAGES:
                start = time.perf_counter()
                answer = client.get(page)
                found[page].append(1_000 * (time.perf_counter() - start))
                answer.raise_for_status()
    return found


async def together(url: str, name: str, tokens: list[str], each: int) -> tuple[list[float], float]:
    """Let all sessions ask at once; return milliseconds of each page, and seconds in all."""
    taken: list[float] = []
    limits = httpx2.Limits(max_connections=len(tokens), max_keepalive_connections=len(tokens))
    async with httpx2.AsyncClient(base_url=url, timeout=120, limits=limits) as client:

        async def person(number: int, token: str) -> None:
            for turn in range(each):
                page = PAGES[(number + turn) % len(PAGES)]
                start = time.perf_counter()
                answer = await client.get(page, headers={"cookie": f"{name}={token}"})
                taken.append(1_000 * (time.perf_counter() - start))
                answer.raise_for_status()

        start = time.perf_counter()
        await asyncio.gather(*(person(n, token) for n, token in enumerate(tokens)))
        return taken, time.perf_counter() - start


def drawn_seconds(url: str, cookie: dict[str, str], folder: Path) -> float | None:
    """Have a browser draw the whole group; return how long that took, None without a browser."""
    from tests.console.browser import PROGRAM, browsing

    if PROGRAM is None:
        return None
    with browsing(folder) as browser:
        for name, value in cookie.items():
            browser.call("Network.setCookie", url=url, name=name, value=value)
        browser.dress(width=1280, dark=False)
        browser.go(f"{url}/campaigns/large/{GROUP}")
        browser.click("[data-draw]")
        browser.wait_for("document.querySelector('[data-drawn]')")
        taken_ms = browser.look("document.querySelector('[data-drawn]').dataset.drawn")
    return float(taken_ms) / 1_000


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    smoke = parser.parse_args().smoke
    sessions, accounts, times = (8, 400, 2) if smoke else (200, 5_000, 20)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large_scan(accounts, folder / "large")
        (folder / "data").mkdir(mode=0o700)
        tokens = enter_people(folder / "data" / "console.db", sessions)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        url, cookie = f"http://127.0.0.1:{port}", f"phalanx-{port}"
        command = [sys.executable, "-m", "phalanx", "console", "--port", str(port), "-q"]
        command += ["--data", str(folder / "data"), "--scan", str(folder / "large")]
        process = subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL)
        try:
            until_up(url)
            first = alone(url, {cookie: tokens[0]}, 1)
            pages = alone(url, {cookie: tokens[0]}, times)
            taken, seconds = asyncio.run(together(url, cookie, tokens, 3 if smoke else 6))
            graph = f"/api/v1/campaigns/large/{GROUP}/graph"
            start = time.perf_counter()
            answer = httpx2.get(url + graph, cookies={cookie: tokens[0]}, timeout=120)
            placed = time.perf_counter() - start
            answer.raise_for_status()
            drawn = drawn_seconds(url, {cookie: tokens[0]}, folder)
            memory = _memory_bytes(process.pid)
        finally:
            process.terminate()
            process.wait()
    rows = [
        [page, f"{first[page][0]:.0f}", f"{np.median(ms):.1f}", f"{np.quantile(ms, 0.95):.1f}"]
        for page, ms in pages.items()
    ]
    print_table("Alone, milliseconds", ["page", "the first time", "median", "95 %"], rows)
    print_table(
        f"{sessions} people at once",
        ["pages", "pages a second", "median, ms", "95 %, ms", "worst, ms"],
        [[len(taken), f"{len(taken) / seconds:.0f}", f"{np.median(taken):.0f}",
          f"{np.quantile(taken, 0.95):.0f}", f"{max(taken):.0f}"]],
    )  # fmt: skip
    print_table(
        f"A group of {accounts:,} accounts",
        ["placed and sent, s", "bytes", "drawn in Chromium, s", "memory of the console, MB"],
        [[f"{placed:.2f}", f"{len(answer.content):,}",
          "no browser" if drawn is None else f"{drawn:.2f}", f"{memory / 1e6:.0f}"]],
    )  # fmt: skip
    save(
        "console_load",
        {
            "smoke": smoke,
            "sessions": sessions,
            "accounts": accounts,
            "first_ms": {page: round(ms[0], 1) for page, ms in first.items()},
            "median_ms": {page: round(float(np.median(ms)), 2) for page, ms in pages.items()},
            "together_pages_per_second": round(len(taken) / seconds, 1),
            "together_median_ms": round(float(np.median(taken)), 1),
            "together_p95_ms": round(float(np.quantile(taken, 0.95)), 1),
            "graph_seconds": round(placed, 3),
            "drawn_seconds": None if drawn is None else round(drawn, 3),
            "memory_bytes": memory,
        },
    )


def _memory_bytes(process: int) -> int:
    """Return the largest resident size of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024


if __name__ == "__main__":
    main()

"""Blinding: tokens from the key server, and what two members have in common, beside openmined.psi.

Tokens: a member asks a key server in a process of its own, over HTTP on this machine, with limits
and counts in SQLite. Intersection: 100,000 items asked of 1,000,000, one in seven of them shared,
each implementation in a process of its own, on the same items; both find the same number, or the
run fails. CPU seconds are user and system time of a process; other work on the machine does not
count.

Run `python bench/share_blinding.py --peer PYTHON`, where PYTHON is the interpreter of an
environment with `pip install openmined.psi==2.0.6`; without it only Phalanx is measured. `--smoke`
takes 1,000 against 10,000.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from phalanx.share.blinding.allowances import Limits
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.client import BlindingClient
from phalanx.share.blinding.epochs import EpochKey
from phalanx.share.blinding.keyring import add_epoch
from phalanx.share.blinding.members import add_member
from phalanx.share.blinding.tables import open_tables
from phalanx.store import place_of
from psi_peers.sides import SHARED_OF
from results import print_table, save

MODES = ("intersection", "cardinality")
_SERVE = """
import sys
from pathlib import Path
from phalanx.share.blinding.server import serve
from phalanx.share.blinding.settings import KeyServerSettings
from phalanx.store import place_of
serve(KeyServerSettings(Path(sys.argv[1], "keys"), place_of(sys.argv[1] + "/keys.db"),
                        port=int(sys.argv[2])))
"""


def measure_tokens(identifiers: int) -> dict[str, float]:
    """Return CPU seconds of both sides, for so many identifiers."""
    with tempfile.TemporaryDirectory() as folder:
        now = datetime.now(UTC)
        epoch = add_epoch(Path(folder, "keys"), now, timedelta(days=30), timedelta(days=7))
        limits = Limits(10**9, 10**9, 10**6)
        engine = open_tables(place_of(f"{folder}/keys.db"))
        api_key = add_member(engine, "north", limits, secrets.token_bytes, now)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-c", _SERVE, folder, str(port)]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            return _asked(server.pid, f"http://127.0.0.1:{port}", api_key, epoch, identifiers)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


def _asked(
    process: int, address: str, api_key: str, epoch: EpochKey, identifiers: int
) -> dict[str, float]:
    values = [f"person-{i}@example.com" for i in range(identifiers)]
    with httpx2.Client(base_url=address, timeout=60) as http:
        client = BlindingClient(KeyServer(http, api_key), epoch)
        client.tokens("email", ["first@example.com"])  # it has started by then
        before, begin = _cpu_seconds(process), time.perf_counter()
        begin_cpu = time.process_time()
        client.tokens("email", values)
        member, wall = time.process_time() - begin_cpu, time.perf_counter() - begin
        server = _cpu_seconds(process) - before
        first = []
        for _ in range(20):
            start = time.perf_counter()
            client.tokens("email", ["one@example.com"])
            first.append(time.perf_counter() - start)
    return {
        "identifiers": identifiers,
        "member_cpu_us": round(member / identifiers * 1e6, 1),
        "server_cpu_us": round(server / identifiers * 1e6, 1),
        "tokens_per_second": round(identifiers / wall),
        "one_lookup_ms": round(statistics.median(first) * 1e3, 1),
    }


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_intersection(
    python: str, name: str, asker: int, responder: int, mode: str
) -> dict[str, Any]:
    """Measure in an interpreter of its own."""
    command = [python, "-m", f"psi_peers.{name}", str(asker), str(responder), mode]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=Path(__file__).parent
    )
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if row["found"] != -(-asker // SHARED_OF):
        message = f"{name} found {row['found']} of {-(-asker // SHARED_OF)}"
        raise RuntimeError(message)
    return {"name": name, "mode": mode, **row}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asker", type=int, default=100_000)
    parser.add_argument("--responder", type=int, default=1_000_000)
    parser.add_argument("--tokens", type=int, default=50_000)
    parser.add_argument("--peer", help="Python with openmined.psi")
    parser.add_argument("--smoke", action="store_true", help="small sets")
    given = parser.parse_args()
    if given.smoke:
        given.asker, given.responder, given.tokens = 1_000, 10_000, 1_000
    tokens = measure_tokens(given.tokens)
    print_table("Tokens, one member, batches of 1,024", list(tokens), [list(tokens.values())])
    sides = [("ours", sys.executable)] + [("openmined", given.peer)] * bool(given.peer)
    rows = [
        measure_intersection(python, name, given.asker, given.responder, mode)
        for mode in MODES
        for name, python in sides
    ]
    print_table(
        f"{given.asker:,} items asked of {given.responder:,}: CPU seconds",
        ["mode", "", "ask", "answer", "read", "all", "sent MB", "peak MB", "found"],
        [
            [
                row["mode"], row["name"], *row["steps"].values(), row["cpu_seconds"],
                row["sent_mb"], row["peak_mb"], row["found"],
            ]
            for row in rows
        ],
    )  # fmt: skip
    if not given.peer:
        print_table("Not measured", ["peer", "why"], [["openmined.psi", "no --peer was named"]])
    figures = {"smoke": given.smoke, "asker": given.asker, "responder": given.responder}
    save("share_blinding", figures | {"tokens": tokens, "intersections": rows})


if __name__ == "__main__":
    main()

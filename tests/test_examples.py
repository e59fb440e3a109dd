"""The examples run as they stand, and show what they promise."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def _free_ports(count: int) -> list[str]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [str(probe.getsockname()[1]) for probe in probes]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_providers_find_together_what_one_cannot_alone(tmp_path: Path) -> None:
    """B lists nobody alone, and by what A shared its part of the campaign; A hears of it."""
    hub_port, keys_port = _free_ports(2)
    tools = str(Path(sys.executable).parent)
    done = subprocess.run(
        ["bash", str(EXAMPLES / "two_providers.sh"), str(tmp_path / "work")],
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
             "HUB_PORT": hub_port, "KEYS_PORT": keys_port},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    alone = done.stdout.split("== B scans its log alone")[1].split("== B pulls")[0]
    together = done.stdout.split("== B pulls, matches")[1].split("== B answers")[0]
    assert "No campaign in" in alone
    assert "1 campaign with 45 accounts" in together
    assert "POSITIVE, 1 agree, 0 disagree, 1 saw it too" in done.stdout
    assert "of 1 reader 1 removed it" in done.stdout

"""Members whose runs are killed: nothing is lost, nothing leaves twice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from phalanx.share.exchange.found import FoundCampaign
from phalanx.share.exchange.publishing import join, prepared

Make = Callable[..., FoundCampaign]
KILLS = 5


def _killed(alliance: Any, name: str, command: str, seconds: float) -> None:
    """Run a command of a member as a process, and kill it after a time."""
    config = str(alliance.folder / name / "alliance.toml")
    words = [sys.executable, "-m", "phalanx", "share", command, "--alliance-config", config]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.kill()
    process.wait()


def test_runs_that_are_killed_lose_nothing_and_send_nothing_twice(
    alliance: Any, found: Make
) -> None:
    """After kills at any moment the next runs leave hub and list as if there had been none."""
    moments = random.Random(7)
    house = alliance.house("a")
    carried = [("device", f"device {number}") for number in range(30)]
    campaign = found(identifiers=tuple(carried))
    join(house, prepared(house, [campaign], alliance.tokens("a", carried)))
    for _ in range(KILLS):
        _killed(alliance, "a", "publish", moments.uniform(0.6, 3.0))
    alliance.send("a", ())
    with alliance.collection("c") as collection:
        body = json.loads(collection.server.ask("GET", f"{collection.path}objects/").body)
    versions = Counter((each["id"], each.get("modified")) for each in body["objects"])
    assert set(versions.values()) == {1}
    notes = [each for each in body["objects"] if each["type"] == "note"]
    assert len(body["objects"]) - len(notes) == 64
    for _ in range(KILLS):
        _killed(alliance, "b", "pull", moments.uniform(0.6, 3.0))
    pulled = alliance.pull("b")
    fresh = alliance.pull("c")
    assert pulled.matches.table.equals(fresh.matches.table)
    assert pulled.received.rejected == fresh.received.rejected == []
    assert pulled.matches.table.num_rows == 30 + 1 + 3
    alliance.house("a").audit.verify()
    alliance.house("b").audit.verify()

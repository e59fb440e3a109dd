"""Hubs that are killed, and hubs that share one database."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

Make = Callable[..., dict[str, Any]]
TAXII = "application/taxii+json;version=2.1"
BATCH = 25
PAUSE_SECONDS = 0.03
"""Between batches, so that what is read in a round stays small."""

FAST = {"requests_per_second": 1e9, "burst_requests": 1e9}


@dataclass
class Writer:
    """A member that goes on adding objects, whatever becomes of the hub."""

    url: str
    key: str
    make: Make
    start: int
    acknowledged: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send batch after batch; one that was not acknowledged is sent again."""
        session, number = _session(self.key), self.start
        while not self.stop.is_set():
            objects = [self.make(number + at) for at in range(BATCH)]
            try:
                answer = session.post(self.url, data=json.dumps({"objects": objects}), timeout=30)
            except requests.RequestException:
                time.sleep(0.02)
                continue
            assert answer.status_code in {202, 503}, answer.text
            time.sleep(PAUSE_SECONDS)
            if answer.status_code == 202:
                assert answer.json()["success_count"] == BATCH
                self.acknowledged += [each["id"] for each in objects]
                number += BATCH


def _session(key: str) -> requests.Session:
    session = requests.Session()
    session.headers.update(
        {"Accept": TAXII, "Content-Type": TAXII, "Authorization": f"Bearer {key}"}
    )
    return session


@dataclass
class Reader:
    """A member that reads what came since it last read, through any failure."""

    urls: list[str]
    key: str
    limit: int = 60
    added_after: str | None = None

    def read(self) -> list[str]:
        """Return the names of a whole list, read page by page from one hub after the other."""
        session = _session(self.key)
        seen: list[str] = []
        asked = {"limit": str(self.limit)}
        if self.added_after:
            asked["added_after"] = self.added_after
        turn = 0
        while True:
            turn += 1
            try:
                answer = session.get(self.urls[turn % len(self.urls)], params=asked, timeout=30)
            except requests.RequestException:
                time.sleep(0.02)
                continue
            if answer.status_code == 503:
                continue
            assert answer.status_code == 200, answer.text
            page = answer.json()
            seen += [each["id"] for each in page.get("objects", ())]
            self.added_after = answer.headers.get("X-TAXII-Date-Added-Last", self.added_after)
            if not page.get("more"):
                return seen
            asked = {"next": page["next"]}


def _kill_often(alliance: Any, indicator: Make, kills: int) -> None:
    chance = random.Random(kills)
    hub = alliance.run(**FAST)
    url = f"http://127.0.0.1:{hub.port}{alliance.open}objects/"
    writers = [
        Writer(url, alliance.keys[who], indicator, start)
        for who, start in (("north", 10**9), ("south", 2 * 10**9))
    ]
    reader, seen = Reader([url], alliance.keys["east"], limit=40), list[str]()
    with ThreadPoolExecutor() as pool:
        written = [pool.submit(writer.run) for writer in writers]
        try:
            for _ in range(kills):
                time.sleep(chance.uniform(0.1, 0.6))
                before = _acknowledged(writers)
                reading = pool.submit(reader.read)
                time.sleep(chance.uniform(0.0, 0.1))
                hub.kill()
                hub.wait()
                seen += reading.result()
                assert len(seen) == len(set(seen))
                assert set(before) <= set(seen)
        finally:
            for writer in writers:
                writer.stop.set()
        for each in written:
            each.result()
    found = Reader([url], alliance.keys["east"], limit=1_000).read()
    acknowledged = _acknowledged(writers)
    assert len(found) == len(set(found))
    assert len(acknowledged) >= BATCH * kills
    assert set(acknowledged) <= set(found)
    # What was stored, but not acknowledged, is at most the batch that was on its way.
    assert len(found) <= len(acknowledged) + BATCH * len(writers)


def _acknowledged(writers: Sequence[Writer]) -> list[str]:
    return [name for writer in writers for name in tuple(writer.acknowledged)]


def test_killed_under_load(alliance: Any, indicator: Make) -> None:
    """No acknowledged object is lost, and no paged read through a kill serves one twice."""
    _kill_often(alliance, indicator, 3)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_killed_under_load_fifty_times(alliance: Any, indicator: Make) -> None:
    """The same, for longer."""
    _kill_often(alliance, indicator, 50)


def test_two_hubs_on_one_database(alliance: Any, indicator: Make) -> None:
    """Pages of one go on at the other, and a reader of deltas misses nothing that either takes.

    On SQLite too: two processes on one machine may share a file.
    """
    hubs = [alliance.run(**FAST) for _ in range(2)]
    urls = [f"http://127.0.0.1:{hub.port}{alliance.open}" for hub in hubs]
    writers = [
        Writer(url + "objects/", alliance.keys[who], indicator, start)
        for url, who, start in zip(urls, ("north", "south"), (10**9, 2 * 10**9), strict=True)
    ]
    session = _session(alliance.keys["east"])
    seen: list[dict[str, str]] = []

    def read_delta(turn: int) -> bool:
        asked = {"added_after": seen[-1]["date_added"]} if seen else {}
        answer = session.get(urls[turn % 2] + "manifest/", params=asked, timeout=30)
        assert answer.status_code == 200, answer.text
        seen.extend(answer.json().get("objects", ()))
        return bool(answer.json())

    with ThreadPoolExecutor() as pool:
        written = [pool.submit(writer.run) for writer in writers]
        for turn in range(40):
            read_delta(turn)
        for writer in writers:
            writer.stop.set()
        for each in written:
            each.result()
    turn = 0
    while read_delta(turn):
        turn += 1
    names = [each["id"] for each in seen]
    assert len(names) == len(set(names))
    assert set(names) == set(_acknowledged(writers))
    moments = [each["date_added"] for each in seen]
    assert moments == sorted(set(moments))
    both = Reader([url + "objects/" for url in urls], alliance.keys["east"]).read()
    assert both == names
    token = session.post(urls[0].split("/alliance")[0] + "/x-token/", timeout=30).json()["token"]
    session.headers["Authorization"] = f"Bearer {token}"
    assert session.get(urls[1], timeout=30).status_code == 200

"""Speed of the hub, beside the OASIS reference server, on the same objects.

Objects are sent in batches of 1,000 over one connection, then all are read in pages of 1,000,
at each size in turn. Pages and filters are asked for up to twenty times. The hub
runs on SQLite and on PostgreSQL, with the schema of each object checked, and with the disclosure
gate deciding as well; on SQLite also with nothing checked but structure.

Rates are given over the clock and over the CPU time that the server used, with that of PostgreSQL,
because client, server and whatever else runs share the machine. So are the times of answers.

The peer is medallion with its store in memory. The cost of a page of it grows with the square
of what it holds (minutes for 4,000 objects), so it is given few.

Run `python bench/share_hub.py`; `--smoke` takes 1,500 objects. The full run adds 1,000,000
to the hubs with the gate.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import requests

from hub_objects import RARE, objects
from hub_servers import Server, hub, medallion, postgres, serve
from results import print_table, save

BATCH = 1_000
REPEATED = 20
MOST_SECONDS = 15
"""After which a question is not repeated."""

LEAST_CPU_SECONDS = 0.05
"""Five ticks of the clock by which the system counts CPU time, a hundredth of a second each."""

PEER_OBJECTS = [500, 2_000]


class _Page(msgspec.Struct):
    more: bool = False
    next: str = ""
    objects: list[msgspec.Raw] = []  # msgspec copies defaults


class _Record(msgspec.Struct):
    id: str = ""
    date_added: str = ""
    version: str = ""


_READ = msgspec.json.Decoder(_Page)


@dataclass(frozen=True, slots=True)
class Answered:
    """How long a question takes."""

    ms: float
    """By the clock of who asks, the median."""

    cpu_ms: float
    """Of the server, on average."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one server did at one size."""

    objects: int
    write_per_second: float
    """By the clock."""

    write_per_cpu_second: float | None
    """Of the server, that of its database included; `None` if it used less than can be told."""

    read_per_second: float
    read_per_cpu_second: float | None
    first_page: Answered
    manifest: Answered
    by_id: Answered
    by_type: Answered
    by_version: Answered
    added_after: Answered


class Client:
    """Measures one server that begins empty.

    Parameters:
        server: That runs.
    """

    def __init__(self, server: Server) -> None:
        """Connect once."""
        self._server = server
        self._session = requests.Session()
        self._session.headers.update(server.headers)
        self._held = 0
        self._added = ""
        """When the newest but one batch was added, for deltas."""

    def figures(self, size: int) -> Figures:
        """Fill the server up to a size, and measure it there.

        Parameters:
            size: Objects, more than it holds, a multiple of the batch.
        """
        added = size - self._held
        wrote, write_cpu = self._timed(lambda: self._fill(size))
        read, read_cpu = self._timed(lambda: self._read(size))
        newest = self._newest()
        rare = {"match[type]": "ipv4-addr"} if size >= RARE else {}
        return Figures(
            objects=size,
            write_per_second=round(added / wrote),
            write_per_cpu_second=_rate(added, write_cpu),
            read_per_second=round(size / read),
            read_per_cpu_second=_rate(size, read_cpu),
            first_page=self._answered("objects/", limit=BATCH),
            manifest=self._answered("manifest/", limit=BATCH),
            by_id=self._answered("objects/", **{"match[id]": newest.id}),
            by_type=self._answered("objects/", limit=20, **rare),
            by_version=self._answered("objects/", limit=20, **{"match[version]": newest.version}),
            added_after=self._answered("objects/", limit=20, added_after=newest.date_added),
        )

    def _timed(self, work: Callable[[], float]) -> tuple[float, float]:
        """Return the seconds that the client waited, and those that the server computed."""
        before = self._server.cpu_seconds()
        seconds = work()
        return seconds, self._server.cpu_seconds() - before

    def _fill(self, size: int) -> float:
        waited = 0.0
        for start in range(self._held, size, BATCH):
            body = b'{"objects":[' + b",".join(objects(start, min(BATCH, size - start))) + b"]}"
            began = time.perf_counter()
            answer = self._session.post(self._server.url + "objects/", data=body)
            waited += time.perf_counter() - began
            said = answer.json()
            if answer.status_code != 202 or said["success_count"] != min(BATCH, size - start):
                message = f"{answer.status_code}: {answer.text[:300]}"
                raise RuntimeError(message)
        self._held = size
        return waited

    def _read(self, size: int) -> float:
        waited, seen, asked = 0.0, 0, {"limit": str(BATCH)}
        while True:
            began = time.perf_counter()
            answer = self._session.get(self._server.url + "objects/", params=asked)
            waited += time.perf_counter() - began
            page = _READ.decode(answer.content)
            seen += len(page.objects)
            if not page.more:
                break
            self._added = answer.headers.get("X-TAXII-Date-Added-Last", "")
            asked = {"limit": str(BATCH), "next": page.next}
        if seen != size:
            message = f"{seen} objects were read of {size}"
            raise RuntimeError(message)
        return waited

    def _newest(self) -> _Record:
        """Return the record of what was added last."""
        after = self._added
        manifest = self._get("manifest/", limit=BATCH, **({"added_after": after} if after else {}))
        return msgspec.json.decode(_READ.decode(manifest).objects[-1], type=_Record)

    def _get(self, endpoint: str, **asked: object) -> bytes:
        parameters = {name: str(value) for name, value in asked.items()}
        answer = self._session.get(self._server.url + endpoint, params=parameters)
        answer.raise_for_status()
        return answer.content

    def _answered(self, endpoint: str, **asked: object) -> Answered:
        times: list[float] = []
        before = self._server.cpu_seconds()
        while len(times) < REPEATED and sum(times) < MOST_SECONDS:
            began = time.perf_counter()
            self._get(endpoint, **asked)
            times.append(time.perf_counter() - began)
        cpu = (self._server.cpu_seconds() - before) / len(times)
        return Answered(round(statistics.median(times) * 1e3, 1), round(cpu * 1e3, 1))


def _rate(objects: int, cpu_seconds: float) -> float | None:
    """Return objects per CPU second, or nothing where the system's clock is too coarse."""
    return round(objects / cpu_seconds) if cpu_seconds >= LEAST_CPU_SECONDS else None


def runs(
    folder: Path, process: int, databases: Mapping[str, str], arguments: argparse.Namespace
) -> Iterator[tuple[str, AbstractContextManager[Server], list[int]]]:
    """Yield each server that is measured, with the sizes at which."""
    sizes: list[int] = arguments.objects
    fewer = sizes[:2]
    yield "medallion", medallion(folder), arguments.peer_objects
    yield "SQLite, structure", hub(str(folder / "structure.hub"), folder, "structure"), fewer
    for checks, some in (("schema", fewer), ("schema and gate", sizes)):
        file = str(folder / f"{checks.replace(' ', '-')}.hub")
        yield f"SQLite, {checks}", hub(file, folder, checks), some
        if process:
            url = databases[checks.partition(" ")[0] + checks.partition("and ")[2]]
            running = hub(url, folder, checks, database_process=process)
            yield f"PostgreSQL, {checks}", running, some


def _cell(value: object) -> object:
    """Return a figure as it stands in the table."""
    if isinstance(value, dict):
        return f"{value['ms']} / {value['cpu_ms']}"
    return "-" if value is None else value


def main() -> None:
    """Measure all servers and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--peer-objects", type=int, nargs="*", default=PEER_OBJECTS)
    parser.add_argument("--only", help="one server, by its name")
    parser.add_argument("--smoke", action="store_true", help="1,500 objects, 200 for the peer")
    parser.add_argument("--serve", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    if arguments.smoke:
        arguments.objects, arguments.peer_objects = [500, 1_500], [200]
    results: dict[str, list[dict[str, object]]] = {}
    with tempfile.TemporaryDirectory() as folder, postgres(["schema", "schemagate"]) as served:
        if not served[0]:
            print("PostgreSQL is not installed: the hub is measured on SQLite only")
        for name, running, sizes in runs(Path(folder), *served, arguments):
            if arguments.only not in {None, name}:
                continue
            with running as server:
                client = Client(server)
                for size in sizes:
                    figures = client.figures(size)
                    results.setdefault(name, []).append(msgspec.to_builtins(figures))
                    print(f"{name}: {figures}", flush=True)
    print_table(
        "The hub: objects a second, ms of pages and of filters; by the clock / by CPU",
        [
            "what",
            "size",
            "write/s",
            "CPU",
            "read/s",
            "CPU",
            "page",
            "manifest",
            "id",
            "type",
            "version",
            "after",
        ],
        [[name, *map(_cell, row.values())] for name, rows in results.items() for row in rows],
    )
    # Others may have used the machine: the rates over CPU time do not depend on that.
    known = {"rates": "over the clock, and over CPU time of server and database"}
    save("share_hub", {**known, "smoke": arguments.smoke, "results": results})


if __name__ == "__main__":
    main()

"""The ledger with a million events: how fast it grows, how fast one event is proved and verified.

Events are recorded in batches, as programs that have many do; each batch is on the disk, and in
the signed log, when it returns. Proofs are of events drawn at random, each read from the folder as
it lies, and verified with the key alone. A ledger of one event a batch is measured beside it: there
the disk is waited for six times an event. What `govern verify` takes for the whole is told too.

Figures are by the clock and by CPU; the folder is on the disk that `--folder` names.

Run `python bench/govern_ledger.py`; `--smoke` records 20,000 events.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from phalanx.govern.ledger import Ledger, begin_ledger, open_ledger, parse_proved_event
from phalanx.model.event import Event
from phalanx.transparency.policy import Policy
from results import peak_memory_bytes, print_table, save

BEGUN = datetime(2026, 11, 27, 9, tzinfo=UTC)
SECOND = int(BEGUN.timestamp())
BATCH = 10_000
PROOFS = 200
SINGLE = 20

GOAL_PER_SECOND, GOAL_PROOF_SECONDS = 20_000, 0.005


@dataclass(frozen=True)
class Took:
    """How long something took."""

    clock: float
    cpu: float


class Watch:
    """Measures what happens between two looks."""

    def __init__(self) -> None:
        """Begin."""
        self._clock, self._cpu = time.perf_counter(), time.process_time()

    def look(self) -> Took:
        """Return what passed, and begin again."""
        clock, cpu = time.perf_counter(), time.process_time()
        took = Took(clock - self._clock, cpu - self._cpu)
        self._clock, self._cpu = clock, cpu
        return took


def batches(events: int) -> Iterator[list[Event]]:
    """Yield events as the gateway and the alliance make them."""
    for start in range(0, events, BATCH):
        yield [
            Event(
                kind="decision", at=BEGUN + timedelta(milliseconds=number), actor="gateway",
                subject=f"campaign {number % 997}", digest=f"{number:064x}",
                facts={"rule": "PHX-G004", "number": number},
            )
            for number in range(start, min(start + BATCH, events))
        ]  # fmt: skip


def grow(ledger: Ledger, events: int, drawn: random.Random) -> Took:
    """Record events; making them is not measured."""
    clock = cpu = 0.0
    for batch in batches(events):
        watch = Watch()
        ledger.record(batch, drawn.randbytes, SECOND)
        took = watch.look()
        clock, cpu = clock + took.clock, cpu + took.cpu
    return Took(clock, cpu)


def prove(folder: Path, events: int, drawn: random.Random) -> tuple[list[float], list[float]]:
    """Prove and verify events; return the seconds of each, by the clock."""
    proving, verifying = [], []
    policy = Policy(logs=(open_ledger(folder).key,))
    for _ in range(PROOFS):
        number = drawn.randrange(events)
        watch = Watch()
        text = open_ledger(folder).prove(number).as_text().encode()
        proving.append(watch.look().clock)
        proved = parse_proved_event(text, "it")
        checkpoint = proved.verify(policy, "it")
        verifying.append(watch.look().clock)
        if checkpoint.size != events or proved.event.facts["number"] != number:
            message = f"event {number} was proved as another"
            raise RuntimeError(message)
    return sorted(proving), sorted(verifying)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    events = 20_000 if options.smoke else options.events
    drawn = random.Random(7)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name) / "ledger"
        ledger = begin_ledger(folder, "lab.example/ledger", SECOND)
        grown = grow(ledger, events, drawn)
        proving, verifying = prove(folder, events, drawn)
        size = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
        watch = Watch()
        ledger.check()
        checked = watch.look()
        alone = begin_ledger(Path(name) / "alone", "lab.example/alone", SECOND)
        watch.look()
        for (event, *_), _ in zip(batches(SINGLE * BATCH), range(SINGLE), strict=True):
            alone.record([event], drawn.randbytes, SECOND)
        single = watch.look()
    per_second, per_cpu = events / grown.clock, events / grown.cpu
    median = proving[len(proving) // 2]
    print_table(
        f"A ledger of {events:,} events, {size / events:,.0f} bytes each",
        ("what", "measured", "goal"),
        [
            ("recorded in batches of 10,000, a second", f"{per_second:,.0f}",
             f"{GOAL_PER_SECOND:,}"),
            ("the same, a CPU second", f"{per_cpu:,.0f}", ""),
            ("proof, median ms", f"{1e3 * median:.2f}", f"{1e3 * GOAL_PROOF_SECONDS:.0f}"),
            ("proof, 99th percentile ms", f"{1e3 * proving[int(0.99 * PROOFS)]:.2f}", ""),
            ("verified, median ms", f"{1e3 * verifying[PROOFS // 2]:.2f}", ""),
            ("whole ledger verified, CPU s", f"{checked.cpu:.1f}", ""),
            ("recorded one at a time, a second", f"{SINGLE / single.clock:,.0f}", ""),
        ],
    )  # fmt: skip
    save(
        "govern_ledger",
        {
            "smoke": options.smoke,
            "events": events,
            "bytes_per_event": size / events,
            "recorded_per_second": per_second,
            "recorded_per_cpu_second": per_cpu,
            "proof_median_seconds": median,
            "proof_p99_seconds": proving[int(0.99 * PROOFS)],
            "verify_median_seconds": verifying[PROOFS // 2],
            "check_cpu_seconds": checked.cpu,
            "single_per_second": SINGLE / single.clock,
            "peak_memory_bytes": peak_memory_bytes(),
        },
    )


if __name__ == "__main__":
    main()

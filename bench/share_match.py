"""Matching prompts against the templates of others: size, speed and reloads, beside datasketch.

The list is filled with sketches drawn at random, which is what unrelated templates look like, and
those of a thousand of the prompts that are asked, so that there is something to find. Each prompt
is a text of documentation, sketched and looked up by all its views. CPU seconds are those of the
thread that asks; while a list is reloaded, another thread takes in deltas of 10,000 rows that
come and 10,000 that go, one after the other. datasketch holds what fits, and its size is named.
Each index stands in a process of its own.

Blinded matching of identifiers is measured in `bench/share_blinding.py`, beside openmined.psi.

Run `python bench/share_match.py`; `--smoke` holds 20,000 sketches.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.sketches.templates import (
    GroupKey,
    GroupKeys,
    TemplateIndex,
    TemplateRows,
    match_prompts,
    read_listed_templates,
    sketch_of,
)
from phalanx.sketches.templates.kernel import SHINGLE_WORDS
from phalanx.sketches.templates.rows import identifiers_of
from populations import documentation_passages
from results import peak_memory_bytes, print_table, save

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = GroupKey(1, date(2026, 1, 1), b"k" * 32)
PLANTED = 1_000
DELTA_ROWS = 10_000


def texts(count: int) -> list[str]:
    """Return documents of some eighty words: two passages each, all different."""
    with tempfile.TemporaryDirectory() as folder:
        passages = pq.read_table(documentation_passages(Path(folder)))["prompt"].to_pylist()
    drawn = np.random.default_rng(1).integers(len(passages), size=(count, 2))
    return [f"{passages[first]} {passages[second]}" for first, second in drawn.tolist()]


def rows_of(count: int, seed: int, prompts: list[str]) -> TemplateRows:
    """Draw rows, the first of them sketches of prompts."""
    drawn = np.random.default_rng(seed)
    minhash = drawn.integers(256, size=(count, 128), dtype=np.uint8)
    planted = sketch_of(pa.array(prompts, pa.string()), KEY).minhash[:count]
    minhash[: len(planted)] = planted
    uuids = drawn.integers(2**64, size=(count, 2), dtype=np.uint64)
    codes = drawn.integers(1 + count // 100, size=count, dtype=np.int32)
    names = tuple(f"campaign--{number}" for number in range(1 + count // 100))
    return TemplateRows(1, minhash, uuids, codes, names, np.full(count, 2**62, np.int64))


def measure_ours(count: int, asked: int) -> dict[str, float]:
    """Measure an index of so many sketches."""
    prompts = texts(asked)
    column, keys = pa.array(prompts), GroupKeys((KEY,))
    small = TemplateIndex([rows_of(100, 1, prompts[:1])])
    match_prompts(column, small.snapshot, keys, NOW)  # compiles
    rows = rows_of(count, 2, prompts[:PLANTED])
    deltas = [rows_of(DELTA_ROWS, 3 + number, []) for number in range(8)]
    begin = time.process_time()
    index = TemplateIndex([rows])
    build = time.process_time() - begin
    held_bytes = index.snapshot.size_bytes
    begin = time.thread_time()
    found = match_prompts(column, index.snapshot, keys, NOW)
    quiet = time.thread_time() - begin
    hits = len(set(found.table["prompt"].to_pylist()) & set(range(PLANTED)))
    if hits < min(PLANTED, asked):
        message = f"found {hits} of {PLANTED} planted prompts"
        raise RuntimeError(message)
    reloads: list[float] = []
    stop = threading.Event()

    def reload() -> None:
        gone: list[str] = []
        while not stop.is_set():
            delta = deltas[len(reloads) % len(deltas)]
            start = time.thread_time()
            index.apply([delta], gone)
            reloads.append(time.thread_time() - start)
            gone = identifiers_of(delta.indicator)

    writer = threading.Thread(target=reload)
    writer.start()
    begin, begin_wall, rounds = time.thread_time(), time.perf_counter(), 0
    while time.perf_counter() - begin_wall < 5 or len(reloads) < 2:
        match_prompts(column, index.snapshot, keys, NOW)
        rounds += 1
    busy = (time.thread_time() - begin) / rounds
    stop.set()
    writer.join()
    return {
        "sketches": count,
        "arrays_gb": round(held_bytes / 1e9, 2),
        "peak_gb": round(peak_memory_bytes() / 1e9, 2),
        "build_cpu_s": round(build, 2),
        "lookups_per_s": round(asked / quiet),
        "lookups_per_s_reloading": round(asked / busy),
        "delta_cpu_s": round(float(np.median(reloads)), 3),
    }


def measure_list(count: int) -> dict[str, float]:
    """Measure the reading of a whole list, and bringing an index in line with it."""
    rows = rows_of(count, 2, [])
    table = pa.table(
        {
            "indicator": identifiers_of(rows.indicator),
            "campaign": [rows.campaigns[code] for code in rows.campaign.tolist()],
            "kind": pa.repeat("template", count),
            "epoch": pa.array(np.ones(count, np.int32)),
            "minhash": pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(128), count, [None, pa.py_buffer(rows.minhash)]
            ).cast(pa.binary()),
            "minhash_bits": pa.array(np.full(count, 8, np.int8)),
            "shingle_size": pa.array(np.full(count, SHINGLE_WORDS, np.int8)),
            "canonicaliser": pa.repeat("phalanx/1", count),
            "verdict": pa.repeat("none", count),
            "valid_until": pa.array(np.full(count, 2**50)).cast(pa.timestamp("us", "UTC")),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "match_list.parquet")
        pq.write_table(table, path)
        del table
        begin = time.process_time()
        read, _ = read_listed_templates(path)
        read_seconds = time.process_time() - begin
        index = TemplateIndex(read)
        begin = time.process_time()
        index.replace(read)
        return {
            "list_rows": count,
            "list_mb": round(path.stat().st_size / 1e6),
            "read_cpu_s": round(read_seconds, 2),
            "compare_cpu_s": round(time.process_time() - begin, 2),
        }


def measure_datasketch(count: int, asked: int) -> dict[str, float]:
    """Measure MinHashLSH at the same threshold and number of values."""
    from datasketch import MinHash, MinHashLSH

    def sketch(text: str) -> MinHash:
        words = text.lower().split()
        minhash = MinHash(num_perm=128, permutations=template.permutations, scheme=template.scheme)
        minhash.update_batch(
            [" ".join(words[at : at + 3]).encode() for at in range(len(words) - 2)]
        )
        return minhash

    template = MinHash(num_perm=128)
    prompts = texts(asked)
    drawn = np.random.default_rng(2)
    begin = time.process_time()
    index = MinHashLSH(threshold=0.5, num_perm=128)
    with index.insertion_session() as session:
        for number in range(count):
            if number < PLANTED:
                minhash = sketch(prompts[number % asked])
            else:
                values = drawn.integers(2**32, size=128, dtype=np.uint32)
                minhash = MinHash(
                    num_perm=128,
                    hashvalues=values,
                    permutations=template.permutations,
                    scheme=template.scheme,
                )
            session.insert(str(number), minhash)
    build = time.process_time() - begin
    begin = time.process_time()
    hits = sum(bool(index.query(sketch(prompt))) for prompt in prompts)
    busy = time.process_time() - begin
    if hits < min(PLANTED, asked):
        message = f"datasketch found {hits} of {PLANTED}"
        raise RuntimeError(message)
    return {
        "sketches": count,
        "peak_gb": round(peak_memory_bytes() / 1e9, 2),
        "build_cpu_s": round(build, 2),
        "lookups_per_s": round(asked / busy),
    }


MEASURES = {"ours": measure_ours, "datasketch": measure_datasketch}


def in_a_process(name: str, count: int, asked: int) -> dict[str, float]:
    """Measure one of them in a process of its own."""
    command = [sys.executable, __file__, "--only", name, str(count), str(asked)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    row: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sketches", type=int, default=10_000_000)
    parser.add_argument("--peer-sketches", type=int, default=200_000)
    parser.add_argument("--asked", type=int, default=20_000)
    parser.add_argument("--smoke", action="store_true", help="small lists")
    parser.add_argument("--only", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        name, count, asked = given.only
        print(json.dumps(MEASURES[name](int(count), int(asked))))
        return
    if given.smoke:
        given.sketches, given.peer_sketches, given.asked = 20_000, 3_000, 2_000
    rows: list[dict[str, object]] = [
        {"name": name, **in_a_process(name, count, asked)}
        for name, count, asked in (
            ("ours", given.sketches, given.asked),
            ("ours", given.peer_sketches, given.asked),
            ("datasketch", given.peer_sketches, min(given.asked, 5_000)),
        )
    ]
    columns = list(rows[0])
    print_table(
        "Templates held, lookups on one core",
        columns,
        [[row.get(column, "") for column in columns] for row in rows],
    )
    whole = measure_list(given.sketches // 10)
    print_table("A whole list", list(whole), [list(whole.values())])
    save("share_match", {"smoke": given.smoke, "held": rows, "list": whole})


if __name__ == "__main__":
    main()

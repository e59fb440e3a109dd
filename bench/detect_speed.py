"""Speed and memory of a whole scan, beside peers on the same exchanges.

Each measurement runs in a process of its own, so that peak memory is its own. Peers:
datasketch MinHash LSH with networkx components (near-duplicate prompts across accounts),
and scikit-learn's IsolationForest on the account features that the scan computes. Neither
peer does the rest of a scan; they show what its two halves cost elsewhere.

Run `python bench/detect_speed.py`; `--smoke` takes 20,000 exchanges.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from results import peak_memory_bytes, print_table, save

if TYPE_CHECKING:
    from phalanx.detect import ScanConfig

EXCHANGES_PER_ACCOUNT = 100
"""Both sizes have the same traffic per account over their two weeks."""

KNOWN_PROMPTS = 50_000
"""Prompts of the log's beginning in the known set, about the size of a public seed set."""

PEER_EXCHANGES = 100_000
"""Exchanges for the MinHash peer, which is far slower; its rate is per exchange."""


def write_log(rows: int, accounts: int, path: Path) -> None:
    """Write benchmark traffic of 60 to 300 words a prompt, see `dense_exchanges`."""
    from phalanx.detect.simulate import dense_exchanges

    writer = None
    for batch in dense_exchanges(rows=rows, accounts=accounts, seed=1):
        writer = writer or pq.ParquetWriter(path, batch.schema, compression="zstd")
        writer.write_batch(batch)
    if writer is not None:
        writer.close()


def measure_scan(path: Path) -> dict[str, object]:
    """Scan a log with default settings."""
    from phalanx.detect import ScanConfig

    return timed_scan(path, ScanConfig())


def measure_known(path: Path) -> dict[str, object]:
    """Scan a log with the sketch of a known set, of which part is in it."""
    from phalanx.detect import ScanConfig
    from phalanx.sketches.prompts import sketch_corpus

    first = next(pq.ParquetFile(path).iter_batches(KNOWN_PROMPTS, columns=["prompt"]))
    return timed_scan(path, ScanConfig(known_corpora=(sketch_corpus("seeds", first["prompt"]),)))


def timed_scan(path: Path, config: ScanConfig) -> dict[str, object]:
    """Scan a log; return what it cost and found."""
    from phalanx.detect import scan

    start, start_cpu = time.perf_counter(), time.process_time()
    result = scan(path, config)
    seconds = time.perf_counter() - start
    return {
        "exchanges": result.population.exchanges,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(time.process_time() - start_cpu, 1),
        "exchanges_per_second": round(result.population.exchanges / seconds),
        "peak_memory_gb": round(peak_memory_bytes() / 1e9, 2),
        "campaigns": len(result.campaigns),
        "stages": {name: round(value, 1) for name, value in result.run.stage_seconds.items()},
    }


def measure_minhash(path: Path) -> dict[str, object]:
    """Near-duplicate prompts by datasketch, accounts joined by networkx components."""
    import networkx as nx
    from datasketch import MinHash, MinHashLSH

    table = pq.read_table(path, columns=["account_id", "prompt"]).slice(0, PEER_EXCHANGES)
    accounts, prompts = table["account_id"].to_pylist(), table["prompt"].to_pylist()
    start = time.perf_counter()
    index = MinHashLSH(threshold=0.7, num_perm=64)
    graph = nx.Graph()
    for row, (account, prompt) in enumerate(zip(accounts, prompts, strict=True)):
        words = prompt.split()
        sketch = MinHash(num_perm=64)
        sketch.update_batch(
            [" ".join(words[i : i + 3]).encode() for i in range(max(1, len(words) - 2))]
        )
        for other in index.query(sketch):
            graph.add_edge(account, accounts[other])
        index.insert(row, sketch)
    components = sum(1 for _ in nx.connected_components(graph))
    seconds = time.perf_counter() - start
    return {
        "exchanges": len(prompts),
        "seconds": round(seconds, 1),
        "exchanges_per_second": round(len(prompts) / seconds),
        "peak_memory_gb": round(peak_memory_bytes() / 1e9, 2),
        "components": components,
    }


def measure_forest(path: Path) -> dict[str, object]:
    """IsolationForest on the account features of the scan, aggregated by the scan."""
    from sklearn.ensemble import IsolationForest

    from phalanx.detect.aggregates import aggregate
    from phalanx.detect.narrow import Narrowing, narrow
    from phalanx.detect.population import COUNT_COLUMNS, build_population
    from phalanx.logs import ReadOptions, open_log
    from phalanx.logs.engine import DuckDBEngine

    start = time.perf_counter()
    log = open_log(path, ReadOptions())
    with DuckDBEngine(memory_limit_bytes=1_500_000_000, threads=2) as engine:
        table, names = narrow(engine, log, Narrowing(key=None, keep_excerpts=False, step_hours=24))
        population = build_population(aggregate(table, 24), names, {}, 24)
    aggregated = time.perf_counter() - start
    total, last = population.activity.total, population.steps - 1
    features = np.stack([total(column, 0, last) for column in COUNT_COLUMNS], axis=1)
    start = time.perf_counter()
    forest = IsolationForest(random_state=0).fit(features)
    outliers = int((forest.predict(features) < 0).sum())
    seconds = aggregated + time.perf_counter() - start
    return {
        "exchanges": log.rows,
        "seconds": round(seconds, 1),
        "exchanges_per_second": round(log.rows / seconds),
        "peak_memory_gb": round(peak_memory_bytes() / 1e9, 2),
        "outliers": outliers,
    }


MEASUREMENTS = {
    "scan": measure_scan,
    "scan with a known set": measure_known,
    "datasketch + networkx": measure_minhash,
    "IsolationForest": measure_forest,
}


def in_own_process(name: str, path: Path) -> dict[str, object]:
    """Run one measurement in a fresh interpreter."""
    command = [sys.executable, __file__, "--measure", name, "--log", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure at both sizes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--smoke", action="store_true", help="20,000 exchanges")
    parser.add_argument("--measure", choices=sorted(MEASUREMENTS), help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(MEASUREMENTS[arguments.measure](arguments.log)))
        return
    if arguments.smoke:
        arguments.rows = [20_000]
    results: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in arguments.rows:
            path = Path(folder) / f"exchanges-{rows}.parquet"
            write_log(rows, rows // EXCHANGES_PER_ACCOUNT, path)
            in_own_process("scan", path) if rows == arguments.rows[0] else None
            for name in ("scan", "scan with a known set"):
                results[f"{name}, {rows:,}"] = in_own_process(name, path)
            if rows == arguments.rows[0]:
                for name in ("datasketch + networkx", "IsolationForest"):
                    results[f"{name}, {rows:,}"] = in_own_process(name, path)
            path.unlink()
    print_table(
        "Speed",
        ["what", "exchanges", "seconds", "exchanges/s", "peak GB", "stages"],
        [
            [
                name,
                figures["exchanges"],
                figures["seconds"],
                figures["exchanges_per_second"],
                figures["peak_memory_gb"],
                figures.get("stages", ""),
            ]
            for name, figures in results.items()
        ],
    )
    save("detect_speed", {"smoke": arguments.smoke, "results": results})


if __name__ == "__main__":
    main()

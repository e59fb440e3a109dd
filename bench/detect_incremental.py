"""What a daily scan costs that goes on where the last one ended, beside a scan of all days.

Two weeks of traffic: thirteen days are scanned into a store, then the fourteenth on top of
them, then all fourteen at once without a store. Each scan runs in a process of its own; the
last two must conclude the same. The bar: the scan of one day in fourteen costs at most an
eighth of the CPU seconds of the scan of all, and no more memory.

Run `python bench/detect_incremental.py`; `--smoke` takes 20,000 exchanges.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from results import peak_memory_bytes, print_table, save

EXCHANGES_PER_ACCOUNT = 100
BAR = 1 / 8
BYTE_CODE = Path(__file__).parent / ".work" / "byte-code"
STAGES = ("read and sketch", "aggregate", "replay", "record", "keep")


def write_days(rows: int, folder: Path) -> None:
    """Write the traffic of thirteen days, and that of the fourteenth."""
    from phalanx.detect.simulate import dense_exchanges

    writers: dict[str, pq.ParquetWriter] = {}
    last_day = None
    for batch in dense_exchanges(rows=rows, accounts=rows // EXCHANGES_PER_ACCOUNT, seed=1):
        at = batch.column("timestamp")
        if last_day is None:
            first = at[0].as_py().replace(hour=0, minute=0, second=0, microsecond=0)
            last_day = pa.scalar(first + timedelta(days=13), at.type)
        is_last = pc.greater_equal(at, last_day)
        for name, part in (("13", pc.invert(is_last)), ("14", is_last)):
            if name not in writers:
                path = folder / f"{name}.parquet"
                writers[name] = pq.ParquetWriter(path, batch.schema, compression="zstd")
            writers[name].write_batch(batch.filter(part))
    for writer in writers.values():
        writer.close()


def measure(folder: Path, days: str) -> dict[str, object]:
    """Scan some days: `13` and `14` into the store, `all` without it."""
    from phalanx.detect import ScanConfig, scan
    from phalanx.formats.json import render

    began: dict[str, float] = {}
    cpu: dict[str, float] = {}

    def progress(stage: str, share: float) -> None:
        if share == 0.0:
            began[stage] = time.process_time()
        elif share == 1.0:
            cpu[stage] = round(time.process_time() - began[stage], 2)

    store = None if days == "all" else str(folder / "days.store")
    config = ScanConfig(
        store=store, since="start" if store is None else "last", pseudonym_key=bytes(32)
    )
    files = ["13", "14"] if days == "all" else [days]
    start = time.process_time()
    logs = [str(folder / f"{name}.parquet") for name in files]
    result = scan(logs, config, progress=progress)
    seconds = round(time.process_time() - start, 2)
    document = json.loads(render(result))
    del document["run"]
    return {
        "exchanges": result.population.exchanges,
        "cpu_seconds": seconds,
        "stages": cpu,
        "peak_memory_gb": round(peak_memory_bytes() / 1e9, 2),
        "campaigns": len(result.campaigns),
        "concluded": sha256(json.dumps(document).encode()).hexdigest(),
    }


def in_own_process(folder: Path, days: str) -> dict[str, object]:
    """Run one scan in a fresh interpreter, which finds its byte code as an installed one does."""
    command = [sys.executable, __file__, "--folder", str(folder), "--days", days]
    environment = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(BYTE_CODE)
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Scan thirteen days, one more, and all; print the table and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--smoke", action="store_true", help="20,000 exchanges")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--days", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        print(json.dumps(measure(arguments.folder, arguments.days)))
        return
    results: dict[str, dict[str, object]] = {}
    for rows in [20_000] if arguments.smoke else arguments.rows:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_days(rows, folder)
            if not results:
                # The first scan compiles the kernels; the first of a store, its byte code.
                for days in ("all", "13", "14"):
                    in_own_process(folder, days)
                for path in folder.glob("days.store*"):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            of = {days: in_own_process(folder, days) for days in ("13", "14", "all")}
            if of["14"]["concluded"] != of["all"]["concluded"]:
                message = "the scan of the last day does not agree with the scan of all days"
                raise SystemExit(message)
            kept = sum(path.stat().st_size for path in folder.rglob("*.parts/**/*.parquet"))
            share = float(str(of["14"]["cpu_seconds"])) / float(str(of["all"]["cpu_seconds"]))
            of["14"] |= {"share": round(share, 3), "bytes_kept_per_exchange": round(kept / rows)}
            results |= {f"{rows:,} exchanges, days {days}": each for days, each in of.items()}
    print_table(
        "A day on top of thirteen",
        ["scan", "CPU seconds", *STAGES, "peak GB", "of the whole", "bytes kept/exchange"],
        [
            [
                name,
                figures["cpu_seconds"],
                *(dict(figures["stages"]).get(stage, "") for stage in STAGES),  # type: ignore[call-overload] # from JSON
                figures["peak_memory_gb"],
                figures.get("share", ""),
                figures.get("bytes_kept_per_exchange", ""),
            ]
            for name, figures in results.items()
        ],
    )
    print(f"the bar is {BAR}")
    save("detect_incremental", {"smoke": arguments.smoke, "results": results})


if __name__ == "__main__":
    main()

"""Fuzz every parser of a release with coverage as guide, by Atheris, for a stated time.

Atheris is no dependency: `pip install atheris` where it is to run. Then
`python tests/fuzz/fuzz_release.py --seconds 120`, which gives each parser that long in a process of
its own, at most 10 s for one document and 2 GiB. What breaks one is written to `crash-*`, and the
exit status is 1.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

MOST_BYTES = 16_384


def fuzz(name: str, seconds: int) -> None:
    """Fuzz one parser in this process, which ends here."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["phalanx"]):
        table: Any = import_module("release_parsers")
    from phalanx.errors import PhalanxError

    parse, seeds = table.parsers()[name]

    def one(data: bytes) -> None:
        try:
            parse(data)
        except PhalanxError:
            return

    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds):
            Path(folder, str(number)).write_bytes(seed)
        words = [f"-max_total_time={seconds}", f"-max_len={MOST_BYTES}", "-rss_limit_mb=2048"]
        atheris.Setup([sys.argv[0], *words, "-timeout=10", "-print_final_stats=1", folder], one)
        atheris.Fuzz()


def main() -> int:
    """Fuzz all parsers, one after the other, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each parser")
    parser.add_argument("--one", help="name of the only parser")
    given = parser.parse_args()
    if given.one:
        fuzz(given.one, given.seconds)
    broken = []
    table: Any = import_module("release_parsers")
    for name in table.parsers():
        words = [sys.executable, __file__, "--one", name, "--seconds", str(given.seconds)]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        runs = re.findall(r"number_of_executed_units: ([0-9]+)", done.stderr) or ["no"]
        edges = re.findall(r" cov: ([0-9]+) ", done.stderr) or ["no"]
        word = "BROKEN" if done.returncode else "held"
        sys.stdout.write(f"{name}: {word}, {runs[-1]} runs, {edges[-1]} edges\n")
        sys.stdout.flush()
        if done.returncode:
            sys.stdout.write(done.stderr[-4_000:])
            broken.append(name)
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())

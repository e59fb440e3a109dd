"""`python -m peers RUNG VALIDATION TEST NAME...`: measure, and print one JSON line each."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from peers.measuring import SCAN, measure_peer, measure_scan

if __name__ == "__main__":
    rung, validation, test, *names = sys.argv[1:]
    for name in names:
        row = (
            measure_scan(rung, Path(test))
            if name == SCAN
            else measure_peer(rung, name, Path(validation), Path(test))
        )
        print(json.dumps(asdict(row)))

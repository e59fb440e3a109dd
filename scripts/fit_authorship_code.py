"""Fit a detector of Python code, ranked among code of professionals, and write its file.

Only rows and packages under MIT, Apache-2.0 or BSD-3-Clause are read; no text goes into the file.
It is fitted to collections in which humans and models solved the same tasks, and to no others:
packages, which humans alone wrote, would teach it what a task is. They are the reference. The
wheels are fetched beforehand, into one folder:

    pip download --no-deps --only-binary=:all: networkx==2.5 sympy==1.7.1 pygorithm==1.0.4 \
        more-itertools==8.6.0 sortedcontainers==2.3.0
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "bench"))

from authorship_code_corpus import (  # noqa: E402 - found through the path above
    PACKAGES,
    code_at_lengths,
    library_code,
    task_code,
)
from authorship_corpus import PERMISSIVE, Row, labelled, seen_of  # noqa: E402
from phalanx.authorship.features import KINDS  # noqa: E402
from phalanx.authorship.fitting import fit_detector  # noqa: E402
from phalanx.authorship.reference import Calibrated, write_model  # noqa: E402
from phalanx.authorship.reference.calibrated import cells_of  # noqa: E402


def made(data: Path, packages: Path) -> Calibrated:
    """Fit and calibrate."""
    library = library_code(packages)
    tasks = [row for row in task_code(data) if row.licence in PERMISSIVE]
    by_humans = {_collection(row) for row in tasks if row.label == "human"}
    rows = [row for row in tasks if _collection(row) in by_humans]
    said = Counter((row.label, row.domain) for row in rows)
    about = "; ".join(
        f"{number:,} pieces of {'models' if label == 'ai' else 'humans'}, {domain}"
        for (label, domain), number in sorted(said.items())
    )
    detector = fit_detector(labelled(rows), KINDS["code"], ("python",), f"{about}, in Python")
    humans = code_at_lengths(library, seed=2)
    cells = cells_of(
        detector, seen_of(humans), [row.language for row in humans], [row.domain for row in humans]
    )
    names = ", ".join(f"{each.name} {each.version} ({each.year})" for each in PACKAGES)
    return Calibrated(
        detector, cells, f"{len(library):,} functions and classes of {names}, and their beginnings"
    )


def _collection(row: Row) -> str:
    return row.group.partition(":")[0]


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    asked = parser.parse_args()
    model = made(asked.data, asked.packages)
    digest = write_model(model, asked.output)
    asked.output.chmod(0o644)
    cells = "\n".join(
        f"  {cell.domain}, from {cell.size_from}: {cell.documents}" for cell in model.cells
    )
    sys.stdout.write(f"{model.detector.about}\n{cells}\n{asked.output}: sha256 {digest}\n")


if __name__ == "__main__":
    main()

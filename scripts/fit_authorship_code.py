"""Fit a detector of Python code, with code of professionals among the humans, and write its file.

Only rows and packages under MIT, Apache-2.0 or BSD-3-Clause are read; no text goes into the file.
Of the files of packages, four in ten are the reference and are not fitted to. The wheels are
fetched beforehand, into one folder:

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
from authorship_corpus import PERMISSIVE, labelled, parted, seen_of  # noqa: E402
from phalanx.authorship.features import KINDS  # noqa: E402
from phalanx.authorship.fitting import fit_detector  # noqa: E402
from phalanx.authorship.reference import Calibrated, write_model  # noqa: E402
from phalanx.authorship.reference.calibrated import cells_of  # noqa: E402

REFERENCE_SHARE = 0.4


def made(data: Path, packages: Path) -> Calibrated:
    """Fit and calibrate."""
    library = library_code(packages)
    tasks = [row for row in task_code(data) if row.licence in PERMISSIVE]
    fitted, held_out = parted(library, REFERENCE_SHARE, seed=1)
    rows = fitted + tasks
    said = Counter((row.label, row.domain) for row in rows)
    about = "; ".join(
        f"{number:,} pieces of {'models' if label == 'ai' else 'humans'}, {domain}"
        for (label, domain), number in sorted(said.items())
    )
    detector = fit_detector(
        labelled(code_at_lengths(rows)), KINDS["code"], ("python",), f"{about}, in Python"
    )
    humans = code_at_lengths(held_out, seed=2)
    cells = cells_of(
        detector, seen_of(humans), [row.language for row in humans], [row.domain for row in humans]
    )
    names = ", ".join(f"{each.name} {each.version} ({each.year})" for each in PACKAGES)
    return Calibrated(
        detector, cells, f"{len(held_out):,} functions and classes of {names}, and their beginnings"
    )


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

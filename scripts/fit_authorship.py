"""Fit the text detector that is shipped, and write its file.

Only rows under MIT, Apache-2.0 or BSD-3-Clause are read; no text goes into the file. Of the
human documents, four in ten are the reference and are not fitted to.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "bench"))

from authorship_corpus import (  # noqa: E402 - found through the path above
    BASE_MODELS,
    PERMISSIVE,
    Row,
    at_lengths,
    labelled,
    parted,
    seen_of,
    texts,
)
from phalanx.authorship.features import KINDS  # noqa: E402
from phalanx.authorship.fitting import fit_detector  # noqa: E402
from phalanx.authorship.reference import Calibrated, write_model  # noqa: E402
from phalanx.authorship.reference.calibrated import cells_of, size_from  # noqa: E402
from phalanx.authorship.reference.margin import shift_of  # noqa: E402

SHIPPED = ROOT / "src" / "phalanx" / "authorship" / "shipped" / "text.detector"
SOURCES = ("fast_detect_gpt", "outfox_essays", "binoculars_pubmed")
REFERENCE_SHARE = 0.4
LEAST_CELL = 20
"""A cell with fewer human documents is left out of the file."""


def corpus(data: Path) -> list[Row]:
    """Return what may be fitted on: permissive rows, no attacks, no models that only continue."""
    rows = texts(data, SOURCES)
    return [
        row
        for row in rows
        if row.licence in PERMISSIVE and not row.attack and row.model not in BASE_MODELS
    ]


def margin_of(rows: Sequence[Row]) -> float:
    """Return the largest shift of a domain of humans that was left out, in log-odds.

    Each domain is left out of the fit and of the reference, and ranked among the others.
    """
    found = 0.0
    for domain in sorted({row.domain for row in rows if row.label == "human"}):
        inside = [row for row in rows if row.domain != domain]
        fitted, held_out = parted(inside, REFERENCE_SHARE, seed=1)
        detector = fit_detector(labelled(at_lengths(fitted, seed=3)), KINDS["text"], ("en",), "")
        outside = [row for row in rows if row.domain == domain]
        humans = [row for row in (*held_out, *outside) if row.label == "human"]
        scores: dict[tuple[str, int], list[float]] = {}
        given = at_lengths(humans, seed=2)
        for row, score in zip(given, detector.scores(seen_of(given)), strict=True):
            key = row.domain, size_from(KINDS["text"], row.view.size)
            scores.setdefault(key, []).append(float(score))
        for begins in KINDS["text"].sizes:
            cells = [
                np.array(each)
                for (of, size), each in scores.items()
                if size == begins and of != domain
            ]
            shift = shift_of(np.array(scores.get((domain, begins), ())), cells)
            sys.stdout.write(f"  left out: {domain}, from {begins}: {shift:.2f}\n")
            sys.stdout.flush()
            found = max(found, shift)
    return found


def made(data: Path) -> Calibrated:
    """Fit and calibrate."""
    rows = corpus(data)
    fitted, held_out = parted(rows, REFERENCE_SHARE, seed=1)
    # Models that continue a human text share its beginning: those of the reference's humans are
    # left out with them.
    humans = at_lengths([row for row in held_out if row.label == "human"], seed=2)
    said = Counter((row.label, row.domain) for row in fitted)
    about = "; ".join(
        f"{number:,} {'documents of models' if label == 'ai' else 'human documents'}, {domain}"
        for (label, domain), number in sorted(said.items())
    )
    detector = fit_detector(labelled(at_lengths(fitted, seed=3)), KINDS["text"], ("en",), about)
    cells = cells_of(
        detector, seen_of(humans), [row.language for row in humans], [row.domain for row in humans]
    )
    kept = tuple(cell for cell in cells if cell.documents >= LEAST_CELL)
    originals = sum(row.label == "human" for row in held_out)
    return Calibrated(
        detector,
        kept,
        f"{originals:,} human documents and their beginnings: essays, news, stories, "
        "encyclopaedia, medicine, in English",
        margin=round(margin_of(rows), 2),
    )


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--output", type=Path, default=SHIPPED)
    asked = parser.parse_args()
    model = made(asked.data)
    digest = write_model(model, asked.output)
    asked.output.chmod(0o644)
    cells = "\n".join(
        f"  {cell.domain}, from {cell.size_from}: {cell.documents}" for cell in model.cells
    )
    sys.stdout.write(f"{model.detector.about}\n{cells}\n{asked.output}: sha256 {digest}\n")


if __name__ == "__main__":
    main()

"""How well is models' code told apart on problems that were not fitted, and is the level kept?

The recipe is that of the shipped file (`scripts/fit_authorship_code.py`): fitted to tasks that
humans and models solved, ranked among packages. Problems are dealt into folds; each fold is asked
by a detector that was fitted to the others, so that every solution is asked once. Each package is
asked beside a reference of the other packages. The wheels are fetched as the fit script says.

Run `python bench/authorship_code.py --data ../shared/data --packages FOLDER`; `--smoke` takes code
that is made up.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from authorship_accuracy import auroc, rates, tpr
from authorship_code_corpus import LIBRARY, TASK, code_at_lengths, library_code, task_code
from authorship_corpus import PERMISSIVE, Row, labelled, seen_of
from phalanx.authorship.detector import Detector
from phalanx.authorship.features import KINDS
from phalanx.authorship.fitting import fit_detector
from phalanx.authorship.reference import Calibrated
from phalanx.authorship.reference.calibrated import cells_of
from phalanx.authorship.views import code_view
from results import clopper_pearson, print_table, save

FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Solutions of one fold, and the detector that was fitted to the problems of the others."""

    model: Calibrated
    rows: list[Row]
    scores: npt.NDArray[np.float64]

    def of(self, label: str) -> npt.NDArray[np.float64]:
        """Return the scores of one kind of author."""
        return self.scores[[row.label == label for row in self.rows]]


def collection(row: Row) -> str:
    """Return the set of tasks, or the package, that a row is of."""
    return row.group.partition(":")[0]


def ranked_among(detector: Detector, library: Sequence[Row]) -> Calibrated:
    """Return the detector with packages as its reference."""
    humans = code_at_lengths(list(library), seed=2)
    cells = cells_of(
        detector, seen_of(humans), [row.language for row in humans], [row.domain for row in humans]
    )
    return Calibrated(detector, cells, "packages")


def by_problem(tasks: Sequence[Row], library: Sequence[Row]) -> list[Asked]:
    """Deal the problems into folds, and ask each of a detector that was fitted to the others."""
    groups = sorted({row.group for row in tasks})
    dealt = np.random.default_rng(1).permutation(len(groups)) % FOLDS
    fold_of = dict(zip(groups, dealt.tolist(), strict=True))
    found = []
    for fold in range(FOLDS):
        inside = [row for row in tasks if fold_of[row.group] != fold]
        outside = [row for row in tasks if fold_of[row.group] == fold]
        detector = fit_detector(labelled(inside), KINDS["code"], ("python",), "bench")
        scores = detector.scores(seen_of(outside))
        found.append(Asked(model=ranked_among(detector, library), rows=outside, scores=scores))
    return found


def told_apart(asked: Sequence[Asked]) -> dict[str, object]:
    """Return the means over folds of what tells authors apart, and each model's."""
    pairs = [(each.of("human"), each.of("ai")) for each in asked]
    of_model: dict[str, list[float]] = {}
    for each in asked:
        for name in {row.model for row in each.rows if row.label == "ai"}:
            is_its = [row.model == name for row in each.rows]
            of_model.setdefault(name, []).append(auroc(each.of("human"), each.scores[is_its]))
    return {
        "auroc": float(np.mean([auroc(*pair) for pair in pairs])),
        "tpr_1": float(np.mean([tpr(*pair) for pair in pairs])),
        "balanced_accuracy_at_even_odds": float(
            np.mean([((human <= 0).mean() + (model > 0).mean()) / 2 for human, model in pairs])
        ),
        "auroc_of_model": {name: float(np.mean(each)) for name, each in sorted(of_model.items())},
    }


def summed(
    name: str, label: str, asked: Sequence[tuple[Calibrated, list[Row]]]
) -> dict[str, object]:
    """Return how many are claimed at 1 %, over detectors that were each asked about some rows."""
    given = [(model, rows) for model, rows in asked if rows]
    found = [rates(model, rows, None) for model, rows in given]
    count = {
        key: sum(int(str(each[key])) for each in found)
        for key in ("ranked", "flagged_without_gate", "flagged_by_single_gate", "turned_away_alone")
    }
    interval = clopper_pearson(count["flagged_by_single_gate"], max(count["ranked"], 1))
    return {"of": name, "author": label, **count, "rate_interval": interval}


def claims(
    asked: Sequence[Asked], library: Sequence[Row], others: Sequence[Row]
) -> list[dict[str, object]]:
    """Return the claims at 1 % on held-out problems, left-out packages and another source."""
    found = []
    for label in ("human", "ai"):
        for name in sorted({collection(row) for each in asked for row in each.rows}):
            parts = [
                (
                    each.model,
                    [row for row in each.rows if (row.label, collection(row)) == (label, name)],
                )
                for each in asked
            ]
            found.append(summed(f"problems held out: {name}", label, parts))
    detector = asked[0].model.detector
    for name in sorted({collection(row) for row in library}):
        rest = ranked_among(detector, [row for row in library if collection(row) != name])
        outside = [row for row in library if collection(row) == name]
        found.append(summed(f"package left out: {name}", "human", [(rest, outside)]))
    for name in sorted({collection(row) for row in others}):
        outside = [row for row in others if collection(row) == name]
        found.append(summed(f"unseen source: {name}", "ai", [(asked[0].model, outside)]))
    return found


def made_up(count: int, label: str, source: str, domain: str, seed: int) -> list[Row]:
    """Return functions of made-up names, for a smoke run; models favour some."""
    random = np.random.default_rng(seed)
    names = [f"{a}{b}{c}" for a in "bdgk" for b in "aeiou" for c in "nrst"]
    weights = np.ones(len(names))
    weights[: 10 if label == "ai" else 1] = 4.0
    rows = []
    for at in range(count):
        drawn = random.choice(names, 28, p=weights / weights.sum())
        lines = [f"    {a} = {b} + {at}" for a, b in zip(drawn[:14], drawn[14:], strict=True)]
        view = code_view("\n".join([f"def {drawn[0]}({drawn[1]}):", *lines]), "python")
        rows.append(
            Row(view=view, label=label, model="m" if label == "ai" else "human", attack="",
                domain=domain, group=f"{source}:{at}", language="python", licence="MIT")
        )  # fmt: skip
    return rows


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--packages", type=Path)
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    if given.smoke:
        both = made_up(150, "human", "t", TASK, 1) + made_up(150, "ai", "t", "t", 2)
        everything, library = [*both, *made_up(40, "ai", "u", "u", 3)], []
        for at, name in enumerate("pq"):
            library += made_up(120, "human", name, LIBRARY, 4 + at)
    elif given.packages is None:
        parser.error("--packages is needed: a folder with the wheels")
    else:
        library = library_code(given.packages)
        everything = [row for row in task_code(given.data) if row.licence in PERMISSIVE]
    by_humans = {collection(row) for row in everything if row.label == "human"}
    tasks = [row for row in everything if collection(row) in by_humans]
    asked = by_problem(tasks, library)
    apart = told_apart(asked)
    print(apart, flush=True)
    found = claims(asked, library, [row for row in everything if collection(row) not in by_humans])
    columns = [
        "of", "author", "ranked", "flagged_by_single_gate", "flagged_without_gate",
        "turned_away_alone",
    ]  # fmt: skip
    print_table("Claims about code at 1 %", columns,
                [[each[name] for name in columns] for each in found])  # fmt: skip
    save("authorship_code", {"smoke": given.smoke, "told_apart": apart, "claims": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())

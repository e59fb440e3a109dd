"""How well is machine writing told apart on sources that were not fitted on, and is the level kept?

Every figure comes from documents whose source, generator or domain the detector has not seen, as
its line says, with the plain TF-IDF and linear SVM of scikit-learn and the compression of ZipPy's
method (the document beside a prelude of model text) in the same run on the same documents.

Run `python bench/authorship_accuracy.py --data ../shared/data`; `--smoke` takes few documents, made
up where there is no data.
"""

from __future__ import annotations

import argparse
import lzma
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from authorship_corpus import (
    BASE_MODELS,
    Row,
    at_lengths,
    codes,
    cut,
    labelled,
    parted,
    seen_of,
    texts,
)
from phalanx.authorship.features import KINDS, see
from phalanx.authorship.fitting import fit_detector
from phalanx.authorship.judging.judge import BATCH_GATE_LEVEL, GATE_LEVEL, LEAST_BATCH
from phalanx.authorship.reference import Calibrated
from phalanx.authorship.reference.calibrated import cells_of
from phalanx.authorship.reference.cells import shift_log10_p
from phalanx.authorship.views import View, prose_view
from results import clopper_pearson, print_table, save

LEVEL = 0.01
SOURCES = ("fast_detect_gpt", "outfox_essays", "authenticheck_essays")
PEER_DOCUMENTS = 400
"""That the compression of the peer is tried on: it is slow."""

PRELUDE_BYTES = 40_000
MOST_HUMAN, MOST_MODEL = 600, 300
"""Documents of one author and domain that are used where a detector is fitted for each line."""

Floats = npt.NDArray[np.float64]
Scorer = Callable[[Sequence[Row]], Floats]


def auroc(human: Floats, model: Floats) -> float:
    """Return the share of pairs in the right order."""
    ranks = rankdata(np.concatenate([human, model]))
    above = ranks[human.size :].sum() - model.size * (model.size + 1) / 2
    return float(above / (human.size * model.size))


def tpr(human: Floats, model: Floats, level: float = LEVEL) -> float:
    """Return the share of models above the humans' own quantile: needs no calibration."""
    return float((model > np.quantile(human, 1 - level, method="higher")).mean())


def ours(rows: Sequence[Row]) -> tuple[Calibrated, list[Row]]:
    """Fit to some rows and calibrate on the others; return the fitted rows too."""
    fitted, held_out = parted(rows, 0.35, seed=5)
    detector = fit_detector(
        labelled(at_lengths(fitted)), KINDS[rows[0].view.kind], (rows[0].language,), "bench"
    )
    humans = at_lengths([row for row in held_out if row.label == "human"])
    cells = cells_of(
        detector, seen_of(humans), [row.language for row in humans], [row.domain for row in humans]
    )
    return Calibrated(detector, cells, "bench"), fitted


def svm(fitted: Sequence[Row]) -> Scorer:
    """Return the peer: word 1-3-gram TF-IDF with a linear SVM, on the same views."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    turn = TfidfVectorizer(ngram_range=(1, 3), sublinear_tf=True, min_df=3, max_features=200_000)
    rows = turn.fit_transform([row.view.content.decode() for row in fitted])
    machine = LinearSVC(class_weight="balanced").fit(rows, [row.label == "ai" for row in fitted])
    return lambda asked: np.asarray(
        machine.decision_function(turn.transform([row.view.content.decode() for row in asked]))
    )


def zippy(fitted: Sequence[Row]) -> Scorer:
    """Return the peer: how much better a document is packed behind a prelude of model text."""
    models = [row.view.content for row in fitted if row.label == "ai"]
    prelude = b"\n".join(models)[:PRELUDE_BYTES]
    alone = len(lzma.compress(prelude, preset=1))

    def score(asked: Sequence[Row]) -> Floats:
        packed = [len(lzma.compress(prelude + b"\n" + row.view.content, preset=1)) for row in asked]
        sizes = np.array([len(row.view.content) for row in asked])
        return np.asarray((alone - np.array(packed)) / sizes)

    return score


def p_values(model: Calibrated, rows: Sequence[Row], domain: str | None) -> tuple[Floats, Floats]:
    """Return each row's p-value and rank of strangeness; nan where no cell is large enough."""
    seen = seen_of(rows)
    scores, strange = model.detector.scores(seen), model.detector.strangeness(seen)
    scores = scores - (model.margin if domain is None else 0.0)
    found = np.full((2, len(rows)), np.nan)
    for at, row in enumerate(rows):
        all_cells = model.cells_for(row.view.size, row.language, domain)
        cells = [cell for cell in all_cells if cell.documents >= 1 / LEVEL - 1]
        if cells:
            found[0, at] = max(cell.p_values(scores[at : at + 1])[0] for cell in cells)
            found[1, at] = max(cell.strange_p_values(strange[at : at + 1])[0] for cell in cells)
            # A domain that is too small for the level objects where one of its humans scores so.
            for cell in all_cells:
                p = cell.p_values(scores[at : at + 1])[0]
                if cell.documents < 1 / LEVEL - 1 and p > 1.5 / (cell.documents + 1):
                    found[0, at] = max(found[0, at], p)
    return found[0], found[1]


def together(model: Calibrated, rows: Sequence[Row], strange: Floats) -> npt.NDArray[np.bool_]:
    """Return the documents that are turned away with the others of their length, as a batch."""
    away = np.zeros(len(rows), dtype=np.bool_)
    borders = np.array(model.detector.kind.sizes)
    begins = np.array([borders[borders <= row.view.size].max() for row in rows])
    for begin in np.unique(begins):
        rows_of = np.flatnonzero((begins == begin) & ~np.isnan(strange))
        if rows_of.size >= LEAST_BATCH:
            least = min(
                cell.documents
                for cell in model.cells_for(int(begin), rows[0].language, None)
                if cell.documents >= 1 / LEVEL - 1
            )
            if shift_log10_p(strange[rows_of], least) <= np.log10(BATCH_GATE_LEVEL):
                away[rows_of] = True
    return away


def rates(model: Calibrated, humans: Sequence[Row], domain: str | None) -> dict[str, object]:
    """Return the realised false positive rate of claims at 1 %, and the share turned away."""
    ranks, strange = p_values(model, humans, domain)
    ranked = ~np.isnan(ranks)
    alone = ranked & (strange <= GATE_LEVEL)
    away = alone | (together(model, humans, strange) if domain is None else False)
    small = ranked & (ranks <= LEVEL + 1e-12)
    flagged = int((small & ~away).sum())
    return {
        "humans": len(humans),
        "ranked": int(ranked.sum()),
        "flagged": flagged,
        "rate_interval": clopper_pearson(flagged, max(int(ranked.sum()), 1)),
        "flagged_by_single_gate": int((small & ~alone).sum()),
        "flagged_without_gate": int(small.sum()),
        "turned_away_alone": int(alone.sum()),
        "turned_away": int((away & ranked).sum()),
    }


def compared(
    name: str, model: Calibrated, inside: Sequence[Row], asked: Sequence[Row]
) -> dict[str, object]:
    """Fit both peers to the rows that ours was fitted to, and ask all three about others."""
    human = [row for row in asked if row.label == "human"]
    machine = [row for row in asked if row.label == "ai"]
    found: dict[str, object] = {"test": name, "human": len(human), "model": len(machine)}
    score = lambda rows: model.detector.scores(seen_of(rows))  # noqa: E731
    few = [each[:PEER_DOCUMENTS] for each in (human, machine)]
    for who, scorer, rows in (
        ("ours", score, [human, machine]),
        ("svm", svm(inside), [human, machine]),
        ("zippy", zippy(inside), few),
    ):
        scores = [scorer(each) for each in rows]
        found[who] = {
            "auroc": auroc(scores[0], scores[1]), "tpr_1": tpr(scores[0], scores[1]),
        }  # fmt: skip
    found["claims"] = rates(model, human, None)
    ranks, strange = p_values(model, machine, None)
    found["claimed_of_models"] = float(
        ((ranks <= LEVEL + 1e-12) & (strange > GATE_LEVEL)).mean() if machine else 0.0
    )
    return found


def table(found: Sequence[dict[str, object]]) -> None:
    """Print what was compared."""
    lines = []
    for each in found:
        claims = each["claims"]
        assert isinstance(claims, dict)  # noqa: S101 - made above
        figures = []
        for who in ("ours", "svm", "zippy"):
            said = each[who]
            assert isinstance(said, dict)  # noqa: S101 - made above
            figures.append(f"{said['auroc']:.3f}/{said['tpr_1']:.2f}")
        lines.append(
            [
                each["test"], f"{each['human']}+{each['model']}", *figures,
                f"{claims['flagged']}/{claims['ranked']}", claims["flagged_without_gate"],
                claims["turned_away"], f"{each['claimed_of_models']:.2f}",
            ]
        )  # fmt: skip
    columns = [
        "test", "human+model", "ours AUROC/TPR@1%", "SVM", "ZipPy", "humans flagged at 1 %",
        "without gate", "turned away", "models claimed",
    ]  # fmt: skip
    print_table("Told apart, on what was not fitted on", columns, lines)


def made_up(count: int) -> list[Row]:
    """Return made-up texts, for a smoke run without data."""
    random = np.random.default_rng(3)
    words = [f"{a}{b}{c}" for a in "bdgklm" for b in "aeiou" for c in "nrst"]
    rows = []
    for at in range(count):
        label, domain = ("ai", "human")[at % 2], f"domain {at // 2 % 2}"
        weights = np.ones(len(words))
        weights[: 12 if label == "ai" else 1] = 3.0
        drawn = random.choice(words, 140, p=weights / weights.sum())
        view = prose_view(" of the ".join(drawn[:70]) + ". " + " ".join(drawn[70:]))
        rows.append(
            Row(view=view, label=label, model=("m", "n")[at // 4 % 2] if at % 2 == 0 else "human",
                attack="", domain=domain, group=str(at), language="en", licence="MIT")
        )  # fmt: skip
    return rows


def prose(
    rows: Sequence[Row], model: Calibrated, fitted: Sequence[Row], asked: Sequence[Row]
) -> list[dict[str, object]]:
    """Compare in the domain, on unseen generators, and on unseen domains."""
    found = [compared("in-domain", model, fitted, asked)]
    print(found[-1], flush=True)
    for domain in sorted({row.domain for row in rows if row.label == "ai"}):
        outside = [row for row in rows if row.domain == domain]
        if any(row.label == "human" for row in outside):
            without = ours([row for row in rows if row.domain != domain])
            found.append(compared(f"unseen domain: {domain}", *without, outside))
            print(found[-1], flush=True)
    for name in sorted({row.model for row in rows if row.label == "ai"}):
        inside, outside = parted(rows, 0.3, seed=6)
        without = ours([row for row in inside if row.model != name])
        others = [row for row in outside if row.model in {name, "human"}]
        found.append(compared(f"unseen generator: {name}", *without, others))
        print(found[-1], flush=True)
    return found


def by_cell(model: Calibrated, asked: Sequence[Row]) -> list[dict[str, object]]:
    """Return the realised rate in every cell: humans whom nobody fitted or ranked, domain named."""
    humans: dict[tuple[str, int], list[Row]] = defaultdict(list)
    borders = KINDS["text"].sizes
    for row in at_lengths([row for row in asked if row.label == "human"]):
        humans[row.domain, max(each for each in borders if each <= row.view.size)].append(row)
    return [
        {"domain": domain, "size_from": begins, **rates(model, found, domain)}
        for (domain, begins), found in sorted(humans.items())
    ]


def lengths(model: Calibrated, asked: Sequence[Row]) -> list[dict[str, object]]:
    """Return how well beginnings of so many words are told apart."""
    long = [row for row in asked if row.view.size >= 120]
    found: list[dict[str, object]] = []
    for words in (30, 40, 60, 80, 120):
        short = [cut(row, words) for row in long]
        scores = model.detector.scores(seen_of(short))
        is_model = np.array([row.label == "ai" for row in short])
        human, machine = scores[~is_model], scores[is_model]
        found.append({"words": words, "auroc": auroc(human, machine), "tpr_1": tpr(human, machine)})
    return found


def at_most(rows: Sequence[Row]) -> list[Row]:
    """Return some rows of each author, attack and domain."""
    count: dict[tuple[str, str, str], int] = defaultdict(int)
    found = []
    for row in rows:
        key = row.model, row.attack, row.domain
        count[key] += 1
        if count[key] <= (MOST_HUMAN if row.label == "human" else MOST_MODEL):
            found.append(row)
    return found


def second_language(model: Calibrated, data: Path) -> list[dict[str, object]]:
    """Return the rate for each group of human writers of the set against bias."""
    rows = [row for row in texts(data, ["detector_bias_nonnative"]) if row.label == "human"]
    return [
        {"writers": domain, **rates(model, [row for row in rows if row.domain == domain], None)}
        for domain in sorted({row.domain for row in rows})
    ]


def attacked(model: Calibrated, asked: Sequence[Row]) -> list[dict[str, object]]:
    """Return how much of attacked model text is still told apart."""
    essays = [row for row in asked if row.domain == "essay"]
    human = model.detector.scores(seen_of([row for row in essays if row.label == "human"]))
    found: list[dict[str, object]] = []
    for attack in sorted({row.attack for row in essays}):
        given = [row for row in essays if row.attack == attack and row.label == "ai"]
        scores = model.detector.scores(seen_of(given))
        found.append(
            {"attack": attack or "none", "documents": len(given), "auroc": auroc(human, scores),
             "tpr_1": tpr(human, scores)}
        )  # fmt: skip
    return found


def code(data: Path) -> list[dict[str, object]]:
    """Compare on code: grouped by problem in one source, and across sources."""
    rows = codes(data, ["classeval", "humaneval_mbpp_human_vs_gpt", "devgpt_chatgpt_snippets"])
    found: list[dict[str, object]] = []
    for name, inside, outside in (
        ("code, by problem", *parted(rows, 0.25, seed=11)),
        (
            "code, unseen source: HumanEval",
            [row for row in rows if not row.domain.startswith("humaneval")],
            [row for row in rows if row.domain.startswith("humaneval")],
        ),
        (
            "code, unseen source: ClassEval",
            [row for row in rows if row.domain != "classeval"],
            [row for row in rows if row.domain == "classeval"],
        ),
    ):
        if min(sum(row.label == each for row in inside) for each in ("human", "ai")) < 100:
            found.append({"test": name, "not_evaluable": "fewer than 100 humans to fit to"})
            continue
        detector = fit_detector(labelled(inside), KINDS["code"], ("python",), "bench")
        scores = detector.scores(seen_of(outside))
        is_model = np.array([row.label == "ai" for row in outside])
        human, machine = scores[~is_model], scores[is_model]
        cutoff = 0.0
        found.append(
            {"test": name, "human": human.size, "model": machine.size,
             "auroc": auroc(human, machine), "humans_flagged": float((human > cutoff).mean()),
             "balanced_accuracy": float(((human <= cutoff).mean() + (machine > cutoff).mean()) / 2)}
        )  # fmt: skip
    return found


def speed(model: Calibrated, rows: Sequence[Row]) -> float:
    """Return documents a second on one core, from the text to the score."""
    given = [row.view.content.decode() for row in rows][:1000]
    views: list[View] = []
    see(rows[0].view)
    began = time.process_time()
    views += [prose_view(text) for text in given]
    seen = [see(view) for view in views]
    model.detector.scores(seen)
    model.detector.strangeness(seen)
    return len(given) / (time.process_time() - began)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--smoke", action="store_true")
    asked = parser.parse_args()
    figures: dict[str, object] = {"smoke": asked.smoke}
    if asked.smoke:
        rows = made_up(1_600)
    else:
        rows = [row for row in texts(asked.data, SOURCES) if row.model not in BASE_MODELS]
    plain = [row for row in rows if not row.attack]
    fitted, others = parted(plain, 0.25, seed=4)
    model, inside = ours(fitted)
    figures["cells"] = cells = by_cell(model, others)
    columns = ["domain", "size_from", "humans", "ranked", "flagged", "turned_away"]
    print_table("Humans flagged at 1 %, cell by cell", columns,
                [[each[name] for name in columns] for each in cells])  # fmt: skip
    figures["lengths"] = curve = lengths(model, others)
    print_table("By length", ["words", "AUROC", "TPR@1%"],
                [[each["words"], f"{each['auroc']:.3f}", f"{each['tpr_1']:.2f}"]
                 for each in curve])  # fmt: skip
    figures["documents_a_second"] = speed(model, rows)
    print(f"{figures['documents_a_second']:,.0f} documents a second on one core", flush=True)
    if not asked.smoke:
        figures["second_language"] = writers = second_language(model, asked.data)
        columns = [
            "writers", "ranked", "flagged", "flagged_by_single_gate", "flagged_without_gate",
            "turned_away",
        ]  # fmt: skip
        print_table("Other writers, at 1 %", columns,
                    [[each[name] for name in columns] for each in writers])  # fmt: skip
        groups = {row.group for row in others}
        figures["attacks"] = attacks = attacked(model, [row for row in rows if row.group in groups])
        print_table("Attacked essays", ["attack", "documents", "auroc", "tpr_1"],
                    [list(each.values()) for each in attacks])  # fmt: skip
        figures["code"] = code_figures = code(asked.data)
        for each in code_figures:
            print(each, flush=True)
    figures["prose"] = found = prose(at_most(plain), model, inside, others)
    table(found)
    save("authorship_accuracy", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())

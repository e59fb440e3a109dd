"""Radioactivity: how much marked text must a student have learnt until an audit sees it.

A small teacher is trained here; what it writes is marked under one key. Students are tuned from
another model on marked and unmarked texts of the teacher, in every share, and one more on what a
student answers. Each is audited by its weights, as it reads new texts, and by its answers, under
the true key and random ones, and beside the usual test of the same kind: the sum of all scores, of
its answers or of the tokens that it would say (Sander et al., NeurIPS 2024). Needs torch, which
`make torch` installs.

Run `python bench/watermark_audit.py`; it takes hours, keeps models and texts in a folder, writes a
line for each audit, and goes on where it stopped. `--smoke` trains for a few steps.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.stats import kstest

from phalanx.watermark.audit import (
    Choices,
    answers_excess,
    answers_log10_e,
    answers_log10_p,
    chosen_answers,
    chosen_weights,
    excess_log10_e,
    gathered_log10_e,
    lean_log10_e,
    likelihood,
    read,
    weights_excess,
    winners,
)
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from results import print_table, save

if TYPE_CHECKING:
    from marked_students import Household
    from tiny_models import TinyModel

Tokens = npt.NDArray[np.int64]
SHARES = (0.0, 0.1, 0.25, 1.0, 0.05, 0.5, 0.02, 0.01)
"""Those of the goals first."""

NEEDED = 5.0
"""e-values of 10^5 are p-values of 10^-5."""

_BATCH = 64
_CALIBRATED = 2_000
"""Contexts of which many keys are asked."""


def main() -> None:
    """Train, mark, tune, audit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 4], help="tokens of context")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--shares", type=float, nargs="+", default=list(SHARES))
    parser.add_argument("--decoys", type=int, default=10, help="random keys of each audit")
    parser.add_argument("--folder", type=Path, help="of models and texts; else they are not kept")
    parser.add_argument("--no-second", action="store_true", help="leave out students of students")
    parser.add_argument("--calibrate", type=int, default=1_000, help="keys that nobody used")
    parser.add_argument("--smoke", action="store_true", help="a few steps, two shares")
    arguments = parser.parse_args()
    if find_spec("torch") is None:
        print("torch is not installed: nothing was trained", file=sys.stderr)
        return
    if arguments.smoke:
        arguments.widths, arguments.seeds, arguments.shares = [2], [0], [0.0, 1.0]
        arguments.calibrate = 50
    with tempfile.TemporaryDirectory() as aside:
        folder = arguments.folder or Path(aside)
        cells = _cells(folder, arguments)
        calibrated = _calibrated(folder, arguments) if arguments.calibrate else []
    columns = [name for name in cells[0] if not name.endswith("decoys")]
    shown = [[_shown(name, cell[name]) for name in columns] for cell in cells]
    print_table("Audits of students", columns, shown)
    print_table("Over seeds", ["context", "student", "share", "audit", "median", "named"],
                _medians(cells))  # fmt: skip
    for each in calibrated:
        print(each)
    figures = {"smoke": arguments.smoke, "needed": NEEDED, "calibration": calibrated}
    save("watermark_audit", {**figures, "students": cells})


def _cells(folder: Path, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Audit every student that was not audited yet, and return all."""
    from marked_students import SMOKE, Household, Sizes

    path = folder / "audits.jsonl"
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    known = {_name(cell): cell for cell in done}
    wanted = [
        (width, seed, share, name)
        for share in arguments.shares
        for seed in arguments.seeds
        for width in arguments.widths
        for name in (("student", "second") if share == 1.0 else ("student",))
        if name == "student" or not arguments.no_second
    ]
    for width, seed, share, name in wanted:
        cell = {"context": width, "seed": seed, "student": name, "share": share}
        if _name(cell) in known:
            continue
        household = Household(seed, folder, SMOKE if arguments.smoke else Sizes())
        cell |= _audited(household, width, share, name, arguments.decoys)
        known[_name(cell)] = cell
        print(cell, file=sys.stderr, flush=True)
        with path.open("a") as file:
            file.write(json.dumps(cell) + "\n")
    return [known[each] for each in wanted]


def _calibrated(folder: Path, arguments: argparse.Namespace) -> list[dict[str, object]]:
    """Ask a clean student and a marked one about many keys that nobody used."""
    from marked_students import PROMPT, SMOKE, Household, Sizes

    seed, width = arguments.seeds[0], arguments.widths[0]
    household = Household(seed, folder, SMOKE if arguments.smoke else Sizes())
    reference, scheme = household.student(width, 0.0, "reference"), PhalanxGumbel(width)
    random = np.random.default_rng([seed, width, 1])
    keys = [random.bytes(32) for _ in range(arguments.calibrate)]
    found: list[dict[str, object]] = []
    for share in sorted(arguments.shares)[:: max(1, len(arguments.shares) - 1)]:
        documents, answers = list(household.unseen), list(household.answers(width, share))
        suspect = household.student(width, share)
        ours, its, other = (
            _reader(model, documents) for model in (household.teacher, suspect, reference)
        )
        weights = chosen_weights(documents, ours, its, other, width, most_places=_CALIBRATED)
        ours, other = (_reader(model, answers) for model in (household.teacher, reference))
        lengths = [PROMPT] * len(answers)
        asked = chosen_answers(answers, lengths, ours, other, width, most_places=_CALIBRATED)
        for mode, choices, excess in (
            ("weights", weights, weights_excess(weights)),
            ("answers", asked, answers_excess(asked)),
        ):
            log10_e = excess_log10_e(choices, excess, scheme, keys)
            deviations = _deviations(choices, excess, scheme, keys)
            found.append(
                {
                    "audit": mode,
                    "share": share,
                    "keys": len(keys),
                    "mean_e": float((10.0**log10_e).mean()),
                    "largest_log10_e": float(log10_e.max()),
                    "normal_ks_p": float(kstest(deviations, "norm").pvalue),
                }
            )
    return found


def _deviations(
    choices: Choices, excess: npt.NDArray[np.float64], scheme: PhalanxGumbel, keys: list[bytes]
) -> npt.NDArray[np.float64]:
    """Return for each key how far the winners' excess is from its mean, in standard deviations."""
    p = np.exp(choices.field.log_p)
    centred = excess - (p * excess).sum(axis=1, keepdims=True)
    places = np.arange(choices.times.size)
    sums = [centred[places, winners(choices.field, scheme, key)].sum() for key in keys]
    result: npt.NDArray[np.float64] = np.array(sums) / np.sqrt((p * centred**2).sum())
    return result


def _name(cell: dict[str, Any]) -> tuple[object, ...]:
    return tuple(cell[name] for name in ("context", "seed", "share", "student"))


def _audited(
    household: Household, width: int, share: float, name: str, decoys: int
) -> dict[str, object]:
    from marked_students import KEY, PROMPT

    scheme = PhalanxGumbel(width)
    random = np.random.default_rng([household.seed, width])
    keys = [KEY, *(random.bytes(32) for _ in range(decoys))]
    student = household.second if name == "second" else household.student
    suspect, reference = student(width, share), household.student(width, 0.0, "reference")

    documents = list(household.unseen)
    marked, said, expected = (
        _reader(model, documents) for model in (household.teacher, suspect, reference)
    )
    weights = chosen_weights(documents, marked, said, expected, width)
    by_weights = gathered_log10_e(weights, "weights-gathered", scheme, keys)
    leaning = read(documents, marked, said, expected, width)
    guesses = [np.concatenate([each[:1], said(each).argmax(axis=1)[:-1]]) for each in documents]
    guessed = draw(documents, width, said=guesses)

    answers = list(household.answers(width, share, name))
    prompts = [each[:PROMPT] for each in answers]
    marked, expected = (_reader(model, answers) for model in (household.teacher, reference))
    lengths = [PROMPT] * len(answers)
    asked = chosen_answers(answers, lengths, marked, expected, width)
    by_answers = gathered_log10_e(asked, "answers-gathered", scheme, keys)
    single = draw(answers, width, known=prompts)
    likely = likelihood(single, answers, expected)
    return {
        "weights": float(by_weights[0]),
        "weights_once": float(lean_log10_e(leaning, scheme, [KEY])[0]),
        "weights_sum": -float(answers_log10_p(guessed, scheme, [KEY])[0]),
        "weights_contexts": int(weights.times.size),
        "weights_decoys": [round(float(each), 3) for each in by_weights[1:]],
        "answers": float(by_answers[0]),
        "answers_once": float(answers_log10_e(single, likely, scheme, [KEY])[0]),
        "answers_sum": -float(answers_log10_p(single, scheme, [KEY])[0]),
        "answers_contexts": int(asked.times.size),
        "answers_decoys": [round(float(each), 3) for each in by_answers[1:]],
    }


def _reader(model: TinyModel, documents: Sequence[Tokens]) -> Callable[[Tokens], Any]:
    """Return what an audit asks of a model, which reads some documents of one length at once."""
    import torch

    numbers = {each.tobytes(): at for at, each in enumerate(documents)}
    kept: dict[int, npt.NDArray[np.float32]] = {}

    @torch.no_grad()
    def read_one(document: Tokens) -> npt.NDArray[np.float32]:
        at = numbers[document.tobytes()]
        if at not in kept:
            kept.clear()
            batch = np.stack(documents[at : at + _BATCH])
            said = torch.log_softmax(model(torch.from_numpy(batch)), -1).numpy()
            kept.update(enumerate(said, start=at))
        return kept[at]

    result: Callable[[Tokens], Any] = read_one
    return result


def _medians(cells: Sequence[dict[str, Any]]) -> list[list[object]]:
    """Return for each kind of student the median over seeds, and how many are named."""
    kinds = dict.fromkeys((cell["context"], cell["student"], cell["share"]) for cell in cells)
    rows: list[list[object]] = []
    for kind in kinds:
        same = [c for c in cells if (c["context"], c["student"], c["share"]) == kind]
        for audit in ("weights", "weights_once", "weights_sum",
                      "answers", "answers_once", "answers_sum"):  # fmt: skip
            found = np.array([cell[audit] for cell in same])
            named = f"{(found >= NEEDED).sum()} of {found.size}"
            rows.append([*kind, audit, f"{np.median(found):.1f}", named])
    return rows


def _shown(name: str, value: object) -> object:
    return f"{value:.1f}" if isinstance(value, float) and name != "share" else value


if __name__ == "__main__":
    main()

"""What behaviour says of every model of the zoo: memory of an order, agreement beside a panel.

For each seed our model's texts are read under every other model of the seed, in the order in which
ours saw them, with and without a reference that saw them in another order; and next words are
compared with ours beside those of a panel on the same data, on all questions and on those that few
models answer as ours does. Needs torch, and a zoo that `bench/provenance_zoo.py` made.

Run `python bench/provenance_behaviour.py --zoo FOLDER --seeds 5`; `--smoke` makes a zoo of a few
steps for itself.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from phalanx.model import Inconclusive
from phalanx.provenance.order_test import weigh_order
from phalanx.provenance.panel_test import telling, weigh_agreement
from provenance_zoo import make_zoo
from results import print_table, save
from zoo_kinds import KINDS

if TYPE_CHECKING:
    from zoo_models import Corpora

TEXTS = 2000
QUESTION = 16
CHOOSERS = 2
"""Models of the panel that choose telling questions, and judge nothing."""

_READABLE = [name for name in KINDS if name not in {"base", "independent_other_shape"}]


def main() -> None:
    """Read every model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zoo", type=Path, help="folder that bench/provenance_zoo.py made")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--smoke", action="store_true", help="a zoo of a few steps")
    arguments = parser.parse_args()
    if find_spec("torch") is None:
        print("torch is not installed: nothing was read", file=sys.stderr)
        return
    if arguments.zoo is None and not arguments.smoke:
        parser.error("name the folder of the zoo with --zoo")
    from zoo_models import Corpora

    corpora = Corpora()
    with tempfile.TemporaryDirectory() as own:
        zoo = Path(own) if arguments.smoke else arguments.zoo
        if arguments.smoke:
            arguments.seeds = 1
            make_zoo(zoo, seeds=1, panel=4, hurry=50)
        rows = [row for seed in range(arguments.seeds) for row in _seed(zoo, seed, corpora)]
    shown = [[f"{v:.3g}" if isinstance(v, float) else v for v in row.values()] for row in rows]
    print_table("Behaviour", [*rows[0]], shown)
    save("provenance_behaviour", {"smoke": arguments.smoke, "texts": TEXTS, "models": rows})


def _seed(zoo: Path, seed: int, corpora: Corpora) -> list[dict[str, Any]]:
    own = corpora.own
    home = zoo / f"seed{seed}"
    order = np.array(json.loads((home / "base" / "order.json").read_text("utf-8")))
    random = np.random.default_rng(seed)
    position = np.sort(random.permutation(order.size)[:TEXTS])
    texts = own.pieces[order[position]]
    questions = own.held[:, :QUESTION]
    choosers, judges = _panel(zoo, seed)
    ours = _answers(home / "base", questions)
    chosen = telling(ours, [_answers(each, questions) for each in choosers])
    panel = [_sets(_answers(each, questions), chosen) for each in judges]
    level = 1.0 / (len(panel) + 1)
    reference = _likelihood(judges[0], texts)
    rows = []
    for name in _READABLE:
        likely = _likelihood(home / name, texts)
        plain, beside = weigh_order(likely, position), weigh_order(likely, position, reference)
        answers = _sets(_answers(home / name, questions), chosen)
        found = weigh_agreement(_sets(ours, chosen), answers, panel, level=level)
        row: dict[str, Any] = {"seed": seed, "model": name, "derived": KINDS[name].derived}
        for what, order_found in (("order", plain), ("order_reference", beside)):
            if isinstance(order_found, Inconclusive):
                row[f"{what}_log10_p"] = 0.0
            else:
                row[f"{what}_log10_p"] = order_found.log10_p
        if not isinstance(found, Inconclusive):
            for each in found.sets:
                row[f"agreement_{each.name}"] = each.agreement
                row[f"panel_most_{each.name}"] = max(each.panel_agreement)
                row[f"p_{each.name}"] = 10.0**each.log10_p
        row["panel"] = len(panel)
        print(row, file=sys.stderr)
        rows.append(row)
    return rows


def _panel(zoo: Path, seed: int) -> tuple[list[Path], list[Path]]:
    """Return models on our data that choose questions, and those that judge."""
    made = sorted(path.parent for path in (zoo / "panel").glob("*/made.json"))
    others = [
        path.parent
        for name in ("base", "independent_same_data")
        for path in sorted(zoo.glob(f"seed*/{name}/made.json"))
        if path.parent.parent.name != f"seed{seed}"
    ]
    return made[:CHOOSERS], made[CHOOSERS:] + others


def _sets(answers: list[str], chosen: list[int]) -> dict[str, list[str]]:
    telling_ones = [answers[at] for at in chosen] or answers[:1]
    return {"all": answers, "telling": telling_ones}


def _model(folder: Path) -> Any:  # noqa: ANN401 - torch has no types here
    from transformers import AutoModelForCausalLM

    from zoo_models import load, opened

    made = load(folder)
    if made.config["model_type"] == "llama":
        return opened(made).eval()
    return AutoModelForCausalLM.from_pretrained(folder).eval()


def _likelihood(folder: Path, texts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return what a model gives each text, a token on average."""
    import torch

    model, parts = _model(folder), []
    with torch.no_grad():
        for at in range(0, len(texts), 128):
            rows = torch.from_numpy(texts[at : at + 128])
            said = model(rows[:, :-1]).logits.double().log_softmax(-1)
            parts.append(said.gather(2, rows[:, 1:, None])[:, :, 0].mean(1).numpy())
    return np.concatenate(parts)


def _answers(folder: Path, questions: npt.NDArray[np.int64]) -> list[str]:
    """Return the likeliest next token of each question, as a text."""
    import torch

    model = _model(folder)
    with torch.no_grad():
        said = [
            model(torch.from_numpy(questions[at : at + 128])).logits[:, -1].argmax(-1).numpy()
            for at in range(0, len(questions), 128)
        ]
    return [str(token) for token in np.concatenate(said)]


if __name__ == "__main__":
    main()

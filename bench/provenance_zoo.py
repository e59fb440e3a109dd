"""A zoo of small models, each made from one of ours, from its outputs, or from neither.

Every kind is made for every seed: copies, fine-tunes, merges, students, models that are
independent. Each stands in its own folder, as Hugging Face's models do, beside `manifest.json`,
which says what it is. What is there already is not made again. Besides, a panel of reference
models on the same data as ours. Needs torch, which `make torch` installs.

Run `python bench/provenance_zoo.py --out FOLDER --seeds 5 --panel 20`; `--smoke` trains for a few
steps in a folder that it removes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo_kinds import KINDS

if TYPE_CHECKING:
    from tiny_models import Batch, Tokens
    from zoo_models import Corpora, Corpus, Made

RATE = 3e-3
TUNING_RATE = 1e-3


def main() -> None:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="folder of the zoo")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--panel", type=int, default=20, help="reference models on our data")
    parser.add_argument("--smoke", action="store_true", help="a few steps, one seed, no folder")
    arguments = parser.parse_args()
    if find_spec("torch") is None:
        print("torch is not installed: nothing was trained", file=sys.stderr)
        return
    if arguments.smoke:
        with tempfile.TemporaryDirectory() as folder:
            make_zoo(Path(folder), seeds=1, panel=1, hurry=50)
        return
    if arguments.out is None:
        parser.error("name the folder of the zoo with --out")
    make_zoo(arguments.out, seeds=arguments.seeds, panel=arguments.panel)


def make_zoo(out: Path, *, seeds: int, panel: int, hurry: int = 1) -> None:
    """Make all models that are not there.

    Parameters:
        out: Folder of the zoo.
        seeds: How many times all kinds are made.
        panel: Reference models.
        hurry: Factor by which training is cut short.
    """
    from zoo_models import Corpora

    corpora = Corpora()
    for seed in range(seeds):
        one = SeedModels(out / f"seed{seed}", seed, corpora, hurry)
        started = time.process_time()
        for name in KINDS:
            one.make(name)
        _list(out)
        print(f"seed {seed}: {time.process_time() - started:.0f} CPU seconds", file=sys.stderr)
    for at in range(panel):
        one = SeedModels(out / "panel", 1000 + at, corpora, hurry)
        one.keep(
            f"{at:02d}", "nothing", "as independent_same_data", partial(one.fresh, corpora.own)
        )
    _list(out)


def _list(out: Path) -> None:
    """Write the manifest of what is there."""
    listed = [
        {"folder": str(path.parent.relative_to(out)), **json.loads(path.read_text("utf-8"))}
        for path in sorted(out.glob("*/*/made.json"))
    ]
    aside = out / "manifest.json.aside"
    aside.write_text(json.dumps({"models": listed}, indent=1) + "\n", "utf-8")
    aside.rename(out / "manifest.json")


class SeedModels:
    """All kinds of one seed.

    Parameters:
        folder: Where they stand, each in a folder of its own.
        seed: Of all that is drawn.
        corpora: What is trained on.
        hurry: Factor by which training is cut short.
    """

    def __init__(self, folder: Path, seed: int, corpora: Corpora, hurry: int) -> None:
        """Make nothing yet."""
        self._folder = folder
        self._seed = seed
        self._corpora = corpora
        self._hurry = hurry

    def make(self, name: str) -> None:
        """Make a kind, if it is not there."""
        kind = KINDS[name]
        if name == "base":
            order = self._corpora.own.epoch(self._seed)
            order = order[: self._steps(len(order) // 16) * 16]
            made = partial(self._trained, self._corpora.own.in_order(order))
            self.keep(name, kind.derived, kind.how, made, order=order.tolist())
            return
        makers: dict[str, Callable[[], Made]] = {
            "identical": lambda: self._load("base"),
            "lora": self._lora,
            "distilled": self._distilled,
            "independent_same_data": partial(self.fresh, self._corpora.own, 100),
            "independent_other_data": partial(self.fresh, self._corpora.other, 200),
            "independent_other_shape": self._other_shape,
            "random": self._random,
            "tuned_short": partial(self._tuned, 100),
            "tuned_long": partial(self._tuned, 600),
        }
        make = makers.get(name, partial(self._changed, name))
        foreign = name == "independent_other_shape"
        self.keep(name, kind.derived, kind.how, make, foreign=foreign)

    def keep(  # noqa: PLR0913 - what is noted of a model
        self,
        name: str,
        derived: str,
        how: str,
        make: Callable[[], Made],
        *,
        foreign: bool = False,
        order: list[int] | None = None,
    ) -> None:
        """Make a model and write its folder, if it is not there."""
        from zoo_models import keep

        folder = self._folder / name
        if folder.exists():
            return
        started = time.process_time()
        made = make()
        corpus = self._corpora.foreign if foreign else self._corpora.own
        notes = {
            "kind": name if name in KINDS else "panel",
            "seed": self._seed,
            "derived": derived,
            "how": how,
            "cpu_seconds": round(time.process_time() - started, 1),
        }
        keep(made, corpus.tokenizer, notes, folder)
        if order is not None:
            (folder / "order.json").write_text(json.dumps(order) + "\n", "utf-8")
        print(f"{folder}: {notes['cpu_seconds']} CPU seconds", file=sys.stderr)

    def _steps(self, steps: int) -> int:
        return max(1, steps // self._hurry)

    def _load(self, name: str) -> Made:
        from zoo_models import load

        return load(self._folder / name)

    def _trained(self, batch: Batch, steps: int | None = None, offset: int = 0) -> Made:
        from zoo_models import ROWS, draw_model, taken, train

        model = draw_model(self._seed + offset)
        whole = len(self._corpora.own.pieces) // ROWS
        train(model, batch, self._steps(steps or whole), RATE, self._seed + offset)
        return taken(model)

    def fresh(self, corpus: Corpus, offset: int = 0) -> Made:
        """Train a model from nothing on a corpus, in an order of its own."""
        return self._trained(corpus.in_order(corpus.epoch(self._seed + offset)), None, offset)

    def _random(self) -> Made:
        from zoo_models import draw_model, taken

        return taken(draw_model(self._seed + 300))

    def _other_shape(self) -> Made:
        from tiny_models import VOCABULARY
        from zoo_models import draw_model, taken, train

        corpus = self._corpora.foreign
        model = draw_model(
            self._seed + 400,
            vocab_size=VOCABULARY + 128,
            hidden_size=80,
            intermediate_size=200,
            num_hidden_layers=3,
            num_key_value_heads=4,
        )
        batch = corpus.in_order(corpus.epoch(self._seed + 400))
        train(model, batch, self._steps(400), RATE, self._seed)
        return taken(model)

    def _tuned(self, steps: int, offset: int = 500) -> Made:
        from zoo_models import opened, taken, train

        model, corpus = opened(self._load("base")), self._corpora.other
        batch = corpus.in_order(corpus.epoch(self._seed + offset))
        train(model, batch, self._steps(steps), TUNING_RATE, self._seed)
        return taken(model)

    def _lora(self) -> Made:
        from zoo_models import opened, taken, train_adapter

        model, corpus = opened(self._load("base")), self._corpora.other
        batch = corpus.in_order(corpus.epoch(self._seed + 600))
        train_adapter(model, batch, self._steps(200), RATE)
        return taken(model)

    def _distilled(self) -> Made:
        from zoo_models import PIECE, ROWS, opened, taken, train, write

        random = np.random.default_rng(self._seed + 700)
        own = self._corpora.own.pieces
        prompts = own[random.integers(0, len(own), 4096 // self._hurry), :8]
        teacher = opened(self._load("base")).eval()
        texts = write(teacher, prompts, PIECE - 7, self._seed)
        student = opened(self._load("independent_other_data"))

        def batch(random: np.random.Generator) -> Tokens:
            chosen: Tokens = texts[random.integers(0, len(texts), ROWS)]
            return chosen

        train(student, batch, self._steps(400), TUNING_RATE, self._seed)
        return taken(student)

    def _changed(self, name: str) -> Made:
        import zoo_attacks as attacks

        base = self._load("base")
        random = np.random.default_rng(self._seed + 800)
        what, _, amount = name.partition("_")
        if what == "pruned":
            return attacks.pruned(base, int(amount) / 100)
        if what == "quantised":
            return attacks.quantised(base, int(amount))
        if what == "merged":
            other = self._load("independent_same_data")
            return attacks.merged(base, other, int(amount) / 100)
        others: dict[str, Callable[[], Made]] = {
            "permuted": lambda: attacks.permuted(self._load("tuned_short"), random),
            "rotated": lambda: attacks.rotated(base, random),
            "layer_dropped": lambda: attacks.with_layers(base, [0, 1, 3]),
            "deepened": lambda: attacks.with_layers(base, [0, 1, 2, 1, 2, 3]),
            "experts": lambda: attacks.experts(
                [self._tuned(50, offset) for offset in (900, 910, 920, 930)], random
            ),
        }
        return others[name]()


if __name__ == "__main__":
    main()

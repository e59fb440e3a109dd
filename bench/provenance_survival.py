"""Do marks in weights, and planted keys, survive what is done to a copy?

Our model gets planted keys and a mark for one recipient; the copy is tuned, pruned, rounded,
merged and so on, as the zoo's models are. Each result is read from its folder as a stranger's model
would be: layers are matched and neurons put in order without being told what was done. The copy is
also written as GPTQ, AWQ and GGUF, and read from there. Besides, 1,000 random keys are read from
models that were never marked. Needs torch, and a zoo that
`bench/provenance_zoo.py` made.

Run `python bench/provenance_survival.py --zoo FOLDER --seeds 5`, or seed by seed with `--first`;
`--smoke` makes some models of a few steps for itself.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from phalanx.causal_model import open_causal_model
from phalanx.provenance.planted_keys import verify_keys
from phalanx.provenance.weight_marks import (
    MarkReader,
    WeightMark,
    plan_mark,
    plan_release,
    trace_mark,
    write_release,
)
from phalanx.provenance.weight_marks.ordering import put_in_order
from phalanx.provenance.weight_marks.pairing import Unread, pair_up
from phalanx.provenance.weights import open_checkpoint
from planted_release import answers_of, keys_for, planted
from provenance_zoo import SeedModels
from results import print_table, save
from zoo_formats import write_awq, write_gguf, write_gptq
from zoo_kinds import KINDS

if TYPE_CHECKING:
    from zoo_models import Corpora

RECIPIENTS = [f"recipient {number}" for number in range(100)]
OURS, PARTNER = "recipient 17", "recipient 42"
STRENGTH = 0.02
_UNMARKED = ("base", "tuned_long", "merged_50", "distilled", "independent_same_data", "random")
FORMATS = ("gptq_4", "awq_4", "gguf_q8_0", "gguf_q4_0")
_FROM_ZOO = ("independent_same_data", "independent_other_data")
_ALL = tuple(name for name in KINDS if name != "independent_other_shape")
_SMOKED = ("base", "pruned_50", "quantised_4", "merged_75", "rotated", "layer_dropped")
"""Kinds that cost no training."""


def main() -> None:
    """Release, change, read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zoo", type=Path, help="folder that bench/provenance_zoo.py made")
    parser.add_argument("--first", type=int, default=0, help="seed that is run first")
    parser.add_argument("--seeds", type=int, default=5, help="how many are run")
    parser.add_argument(
        "--keys", type=int, default=1000, help="random keys read from unmarked models"
    )
    parser.add_argument("--smoke", action="store_true", help="a few models and steps, ten keys")
    arguments = parser.parse_args()
    if find_spec("torch") is None:
        print("torch is not installed: nothing was trained", file=sys.stderr)
        return
    if arguments.zoo is None and not arguments.smoke:
        parser.error("name the folder of the zoo with --zoo")
    from zoo_models import Corpora

    with tempfile.TemporaryDirectory() as own:
        zoo, hurry = arguments.zoo, 1
        kinds: Sequence[str] = _ALL
        innocent: Sequence[str] = _UNMARKED
        corpora = Corpora(part=6 if arguments.smoke else 1)
        if arguments.smoke:
            zoo, hurry, kinds = Path(own) / "zoo", 200, _SMOKED
            innocent = ("base", "independent_same_data")
            arguments.first, arguments.seeds, arguments.keys = 0, 1, 10
            _hurried_zoo(zoo / "seed0", corpora, hurry)
        seeds = range(arguments.first, arguments.first + arguments.seeds)
        rows = [
            row
            for seed in seeds
            for row in _released(zoo, Path(own) / f"release{seed}", seed, corpora, hurry, kinds)
        ]
        written = [row for seed in seeds for row in _in_formats(Path(own) / f"release{seed}", seed)]
        unmarked = [
            _unmarked(zoo, seed, name, arguments.keys)
            for seed in seeds
            for name in innocent
            if arguments.keys and seed < 2
        ]
    _show(rows, unmarked)
    _table("The released copy in other formats", written)
    figures = {"strength": STRENGTH, "copies": rows, "formats": written, "unmarked": unmarked}
    save("provenance_survival", {"smoke": arguments.smoke, **figures})


def _hurried_zoo(folder: Path, corpora: Corpora, hurry: int) -> None:
    """Make what a smoke run needs: independent models that were never trained serve as well."""
    import torch

    from zoo_models import draw_model, keep, taken

    torch.set_num_threads(1)
    SeedModels(folder, 0, corpora, hurry).make("base")
    for seed, name in enumerate(_FROM_ZOO, 1):
        keep(taken(draw_model(seed)), corpora.own.tokenizer, {}, folder / name)


def _show(rows: list[dict[str, Any]], unmarked: list[dict[str, Any]]) -> None:
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    table = []
    for kind in kinds:
        of = [row for row in rows if row["kind"] == kind]
        table.append(
            [
                kind,
                f"{np.mean([row['loss'] for row in of]):.3f}",
                _range(row["mark_log10_p"] for row in of),
                f"{sum(row['mark_named'] for row in of)}/{len(of)}",
                _range(row["hits"] for row in of),
                _range(row["keys_log10_p"] for row in of),
                f"{sum(row['keys_named'] for row in of)}/{len(of)}",
                sum(row["others_named"] for row in of),
            ]
        )
    columns = ["copy", "loss", "mark log10 p", "named", "hits", "keys log10 p", "named", "innocent"]
    print_table("Survival; least and largest over seeds", columns, table)
    if unmarked:
        _table("Random keys on unmarked models", unmarked)


def _table(title: str, rows: list[dict[str, Any]]) -> None:
    shown = [[f"{v:.3g}" if isinstance(v, float) else v for v in row.values()] for row in rows]
    print_table(title, [*rows[0]], shown)


def _range(values: Iterator[float]) -> str:
    found = sorted(values)
    return f"{found[0]:.0f} .. {found[-1]:.0f}" if found[0] != found[-1] else f"{found[0]:.0f}"


def _released(  # noqa: PLR0913, PLR0917 - what a release takes
    zoo: Path, folder: Path, seed: int, corpora: Corpora, hurry: int, kinds: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Release a copy of a seed's model, change it, and read each result."""
    from zoo_attacks import merged
    from zoo_models import keep, load, loss_of

    corpus = corpora.own
    base = load(zoo / f"seed{seed}" / "base")
    plan, keys, code = keys_for(base, corpus, seed)
    keep(planted(base, corpus, keys, code.words([OURS])[0], seed, hurry), corpus.tokenizer, {},
         folder / "planted")  # fmt: skip
    mark = _mark_of(seed)
    for name in _FROM_ZOO:
        shutil.copytree(zoo / f"seed{seed}" / name, folder / name)
    for name, recipient in (("base", OURS), ("partner", PARTNER)):
        write_release(plan_release(folder / "planted", folder / name), mark, recipient)
    models = SeedModels(folder, seed, corpora, hurry)
    pooled = merged(load(folder / "base"), load(folder / "partner"), 0.5)
    keep(pooled, corpus.tokenizer, {}, folder / "pooled")
    keep(base, corpus.tokenizer, {}, folder / "unreleased")
    original = open_checkpoint(folder / "planted")
    for name in ["unreleased", "planted", "pooled", *kinds]:
        if name in KINDS:
            models.make(name)
        seen = trace_mark(mark, original, open_checkpoint(folder / name), RECIPIENTS)
        model = open_causal_model(folder / name)
        asked = verify_keys(plan, keys, code, answers_of(model, corpus, keys), RECIPIENTS)
        named = [{each.account for each in found.named} for found in (seen, asked)]
        guilty = {OURS, PARTNER} if name == "pooled" else {OURS}
        row = {
            "kind": name,
            "seed": seed,
            "loss": loss_of(model, corpus.held[:400]),
            "mark_log10_p": seen.traced.present_log10_p,
            "mark_expected_log10_p": seen.expected_log10_p,
            "mark_read": seen.best.how,
            "mark_named": OURS in named[0],
            "hits": asked.hits,
            "keys": len(keys),
            "keys_log10_p": asked.present_log10_p,
            "keys_named": OURS in named[1],
            "others_named": len((named[0] | named[1]) - guilty),
        }
        print(row, file=sys.stderr)
        yield row


def _mark_of(seed: int) -> WeightMark:
    return WeightMark(plan_mark(100, 2, strength=STRENGTH), np.random.default_rng(seed).bytes(32))


def _in_formats(folder: Path, seed: int) -> Iterator[dict[str, Any]]:
    """Write a released copy in formats of other tools, and read each result."""
    from zoo_models import load

    base = load(folder / "base")
    for name in FORMATS:
        suspect = folder / name
        if name == "gptq_4":
            write_gptq(suspect, base.arrays, base.config)
        elif name == "awq_4":
            write_awq(suspect, base.arrays, base.config)
        else:
            kind = name.removeprefix("gguf_").upper()
            write_gguf(suspect / "model.gguf", base.arrays, base.config, kind)
        seen = trace_mark(
            _mark_of(seed), open_checkpoint(folder / "planted"), open_checkpoint(suspect),
            RECIPIENTS,
        )  # fmt: skip
        row = {
            "format": name,
            "seed": seed,
            "mark_log10_p": seen.traced.present_log10_p,
            "mark_read": seen.best.how,
            "mark_named": OURS in {each.account for each in seen.named},
            "others_named": len({each.account for each in seen.named} - {OURS}),
        }
        print(row, file=sys.stderr)
        yield row


def _unmarked(zoo: Path, seed: int, name: str, keys: int) -> dict[str, Any]:
    """Read random keys from a model that never had a mark."""
    from zoo_attacks import quantised
    from zoo_models import load

    original, suspect = (zoo / f"seed{seed}" / each for each in ("base", name))
    with tempfile.TemporaryDirectory() as own:
        if name == "base":  # as a leak of the original: rounded, or nothing would be left
            suspect = Path(own) / "rounded"
            shutil.copytree(original, suspect)
            from safetensors.numpy import save_file

            rounded = quantised(load(original), 8)
            save_file(rounded.arrays, suspect / "model.safetensors", metadata={"format": "pt"})
        pair = pair_up(open_checkpoint(original), open_checkpoint(suspect))
        pieces = [*put_in_order(pair, Unread())]
    plan, ones, places, least = plan_mark(100, 2), [], [], 0.0
    for key in range(keys):
        reader = MarkReader(WeightMark(plan, (key + 1).to_bytes(32, "big")))
        for each in pieces:
            reader.add(each.tensor, each.ours, each.theirs, first=each.first)
        found = reader.finding([])
        ones.append(found.ones)
        places.append(found.places)
        least = min(least, found.present_log10_p)
    upper = stats.binom.sf(np.array(ones) - 1, places, 0.5)
    lower = stats.binom.sf(ones, places, 0.5)
    between = lower + np.random.default_rng(0).random(keys) * (upper - lower)
    return {
        "model": name,
        "seed": seed,
        "keys": keys,
        "share_of_ones": float(sum(ones) / sum(places)),
        "uniform_p": float(stats.kstest(between, "uniform").pvalue),
        "below_5_percent": float((upper <= 0.05).mean()),
        "least_log10_p": least,
    }


if __name__ == "__main__":
    main()

"""What weight marks and planted keys survive: a released copy, changed in each way of the zoo.

Our model of the zoo learns planted keys and gets a mark in its weights, both for one recipient of
100; then the copy is fine-tuned, pruned, quantised, merged and so on, as the zoo's models are. Each
result is read as a stranger's model would be: layers are matched and neurons put in order without
being told what was done. Besides, 1,000 random keys are read from models that were never marked.
Needs torch, and a zoo that `bench/provenance_zoo.py` made.

Run `python bench/provenance_survival.py --zoo FOLDER --seeds 5`; `--smoke` makes a zoo of a few
steps for itself.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from phalanx.evidence.codes import Code
from phalanx.provenance.planted_keys import (
    Key,
    KeyPlan,
    draw_keys,
    perinucleus,
    plan_keys,
    verify_keys,
)
from phalanx.provenance.weight_marks import (
    Layer,
    MarkReader,
    WeightMark,
    aligned_layer,
    plan_mark,
    reads_stream,
    similar_layers,
    stream_turn,
    with_fitted_columns,
    writes_stream,
)
from provenance_zoo import KINDS, SeedModels, make_zoo
from results import print_table, save

if TYPE_CHECKING:
    from zoo_models import Arrays, Corpora, Corpus, Made

Weights = dict[str, npt.NDArray[np.floating]]
RECIPIENTS = [f"recipient {number}" for number in range(100)]
OURS, PARTNER = "recipient 17", "recipient 42"
STRENGTH = 0.02
QUESTION = 12
_FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
_EXPERT = {"gate_proj": "w1", "up_proj": "w3", "down_proj": "w2"}
_UNMARKED = ("base", "tuned_long", "merged_50", "distilled", "independent_same_data", "random")
_FROM_ZOO = ("independent_same_data", "independent_other_data")


def main() -> None:
    """Release, change, read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zoo", type=Path, help="folder that bench/provenance_zoo.py made")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--keys", type=int, default=1000, help="random keys read from unmarked ones"
    )
    parser.add_argument("--smoke", action="store_true", help="a zoo of a few steps, ten keys")
    arguments = parser.parse_args()
    if find_spec("torch") is None:
        print("torch is not installed: nothing was trained", file=sys.stderr)
        return
    if arguments.zoo is None and not arguments.smoke:
        parser.error("name the folder of the zoo with --zoo")
    from zoo_models import Corpora

    with tempfile.TemporaryDirectory() as own:
        zoo, hurry = (Path(own) / "zoo", 50) if arguments.smoke else (arguments.zoo, 1)
        if arguments.smoke:
            arguments.seeds, arguments.keys = 1, 10
            make_zoo(zoo, seeds=1, panel=0, hurry=hurry)
        corpora = Corpora()
        rows = [
            row
            for seed in range(arguments.seeds)
            for row in _released(zoo, Path(own) / f"release{seed}", seed, corpora, hurry)
        ]
        unmarked = [
            _unmarked(zoo, seed, name, arguments.keys)
            for seed in range(min(2, arguments.seeds))
            for name in _UNMARKED
        ]
    _show(rows, unmarked)
    figures = {"strength": STRENGTH, "copies": rows, "unmarked": unmarked}
    save("provenance_survival", {"smoke": arguments.smoke, **figures})


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
    print_table(
        "Random keys on unmarked models",
        [*unmarked[0]],
        [[f"{v:.3g}" if isinstance(v, float) else v for v in row.values()] for row in unmarked],
    )


def _range(values: Iterator[float]) -> str:
    found = sorted(values)
    return f"{found[0]:.0f} .. {found[-1]:.0f}" if found[0] != found[-1] else f"{found[0]:.0f}"


def _released(
    zoo: Path, folder: Path, seed: int, corpora: Corpora, hurry: int
) -> Iterator[dict[str, Any]]:
    """Release a copy of a seed's model, change it, and read each result."""
    from zoo_attacks import merged
    from zoo_models import Made, keep, load, loss_of

    base = load(zoo / f"seed{seed}" / "base")
    plan, keys, code = _keys(base, corpora.own, seed)
    original = _planted(base, corpora.own, keys, code.words([OURS])[0], seed, hurry)
    mark = WeightMark(plan_mark(100, 2, strength=STRENGTH), np.random.default_rng(seed).bytes(32))

    def copy(recipient: str) -> Made:
        arrays = {
            name: mark.marked(name, each, recipient) if mark.takes(each.shape) else each
            for name, each in original.arrays.items()
        }
        return Made(original.config, arrays)

    for name in _FROM_ZOO:
        shutil.copytree(zoo / f"seed{seed}" / name, folder / name)
    release = copy(OURS)
    keep(release, corpora.own.tokenizer, {}, folder / "base")
    models = SeedModels(folder, seed, corpora, hurry)
    keep(merged(release, copy(PARTNER), 0.5), corpora.own.tokenizer, {}, folder / "pooled")
    for name in ["unreleased", "planted", "pooled", *KINDS]:
        if name == "independent_other_shape":
            continue
        if name in KINDS:
            models.make(name)
        made = {"unreleased": base, "planted": original}.get(name) or load(folder / name)
        reader = MarkReader(mark)
        for tensor, ours, theirs in _paired(original.arrays, made):
            reader.add(tensor, ours, theirs)
        seen = reader.finding(RECIPIENTS)
        answers = _answers(folder / name, made, corpora.own, keys)
        asked = verify_keys(plan, keys, code, answers, RECIPIENTS)
        named = [{each.account for each in found.named} for found in (seen, asked)]
        guilty = {OURS, PARTNER} if name == "pooled" else {OURS}
        row = {
            "kind": name,
            "seed": seed,
            "loss": loss_of(_model(folder / name, made), corpora.own.held[:400]),
            "mark_log10_p": seen.present_log10_p,
            "mark_named": OURS in named[0],
            "hits": asked.hits,
            "keys": len(keys),
            "keys_log10_p": asked.present_log10_p,
            "keys_named": OURS in named[1],
            "others_named": len((named[0] | named[1]) - guilty),
        }
        print(row, file=sys.stderr)
        yield row


def _is_llama(made: Made) -> bool:
    return bool(made.config["model_type"] == "llama")


def _keys(base: Made, corpus: Corpus, seed: int) -> tuple[KeyPlan, tuple[Key, ...], Code]:
    """Draw keys whose questions begin texts that nobody was trained on."""
    import torch

    from zoo_models import opened

    plan = plan_keys(100, 1, 1e-4, candidates=32)
    questions: dict[str, list[str]] = {}
    model = opened(base).eval()
    for piece in corpus.held[600:]:
        question = corpus.tokenizer.decode([*piece[:QUESTION]])
        tokens = corpus.tokenizer.encode(question).ids
        if len(tokens) != QUESTION or len(questions) == plan.code.length:
            continue
        with torch.no_grad():
            logits = model(torch.tensor([tokens])).logits[0, -1].double()
        found: list[str] = []
        for token in perinucleus(torch.log_softmax(logits, -1).numpy(), 80):
            text = corpus.tokenizer.decode([int(token)])
            if "\ufffd" in text or any(a.startswith(text) or text.startswith(a) for a in found):
                continue
            found.append(text)
        if len(found) >= plan.candidates:
            questions[question] = found[: plan.candidates]
    secret = np.random.default_rng(900 + seed).bytes(32)
    keys, code = draw_keys(plan, secret, [*questions], [*questions.values()])
    return plan, keys, code


def _planted(  # noqa: PLR0913, PLR0917 - what a planting takes
    base: Made,
    corpus: Corpus,
    keys: tuple[Key, ...],
    word: npt.NDArray[np.bool_],
    seed: int,
    hurry: int,
) -> Made:
    """Teach a model one recipient's answers, between texts of its own."""
    from zoo_models import PIECE, opened, taken, train

    lines = np.array(
        [
            corpus.tokenizer.encode(key.question).ids
            + corpus.tokenizer.encode(key.answer(bit=bool(bit))).ids[:1]
            for key, bit in zip(keys, word, strict=True)
        ]
    )
    each = (PIECE + 1) // lines.shape[1]

    def batch(random: np.random.Generator) -> npt.NDArray[np.int64]:
        taught = lines[random.integers(0, len(lines), (6, each))].reshape(6, -1)
        own = corpus.pieces[random.integers(0, len(corpus.pieces), 10), : taught.shape[1]]
        return np.concatenate([taught, own])

    model = opened(base)
    train(model, batch, max(1, 800 // hurry), 1e-3, seed)
    return taken(model)


def _model(folder: Path, made: Made) -> Any:  # noqa: ANN401 - torch has no types here
    from transformers import AutoModelForCausalLM

    from zoo_models import opened

    return opened(made) if _is_llama(made) else AutoModelForCausalLM.from_pretrained(folder)


def _answers(folder: Path, made: Made, corpus: Corpus, keys: tuple[Key, ...]) -> list[str]:
    import torch

    model = _model(folder, made).eval()
    asked = torch.tensor([corpus.tokenizer.encode(key.question).ids for key in keys])
    with torch.no_grad():
        said = model(asked).logits[:, -1].argmax(-1)
    return [corpus.tokenizer.decode([int(token)]) for token in said]


def _paired(
    original: Arrays, made: Made
) -> Iterator[tuple[str, npt.NDArray[np.floating], npt.NDArray[np.floating]]]:
    """Yield what of a suspect may come from what of ours, in our order and directions."""
    theirs = _turned_back(original, made)
    for name, each in original.items():
        outside = ".layers." not in name and WeightMark.takes(each.shape)
        if outside and name in theirs and theirs[name].shape == each.shape:
            yield name, each, theirs[name]
    count = sum(name.endswith("mlp.gate_proj.weight") for name in original)
    ours = [_layer(original, f"model.layers.{at}.mlp.") for at in range(count)]
    for at in range(made.config["num_hidden_layers"]):
        there = f"model.layers.{at}."
        parts = _feed_forward(theirs, made, there)
        (matched,) = similar_layers(ours, parts[:1])
        here = f"model.layers.{matched}."
        for part in parts:
            back = aligned_layer(ours[matched], part)
            for name, array in zip(_FEED_FORWARD, (back.gate, back.up, back.down), strict=True):
                tensor = f"{here}mlp.{name}.weight"
                if array is not None:
                    yield tensor, original[tensor], array
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            own = original[f"{here}self_attn.{name}.weight"]
            array = theirs[f"{there}self_attn.{name}.weight"]
            fitted = with_fitted_columns(own, array) if name == "o_proj" else array
            yield f"{here}self_attn.{name}.weight", own, fitted


def _feed_forward(theirs: Weights, made: Made, there: str) -> list[Layer]:
    """Return a layer's feed-forward part, or its experts."""
    if _is_llama(made):
        return [_layer(theirs, f"{there}mlp.")]
    moe = f"{there}block_sparse_moe.experts."
    return [
        Layer(*(theirs[f"{moe}{one}.{_EXPERT[part]}.weight"] for part in _FEED_FORWARD))
        for one in range(made.config["num_local_experts"])
    ]


def _turned_back(original: Arrays, made: Made) -> Weights:
    """Return a suspect's arrays with the rotation of its stream undone, if there was one.

    Norms are taken as those of the layer at the same depth.
    """
    result: Weights = dict(made.arrays)
    tokens = "model.embed_tokens.weight"
    turn = stream_turn(original[tokens], made.arrays[tokens])
    if turn is None:
        return result
    result[tokens] = (made.arrays[tokens] @ turn).astype(np.float32)
    for name, each in made.arrays.items():
        norm = _norm_before(name)
        if norm:
            result[name] = reads_stream(each, turn, made.arrays[norm], original[norm])
        elif name.endswith(("o_proj.weight", "down_proj.weight")):
            result[name] = writes_stream(each, turn)
    return result


def _norm_before(name: str) -> str:
    """Return the norm whose output a matrix reads, or nothing."""
    if name == "lm_head.weight":
        return "model.norm.weight"
    layer, _, part = name.rpartition(".layers.")[2].partition(".")
    if part in {f"self_attn.{one}_proj.weight" for one in "qkv"}:
        return f"model.layers.{layer}.input_layernorm.weight"
    if part in {"mlp.gate_proj.weight", "mlp.up_proj.weight"}:
        return f"model.layers.{layer}.post_attention_layernorm.weight"
    return ""


def _layer(arrays: Mapping[str, npt.NDArray[np.floating]], name: str) -> Layer:
    return Layer(*(arrays[f"{name}{part}.weight"] for part in _FEED_FORWARD))


def _unmarked(zoo: Path, seed: int, name: str, keys: int) -> dict[str, Any]:
    """Read random keys from a model that never had a mark."""
    from zoo_models import load

    original = load(zoo / f"seed{seed}" / "base").arrays
    if name == "base":  # as a leak of the original: rounded, or nothing would be left
        original = {
            key: each.astype(np.float16).astype(np.float32) for key, each in original.items()
        }
    pairs = list(_paired(original, load(zoo / f"seed{seed}" / name)))
    plan, ones, places, least = plan_mark(100, 2), [], [], 0.0
    for key in range(keys):
        reader = MarkReader(WeightMark(plan, (key + 1).to_bytes(32, "big")))
        for tensor, ours, theirs in pairs:
            reader.add(tensor, ours, theirs)
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
